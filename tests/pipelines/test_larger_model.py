"""The larger model's nodes on tiny models, and what reporting makes of its answers: hand-made ones whose verdict is known."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_plans import shards_of

from stepscale.errors import InputError
from stepscale.estimators.flops_match import RATIOS
from stepscale.parameters import (
    GeneratorBlock,
    LargerBlock,
    LargerSettings,
    ProblemSource,
    ReportBlock,
    RevisionsBlock,
    SearchBlock,
)
from stepscale.pipelines.larger_model import nodes as part
from stepscale.revisions.grid import BY_VERIFIER, pool_lengths
from stepscale.search.plan import SearchPlan
from stepscale.studies.larger_model.figures import larger_part
from stepscale.studies.larger_model.measure import match_larger, settle_b7
from stepscale.studies.search.sample_costs import sample_costs
from stepscale.studies.strategies.accuracy import revision_accuracy, search_accuracy
from stepscale.studies.strategies.samples import SEARCH as SEARCHED
from stepscale.studies.strategies.samples import scored_grid, tabulate_samples

TEXTS = [f"{a}+{b}\n{a}+{b}={a + b}\n\\boxed{{{a + b}}}" for a in range(5) for b in range(5)]
SEARCH = SearchBlock.model_validate(
    {"samples": (counts := {"per_problem": 1, "problems_per_shard": 1}), "heldout_samples": counts}
)
BEAM = [{"method": "beam", "width": 4}]
PLAN = SearchPlan.model_validate({"problems": 20, "problems_per_shard": 10, "budgets": [4], "strategies": BEAM})
REVISIONS = RevisionsBlock.model_validate(
    {
        "fine_tuning": {},
        "training_chains": {"problems": 1, "chains": 1, "attempts": 1, "problems_per_shard": 1},
        "test": {"problems": 20, "problems_per_shard": 20},
        "budgets": [1, 2, 4, 8],
        "search": {"after": 2, "budgets": [4], "strategies": [{"method": "weighted"}]},
    }
)
REPORT = ReportBlock(budgets=(1, 2, 4, 8), bootstrap=100)
IDS = [f"test-{i:02d}" for i in range(20)]
EASY = np.arange(20) < 12  # bins 1 to 3
PLACES = 32


Matched = tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tiny model and one with another layer."""
    from tiny_models import save_tiny_llama

    folder = tmp_path_factory.mktemp("models")
    small = save_tiny_llama(folder / "small", TEXTS)
    return small, save_tiny_llama(folder / "large", TEXTS, num_hidden_layers=3)


@pytest.fixture(scope="module")
def generator(models: tuple[Path, Path]) -> GeneratorBlock:
    return GeneratorBlock.model_validate(
        {
            "base": str(models[0]),
            "prompt": "{problem}\n",
            "examples": "given",
            "samples_per_problem": 1,
            "sampling": {"max_new_tokens": 12},
            "fine_tuning": {"epochs": 1, "batch_size": 4},
            "placement": {"device": "cpu"},
        }
    )


def problems() -> pd.DataFrame:
    rows = [
        {"problem_id": f"{split}-{i:02d}", "problem": f"{i}+1", "answer": "1", "split": split, "level": 1}
        for split in ("train", "test")
        for i in range(20)
    ]
    return pd.DataFrame(rows).assign(solution=None, subject=None)


def samples(ids: list[str], right: Any) -> pd.DataFrame:
    """Solutions of eight tokens; ``right`` [problems, samples]."""
    rows = [
        {
            "problem_id": problem_id,
            "sample_id": k,
            "steps": [f"step {k}", "1" if good else str(2 + k % 3)],
            "tokens": list(range(9)),
            "step_ends": [3, 8],
            "answer": "1" if good else str(2 + k % 3),
            "is_correct": bool(good),
            "finish": "solution",
            "mean_logprob": -1.0,
            "generator": "g",
        }
        for problem_id, row in zip(ids, np.asarray(right, bool), strict=True)
        for k, good in enumerate(row)
    ]
    return pd.DataFrame(rows)


def test_fine_tuned_as_the_generator_is_and_asked_once_for_each_test_problem(
    models, generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = models
    block = LargerBlock(base=str(large), problems_per_shard=6)
    table = problems()
    tables = samples(list(table["problem_id"]), np.ones((40, 1)))
    file = {"path": "theirs.jsonl", "format": "prm800k"}
    source = ProblemSource.model_validate({"source": "files", "train": file, "test": file})
    monkeypatch.setattr("stepscale.formats.source.read_solutions", lambda *_: (tables, None))
    sizes = part.measure_sizes(small, block)
    examples = part.choose_larger_examples(table, sizes, source, generator, block, 0)
    assert set(examples["problem_id"]) == set(table["problem_id"][:20]), "training problems alone"
    assert sizes["larger"] > sizes["generator"] and sizes["size_ratio"] == sizes["larger"] / sizes["generator"]
    folder = part.fine_tune_larger(table, examples, generator, block, 0)
    assert json.loads((folder / "config.json").read_text())["num_hidden_layers"] == 3

    test = REVISIONS.test.model_copy(update={"problems": 10})
    settings = LargerSettings(
        generator=generator,
        larger=block,
        search=SEARCH,
        tree_search=PLAN.model_copy(update={"problems": 10}),
        revisions=REVISIONS.model_copy(update={"test": test}),
        seed=0,
    )
    plan = part.answer_greedily(folder, table, settings)
    assert [piece.size for piece in plan.pieces] == [6, 4]
    sampled = samples(IDS, np.ones((20, PLACES)))
    priced = part.price_answers(shards_of(plan), small, folder, table, sampled, settings)
    assert priced["problem_id"].tolist() == IDS[:10] and priced["is_correct"].notna().all()
    prompts = priced["prefill_tokens"].to_numpy()
    written = priced["tokens"].map(len).to_numpy() - 1
    assert priced["flops"].to_numpy() == pytest.approx(2 * sizes["larger"] * (prompts + written))
    assert priced["generation_flops"].to_numpy() == pytest.approx(2 * sizes["generator"] * (prompts + 8))
    bare = sampled.assign(tokens=[[]] * len(sampled))
    with pytest.raises(InputError, match="larger: the samples have no tokens"):
        part.price_answers(shards_of(plan), small, folder, table, bare, settings)


def test_its_own_fine_tuning_and_placement_take_the_place_of_the_generator_s(generator) -> None:
    assert LargerBlock(base="b").like(generator) == generator.model_copy(update={"base": "b"})
    block = LargerBlock.model_validate({"base": "b", "fine_tuning": {"epochs": 3}, "placement": {"dtype": "bfloat16"}})
    row = block.like(generator)
    assert row.fine_tuning and row.fine_tuning.epochs == 3 and row.placement.dtype == "bfloat16"


def test_a_smaller_model_is_refused_before_it_is_trained(models, generator) -> None:
    small, large = models
    with pytest.raises(InputError, match=r"larger\.base: .* fewer than the generator's"):
        part.measure_sizes(large, LargerBlock(base=str(small)))


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    """Samples and chains right on the easy problems alone, beams that are right everywhere; a larger model for the hard ones."""
    hard = np.tile(np.arange(PLACES) < 4, (8, 1))
    right = np.vstack([np.tile(np.arange(PLACES) < 24, (12, 1)), hard])
    sampled = samples(IDS, right)
    scores = sampled.assign(verifier="prm", negative=[[0.1 if ok else 0.6] * 2 for ok in sampled["is_correct"]])
    scores = scores.assign(neutral=[[0.0, 0.0]] * len(scores))[
        ["problem_id", "sample_id", "verifier", "negative", "neutral"]
    ]
    (_, _, beam), *_ = PLAN.runs
    searched = pd.DataFrame({"problem_id": IDS, "strategy": beam.strategy, "seed": 0, "budget": 4, "is_correct": True})
    costs = {
        "prefill_tokens": 5,
        "decode_tokens": 8,
        "verify_tokens": 8,
        "generator_flops": 80.0,
        "verifier_flops": 240.0,
    }
    places = count()  # of a problem's 20 attempts, which share nothing
    chains = [
        {
            "problem_id": i,
            "chain": c,
            "position": p,
            "steps": ["x"],
            "finish": "solution",
            "answer": "1" if good else "2",
            "is_correct": bool(good),
            "score": 0.9,
            "tokens_computed": 10,
            "flops": 100.0,
            "generator_tokens": 6,
            "generator_flops": 60.0,
            "write_place": (k := next(places)) % 20,
            "write_tokens": 6,
            "write_shared": 0,
            "read_place": k % 20,
            "read_tokens": 4,
            "read_shared": 0,
        }
        for i, good in zip(IDS, EASY, strict=True)
        for c, n in enumerate(pool_lengths(8))
        for p in range(n)
    ]
    table = pd.DataFrame(chains)
    table = table.assign(**{f"{name}_without_history": table[name] for name in BY_VERIFIER})
    answers = pd.DataFrame({"problem_id": IDS, "is_correct": ~EASY, "flops": 1000.0, "generation_flops": 26.0})
    return {
        "problems": problems(),
        "solutions": sampled,
        "scores": scores,
        "results": searched.assign(**costs),
        "costs": sample_costs(dict.fromkeys(IDS, 5), sampled, (1, 2, 4, 8, 16, 32), 1, 1),
        "revised": revision_accuracy(table, REVISIONS.budgets, 0),
        "answers": answers.astype({"is_correct": "boolean"}),
    }


def matched(recorded: dict[str, Any], size_ratio: float, plan: SearchPlan = PLAN) -> Matched:
    """Tables of searches and of revisions against the larger model."""
    tables = (recorded[name] for name in ("problems", "solutions", "scores"))
    samples = tabulate_samples(*tables, REPORT.score_aggregation, plan.score_aggregation)
    scored = scored_grid(samples, IDS, SEARCHED)
    searched = search_accuracy(scored, recorded["results"], recorded["costs"], plan)
    args = (samples, recorded["answers"], {"size_ratio": size_ratio}, REPORT, 0)
    return match_larger(searched, *args), match_larger(recorded["revised"], *args)


def together(tables: Matched, name: str) -> pd.DataFrame:
    return pd.concat([one[name] for one in tables], ignore_index=True)


def test_the_table_has_every_policy_bins_version_and_r(recorded) -> None:
    tables = matched(recorded, 4.0)
    table, curves, claims = (
        together(tables, "match"),
        together(tables, "curves"),
        settle_b7(together(tables, "quantities")),
    )
    assert len(table) == 2 * 2 * 2 * 2 * 6 * 3  # search, revisions; kinds of bins; versions; counts; bins and all; R
    assert {version: set(row["r"]) for version, row in table.groupby("version")} == {
        k: set(v) for k, v in RATIOS.items()
    }
    assert set(curves["bin"]) == {1, 2, 3, 4, 5} and curves.query("of == 'search'")["n"].max() == 32
    star = table.query(
        "of == 'revisions' and bins == 'oracle' and version == 'v1' and counted == 'generations' and r == 22"
    )
    by_bin = star.set_index("bin")
    assert by_bin.loc[1, ["small", "larger", "difference"]].tolist() == [1.0, 0.0, 1.0]
    assert by_bin.loc[5, ["small", "larger", "difference"]].tolist() == [0.0, 1.0, -1.0]
    assert by_bin.loc[0, "budget"] == pytest.approx(4 + 3 * 3 / 22) and not by_bin["beyond"].any()
    assert by_bin.loc[0, "flops"] == pytest.approx(by_bin.loc[0, "budget"] * 100)
    assert by_bin.loc[0, "verifier_flops"] == pytest.approx(0.4 * by_bin.loc[0, "flops"])
    assert (table["larger_flops"] == 1000).all()
    assert claims == [], "at R = 0.16 more is granted than was measured, so nothing is settled"


def test_the_claim_is_settled_where_one_policy_was_measured_throughout(recorded) -> None:
    (claim,) = settle_b7(together(matched(recorded, 2.0), "quantities"))
    # searches go up to 32, more than the 21 that R = 0.16 grants; of revisions, which go up to 8, R = 22 counts
    assert claim.id == "B7" and claim.status == "inconclusive" and claim.n_problems == 20 and claim.estimate < 0
    assert (
        "larger (M = 2.0) - small at R = 22" in claim.decided_by
    )  # the small one is right on 12 of 20, the larger on 8
    errors = [row.error for row in claim.quantities if row.decides]
    assert errors and None not in errors, "claims over several runs combine these"
    assert claim.effect == 0.05 and claim.power is not None
    assert settle_b7(together(matched(recorded, 1.0), "quantities")) == [], (
        "a model of the same size is no larger model"
    )


def test_predicted_bins_are_made_by_the_rule_of_the_searches(recorded) -> None:
    """By the last step the PRM tells the easy problems, by the product of the steps the hard ones seem the easier."""
    easy = recorded["scores"]["problem_id"].isin(np.array(IDS)[EASY])
    scores = recorded["scores"].assign(negative=[[0.95, 0.1] if is_easy else [0.0, 0.9] for is_easy in easy])
    predicted = {}
    for rule in ("last", "product"):
        plan = PLAN.model_copy(
            update={"strategies": tuple(s.model_copy(update={"aggregation": rule}) for s in PLAN.strategies)}
        )
        (_, _, beam), *_ = plan.runs
        tables = {**recorded, "scores": scores, "results": recorded["results"].assign(strategy=beam.strategy)}
        table = matched(tables, 4.0, plan)[0]["match"]
        stars = table.query("bins == 'predicted' and version == 'v1' and counted == 'generations' and r == 22")
        predicted[rule] = stars.set_index("bin")["larger"].to_dict()
    assert predicted["last"][1] == 0 and predicted["last"][5] == 1  # the larger model is right on hard problems alone
    assert predicted["product"][1] == 1 and predicted["product"][5] == 0


def test_a_problem_without_the_larger_model_s_answer_is_an_error(recorded) -> None:
    fewer = {**recorded, "answers": recorded["answers"].head(19)}
    with pytest.raises(InputError, match="no answer to problem test-19 \\(1 of 20"):
        matched(fewer, 4.0)


def test_the_figure_has_a_line_and_stars_for_each_bin_and_the_page_says_what_is_spent(recorded) -> None:
    part = larger_part(*matched(recorded, 4.0))
    assert len(part.figures) == 4 and all("Figure 9" in figure.reading for figure in part.figures)
    for figure in part.figures:
        (view,) = figure.views
        stars = [line for line in view.panels[0].series if line.mark == "stars"]
        assert len(stars) == 5 and all(len(line.x) == 3 for line in stars)
        assert {line.name for line in stars} == set(view.names), "a star has the color of its line"
        assert view.x_title and [name for _, name in view.vertical_lines] == ["R = 0.16", "R = 0.79", "R = 22"]
        assert any(stars[0].hollow), "R = 0.16 lies beyond"
    by_bin, spent = (table.rows for table in part.tables)
    assert len(by_bin) == 2 * 2 * 2 * 6 and len(spent) == 2 * 2 * 2 * 3 and "of it the verifier" in spent[0]
    assert larger_part({}, matched(recorded, 4.0)[1]).figures, "revisions alone"
