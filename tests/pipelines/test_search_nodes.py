"""The nodes of search: content-keyed shards that are not made twice, tables with costs, and what reporting makes of them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_plans import keys, shards_of

from stepscale.errors import InputError
from stepscale.formats.checking import check
from stepscale.formats.contract import Tables
from stepscale.formats.tables import SOLUTIONS
from stepscale.parameters import GeneratorBlock, ReportBlock, SearchBlock, SearchSettings, VerifierBlock
from stepscale.pipelines.test_time_search.measuring import measure_search_difficulty
from stepscale.pipelines.test_time_search.nodes import read_samples, read_samples_to_judge
from stepscale.pipelines.test_time_search.searches import choose_searched, gather_searches, run_searches
from stepscale.report.part import Part
from stepscale.search.plan import SearchPlan
from stepscale.studies.policy.measure import learn_policy
from stepscale.studies.search.figures import methods_part, search_part
from stepscale.studies.search.later_methods import compare_methods
from stepscale.studies.search.measure import measure_online_policy, measure_search
from stepscale.studies.search.sample_costs import sample_costs
from stepscale.studies.search.signs import measure_signs
from stepscale.studies.search.tables import method_comparison
from stepscale.studies.strategies.accuracy import STRATEGY_ACCURACY, WEIGHTED, search_accuracy, searched_budgets
from stepscale.studies.strategies.policy_tables import times_fewer
from stepscale.studies.strategies.samples import SCORED_SAMPLES, scored_grid, tabulate_samples
from stepscale.studies.strategies.samples import SEARCH as SEARCHED

STRATEGIES = [
    {"method": "beam", "width": 4},
    {"method": "lookahead", "k": 1, "width": 4},
]
PLAN = SearchPlan.model_validate(
    {"problems": 20, "problems_per_shard": 10, "budgets": [2, 4], "strategies": STRATEGIES}
)
REPORT = ReportBlock(budgets=(1, 2, 4, 8), bootstrap=100)
IDS = [f"p{i:02d}" for i in range(20)]
PLACES = 8


def readers(shards: dict[str, pd.DataFrame]) -> Any:
    return {name: lambda table=table: table for name, table in shards.items()}


@pytest.fixture(scope="module")
def made_of(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, GeneratorBlock, VerifierBlock]:
    """A tiny generator and a PRM trained on next to nothing, with the blocks of parameters that open them."""
    from tiny_models import save_tiny_llama

    from stepscale.verifiers.contract import Trajectory
    from stepscale.verifiers.examples import Example
    from stepscale.verifiers.training import train_verifier

    folder = tmp_path_factory.mktemp("models")
    base = save_tiny_llama(folder / "base", [f"{a}+{b}\n\\boxed{{{a + b}}}" for a in range(5) for b in range(5)])
    generator = GeneratorBlock.model_validate(
        {
            "base": str(base),
            "prompt": "{problem}\n",
            "examples": "own",
            "samples_per_problem": 1,
            "sampling": {"max_new_tokens": 8},
            "fine_tuning": None,
            "placement": {"device": "cpu"},
        }
    )
    short: dict[str, Any] = {"optimization": {"epochs": 1, "batch_size": 8}}
    verifiers = VerifierBlock.model_validate(
        {"base": str(base), "prompt": "{problem}\n", "prm": short, "orm": short, "placement": {"device": "cpu"}}
    )
    examples = [Example(f"p{i}", Trajectory(f"{i}+1", ("a", "b")), (1.0, 0.0)) for i in range(8)]
    train_verifier(verifiers.base, examples, verifiers.training("prm", 0), folder / "prm")
    return base, folder / "prm", generator, verifiers


def settings(made_of: Any, plan: SearchPlan) -> SearchSettings:
    _, _, generator, verifiers = made_of
    counts = {"per_problem": 8, "problems_per_shard": 1}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts})
    blocks = {"generator": generator, "verifiers": verifiers, "search": search, "report": REPORT}
    return SearchSettings(tree_search=plan, seed=0, **blocks)


def test_each_search_is_run_once_serves_every_strategy_it_is_of_and_is_found_again(made_of) -> None:
    base, prm, *_ = made_of
    widths = [{"method": "beam", "width": 4}, {"method": "beam", "width": "sqrt"}, {"method": "dvts", "width": 4}]
    block = {"problems": 10, "problems_per_shard": 5, "budgets": [2, 4]}
    plan = SearchPlan.model_validate({**block, "strategies": widths})
    problems = pd.DataFrame({"problem_id": IDS[:10], "problem": "1+2", "answer": "3", "split": "test"})

    first = run_searches(base, prm, problems, settings(made_of, plan))
    searches = {options.search_key for _, _, options in plan.runs}
    assert len(plan.runs) == 6 and len(searches) < 6
    assert len(first.pieces) == 2 * len(searches), "two pieces of five problems for each search"
    tables = shards_of(first)
    gathered = gather_searches(tables, plan)
    results, candidates = gathered["results"], gathered["candidates"]
    searched = {options.strategy for _, _, options in plan.runs}
    assert set(results["strategy"]) == set(candidates["strategy"]) == searched and len(results) == 6 * 10

    turned = SearchPlan.model_validate({**block, "strategies": widths[::-1]})
    again = run_searches(base, prm, problems, settings(made_of, turned))
    assert set(keys(again)) == set(keys(first)), (
        "named by what is searched, pieces serve a plan of other strategies too"
    )
    pd.testing.assert_frame_equal(
        gather_searches(tables, turned)["results"].sort_values(["strategy", "problem_id"], ignore_index=True),
        results.sort_values(["strategy", "problem_id"], ignore_index=True),
    )
    with pytest.raises(InputError, match="run test_time_search again"):
        gather_searches(tables, PLAN)


def test_searches_beyond_the_given_samples_are_refused_before_anything_is_searched() -> None:
    """Of the twenty problems that are searched on there are three samples; of another there are more."""
    counts = {"per_problem": 1, "problems_per_shard": 1}
    block = {"path": "theirs.jsonl", "format": "best_of_n"}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts, "given_samples": block})
    problems = pd.DataFrame({"problem_id": [*IDS, "more"], "split": "test"})
    rows = [(name, k) for name in IDS for k in range(3)] + [("more", k) for k in range(9)]
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id"]).assign(tokens=[[1, 2]] * len(rows))
    scores = pd.DataFrame({"problem_id": IDS, "verifier": "prm"})
    with pytest.raises(
        InputError, match=r"tree_search.budgets: 4 is above the 3 samples .*give more of them \(theirs.jsonl\)"
    ):
        choose_searched(problems, solutions, scores, search, PLAN)
    fewer = PLAN.model_copy(update={"budgets": (2, 3)})
    assert choose_searched(problems, solutions, scores, search, fewer)["problem_id"].tolist() == IDS
    bare = solutions.assign(tokens=[[]] * len(rows))
    with pytest.raises(InputError, match=r"samples have no tokens, so what they cost is unknown"):
        choose_searched(problems, bare, scores, search, fewer)
    with pytest.raises(InputError, match=r"no verifier 'prm' scored the samples"):
        choose_searched(problems, solutions, scores.assign(verifier="reward"), search, fewer)


def test_given_samples_of_problems_that_were_learned_from_are_left_out_where_models_here_judge_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = {"per_problem": 1, "problems_per_shard": 1}
    block = {"path": "theirs.jsonl", "format": "best_of_n"}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts, "given_samples": block})
    theirs = pd.DataFrame({"problem_id": ["a", "b"], "problem": [" 1+1?", "2+2?"], "answer": ["2", "4"], "level": 1})
    solutions = pd.DataFrame(
        {
            "problem_id": ["a", "b", "b"],
            "sample_id": [0, 0, 1],
            "steps": [["x", "\\boxed{2}"], ["\\boxed{4}"], ["\\boxed{5}"]],
            "answer": pd.Series([None] * 3, dtype="str"),
            "is_correct": pd.array([None] * 3, "boolean"),
            "finish": None,
        }
    )
    scores = pd.DataFrame({"problem_id": [], "verifier": []})
    learned = pd.DataFrame({"problem_id": ["z", "y"], "problem": ["1+1?", "2+2?"], "split": ["train", "test"]})
    monkeypatch.setattr("stepscale.formats.read", lambda *_, **__: Tables(theirs, solutions, scores=scores))
    to_judge = read_samples_to_judge(learned, search)
    chosen, got = to_judge["problems"], to_judge["solutions"]
    assert chosen["problem_id"].tolist() == ["b"] and got["answer"].tolist() == ["4", "5"], "taken from the texts"
    assert got["is_correct"].tolist() == [True, False]
    with pytest.raises(InputError, match="all 2 problems are among those that the models here learned from"):
        read_samples_to_judge(learned.assign(split="valid"), search)
    row = solutions[["problem_id", "sample_id"]].assign(verifier="prm")
    monkeypatch.setattr("stepscale.formats.read", lambda *_, **__: Tables(theirs, solutions, scores=row))
    assert len(read_samples(search)["problems"]) == 2, "who scored them did not learn here"


def test_of_given_samples_a_cut_off_one_is_no_answer_and_an_untold_end_is_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = {"per_problem": 1, "problems_per_shard": 1}
    block = {"path": "theirs.jsonl", "format": "best_of_n"}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts, "given_samples": block})
    theirs = pd.DataFrame({"problem_id": ["a"], "problem": ["1+1?"], "answer": ["2"], "level": 1})
    solutions = pd.DataFrame(
        {
            "problem_id": "a",
            "sample_id": range(4),
            "steps": [["x"]] * 4,
            "answer": ["2", "2", "3", "2"],
            "tokens": [[]] * 4,
            "is_correct": pd.array([True, None, None, True], "boolean"),
            "finish": ["length", "length", None, "solution"],
        }
    )
    scores = pd.DataFrame({"problem_id": [], "verifier": []})
    monkeypatch.setattr("stepscale.formats.read", lambda *_, **__: Tables(theirs, solutions, scores=scores))
    got = read_samples(search)["solutions"]
    assert got["answer"].isna().tolist() == [True, True, False, False]
    assert got["is_correct"].fillna(False).tolist() == [False, False, False, True]
    assert got["finish"].tolist() == ["length", "length", "solution", "solution"]


@pytest.mark.parametrize(("rules", "right"), [("lenient", True), ("prm800k", False)])
def test_given_samples_without_a_verdict_are_graded_by_the_rules_of_the_run(
    tmp_path: Path, rules: str, right: bool
) -> None:
    record = {"problem": "Half?", "answer": "0.5", "completions": ["So \\boxed{50\\%}."], "scores": [[0.5]]}
    (tmp_path / "theirs.jsonl").write_text(json.dumps(record) + "\n")
    counts = {"per_problem": 1, "problems_per_shard": 1}
    search_block = {"path": str(tmp_path / "theirs.jsonl"), "format": "search_and_learn"}
    block = {"samples": counts, "heldout_samples": counts, "given_samples": search_block, "grading_rules": rules}
    solutions = read_samples(SearchBlock.model_validate(block))["solutions"]
    assert solutions["is_correct"].tolist() == [right]


@pytest.fixture(scope="module")
def recorded() -> dict[str, pd.DataFrame]:
    """Samples whose right ones score higher, and searches that are right on all but the hardest problems."""
    rng = np.random.default_rng(0)
    easy = np.linspace(0.9, 0.1, len(IDS))
    right = rng.random((len(IDS), PLACES)) < easy[:, None]
    solutions, scores = [], []
    for i, problem_id in enumerate(IDS):
        for k in range(PLACES):
            answer = "1" if right[i, k] else str(2 + k % 3)
            solutions.append(
                {
                    "problem_id": problem_id,
                    "sample_id": k,
                    "steps": [f"step {k}", answer],
                    "tokens": list(range(9)),
                    "step_ends": [3, 7],
                    "answer": answer,
                    "is_correct": bool(right[i, k]),
                    "finish": "solution",
                    "mean_logprob": -1.0,
                    "generator": "g",
                }
            )
            wrong = 0.1 if right[i, k] else 0.6
            scores.append(
                {
                    "problem_id": problem_id,
                    "sample_id": k,
                    "verifier": "prm",
                    "negative": [wrong, wrong],
                    "neutral": [0.0, 0.0],
                }
            )
    results, candidates = [], []
    for _, budget, options in PLAN.runs:
        for i, problem_id in enumerate(IDS):
            key = {"problem_id": problem_id, "strategy": options.strategy, "seed": 0}
            results.append(
                {
                    **key,
                    "budget": budget,
                    "is_correct": i < 15,
                    "prefill_tokens": 5,
                    "decode_tokens": 8 * budget,
                    "verify_tokens": 8 * budget,
                    "generator_flops": 100.0 * budget,
                    "verifier_flops": 100.0 * budget,
                }
            )
            candidates += [
                {
                    **key,
                    "slot": s,
                    "answer": "1" if i < 15 else "7",
                    "score": 0.8,
                    "is_correct": i < 15,
                    "steps": ["a", "A", "b"],
                    "is_chosen": s == 0,
                }
                for s in range(options.n)
            ]
    problems = pd.DataFrame({"problem_id": IDS, "problem": "x", "answer": "1", "split": "test", "level": 1})
    table = pd.DataFrame(solutions)
    return {
        "problems": problems,
        "solutions": table,
        "scores": pd.DataFrame(scores),
        "results": pd.DataFrame(results),
        "candidates": pd.DataFrame(candidates),
        "costs": sample_costs(dict.fromkeys(IDS, 5), table, (1, 2, 4, 8), 1, 1),
    }


def measured(recorded: dict[str, pd.DataFrame], plan: SearchPlan = PLAN) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of scored samples, and of accuracy by strategy and budget."""
    block = (recorded[name] for name in ("problems", "solutions", "scores"))
    samples = tabulate_samples(*block, REPORT.score_aggregation, plan.score_aggregation)
    scored = scored_grid(samples, IDS, SEARCHED)
    return samples, search_accuracy(scored, recorded["results"], recorded["costs"], plan)


def test_accuracy_of_every_strategy_at_every_budget_is_one_declared_table(recorded) -> None:
    assert set(SOLUTIONS.columns) >= set(recorded["solutions"].columns)
    samples, accuracy = measured(recorded)
    assert check(samples, SCORED_SAMPLES).equals(samples.astype(check(samples, SCORED_SAMPLES).dtypes))
    pd.testing.assert_frame_equal(check(accuracy, STRATEGY_ACCURACY), accuracy)
    labels = {options.display_name() for options in PLAN.strategies}
    assert set(accuracy["strategy"]) == labels | {WEIGHTED, "best-of-N", "majority"}
    assert set(accuracy.loc[accuracy["strategy"] == WEIGHTED, "budget"]) == {1, 2, 4, 8}, "as far as there are samples"
    assert searched_budgets(accuracy)["budget"].max() == 4
    votes = accuracy[accuracy["strategy"] == "majority"].set_index(["problem_id", "budget"])
    chosen = accuracy[accuracy["strategy"] == WEIGHTED].set_index(["problem_id", "budget"])
    assert (votes["flops"] < chosen["flops"]).all() and votes["flops"].equals(votes["generator_flops"])
    assert accuracy.loc[accuracy["method"] == "closed form", "error"].eq(0).all(), "of so few samples all are counted"


def test_searches_and_samples_stand_on_the_same_problems_axes_and_claims(recorded) -> None:
    samples, accuracy = measured(recorded)
    got = measure_search(samples, accuracy, PLAN, REPORT, 0)
    curves, at_cost, by_bin, savings, chosen = (
        got["tables"][name] for name in ("curves", "at_cost", "by_bin", "savings", "chosen")
    )
    assert set(curves["unit"]) == {"generations", "tokens", "FLOPs"}
    labels = {options.display_name() for options in PLAN.strategies}
    assert labels | {WEIGHTED, "best-of-N", "majority", "compute-optimal, oracle bins"} <= set(curves["label"])
    beam = curves[(curves["label"] == "beam, M = 4") & (curves["unit"] == "generations")]
    assert beam["n"].tolist() == [2, 4] and beam["accuracy"].tolist() == [0.75, 0.75]
    spent = curves[(curves["label"] == "beam, M = 4") & (curves["unit"] == "tokens")]
    assert spent["n"].tolist() == [37, 69]
    errors = curves.set_index("label")["error"]
    assert errors[[WEIGHTED, "best-of-N", "majority"]].eq(0).all() and errors["beam, M = 4"].isna().all()
    assert set(at_cost["unit"]) == {"tokens", "FLOPs"} and at_cost["accuracy"].notna().any()
    baseline = at_cost[at_cost["label"] == WEIGHTED]
    assert baseline[["difference", "difference_low", "difference_high"]].eq(0).all(axis=None) and len(baseline) == 10
    assert by_bin.groupby(["strategy", "n"])["n_problems"].sum().eq(20).all()
    assert {"oracle", "predicted", "one bin"} == set(chosen["bins"])
    assert set(chosen["unit"]) == set(savings["unit"]) == set(curves["unit"])
    assert len(savings) == 3 * 3 * 3, "three policies in three units at the samples' N of 1, 2 and 4"
    assert (chosen["cost"] <= chosen["allowed"] * (1 + 1e-9)).all()
    policies = at_cost[at_cost["label"].str.startswith(("compute-optimal", "uniform"))]
    largest = policies["cost"] == policies.groupby("unit")["cost"].transform("max")
    assert policies.loc[largest, "accuracy"].notna().all()
    assert {claim.id for claim in got["claims"]} == {"B1", "B2", "B3"}
    assert all(claim.status in {"held", "did not hold", "inconclusive"} for claim in got["claims"])


def test_the_policy_that_pays_for_its_probes_is_compared_in_generations_and_in_flops(recorded) -> None:
    online = measure_online_policy(*measured(recorded), recorded["candidates"], PLAN, REPORT, 0)
    assert set(online["other"]) <= {WEIGHTED, "uniform", "oracle bins"}
    assert (online["cost"] <= online["budget"] * 1.5).all()
    assert online["unit"].unique().tolist() == ["generations", "FLOPs"]


def test_later_methods_and_votes_stand_beside_best_of_n_at_the_same_budgets_with_what_they_cost(recorded) -> None:
    samples, accuracy = measured(recorded)
    solutions = recorded["solutions"].assign(mean_logprob=-0.5)
    solutions = solutions.assign(certainties=[[1.0, 2.0]] * len(solutions))
    table = method_comparison(compare_methods(samples, accuracy, solutions, REPORT, 0))
    assert set(table["n"]) == {2, 4} and table.groupby("n")["strategy"].nunique().nunique() == 1
    at = table[table["n"] == 4].set_index("strategy")
    assert {WEIGHTED, "best-of-N", "majority", "beam, M = 4", "PRM, pessimistic vote"} <= set(at.index)
    assert {"Self-certainty, best-of-N", "lowest group of 2048, confidence-filtered vote"} <= set(at.index)
    assert "pass@N (ceiling)" not in at.index
    weighted = accuracy[(accuracy["strategy"] == WEIGHTED) & (accuracy["budget"] == 4)]
    assert at.loc["PRM, pessimistic vote", "flops"] == at.loc[WEIGHTED, "flops"] == weighted["flops"].mean()
    assert at.loc["Self-certainty, Borda vote", "tokens"] == at.loc["majority", "tokens"] < at.loc[WEIGHTED, "tokens"]
    assert at.loc[WEIGHTED, ["difference", "difference_low", "difference_high"]].eq(0).all()
    lead = at["accuracy"] - at.loc[WEIGHTED, "accuracy"]
    assert at["difference"].to_numpy() == pytest.approx(lead.to_numpy())
    assert (at["difference_high"] < 0).any() and set(at["verdict"]) == {"undecided"}, "20 problems settle nothing"
    [methods_table] = methods_part(table).tables
    assert len(methods_table.rows) == len(table) and list(methods_table.rows[0])[-2:] == ["tokens", "FLOPs"]
    bare = compare_methods(samples, accuracy, solutions.drop(columns="certainties"), REPORT, 0)
    assert {"Mean log-likelihood, best-of-N"} < set(bare["strategy"]) and not bare["strategy"].str.contains(
        "certainty"
    ).any()


def test_the_online_policy_goes_on_only_with_searches_whose_candidates_are_scored() -> None:
    block = {**PLAN.model_dump(), "strategies": [*STRATEGIES, {"method": "deepconf", "group": 8}]}
    plan = SearchPlan.model_validate(block)
    assert {name for name, _, _ in plan.searches} - {name for name, _, _ in plan.scored_searches} == {
        "DeepConf online group = 8"
    }


def part_of(recorded: dict[str, pd.DataFrame], plan: SearchPlan = PLAN, error: float = 0.0) -> Part:
    samples, accuracy = measured(recorded)
    got = measure_search(samples, accuracy, PLAN, REPORT, 0)
    tables = got["tables"] | {"curves": got["tables"]["curves"].assign(error=error)}
    online = measure_online_policy(samples, accuracy, recorded["candidates"], PLAN, REPORT, 0)
    signs = measure_signs(recorded["solutions"], samples, recorded["candidates"], PLAN, REPORT, 0)
    question = pd.DataFrame(columns=["problem_id", "easiness"])
    difficulty = measure_search_difficulty(samples, accuracy, question, REPORT, 0)
    return search_part(tables, online, signs, difficulty, got["claims"], plan)


def test_the_report_shows_every_figure_of_the_searches(recorded) -> None:
    part = part_of(recorded)
    figures = {figure.title: figure for figure in part.figures}
    assert len(figures) == len(part.figures) == 4 and sum(figure.leads for figure in part.figures) == 2
    for title in ("Compute-optimal search beside best-of-N", "Every search by its budget"):
        assert [view.unit for view in figures[title].views] == ["generations", "tokens", "FLOPs"], (
            "one figure, a switch"
        )
    assert all(view.x_title and figure.y_title for figure in part.figures for view in figure.views)
    assert len(figures["Search by difficulty"].views[0].panels) == 5
    tables = {table.title: table for table in part.tables}
    savings = tables["What search saves over best-of-N weighted with N samples"]
    assert {row["N"] for row in savings.rows} == {"4"} and "times fewer FLOPs [95 %]" in savings.rows[0]
    choice = tables["Which search for which difficulty"]
    assert [row["bin"] for row in choice.rows] == ["1", "2", "3", "4", "5"]
    assert list(choice.rows[0])[1:] == ["N = 4, half A", "N = 4, half B"], "the small budget is the largest here"
    signs = tables["Signs of over-optimization in the solutions that won"].rows
    rows_by_search = {(row["strategy"], row["N"]): row for row in signs}
    assert len(rows_by_search) == 6 and rows_by_search[WEIGHTED, "2"]["solutions"] == str(20 * 4)
    assert rows_by_search["beam, M = 4", "4"]["solutions"] == "20"
    assert (
        rows_by_search[WEIGHTED, "2"]["of 1-2 steps"] == "100.0%" and rows_by_search[WEIGHTED, "2"]["steps"] == "2.00"
    )
    assert rows_by_search["beam, M = 4", "4"]["say a step twice"] == "100.0% (+100.0% [+100.0%, +100.0%])"
    online = tables["Does a policy that pays for its own estimate of difficulty win?"]
    assert online.rows[0]["counted in"] == "generations" and "hold all of these choices fixed" in online.note
    assert part.measures == times_fewer(part.claims, "B3") and "x (predicted bins)" in part.measures["B3"]
    unsure = {figure.title: figure.reading for figure in part_of(recorded, error=0.004).figures}
    assert "Monte Carlo error, here at most 0.40%" in unsure["Every search by its budget"]


def test_the_report_says_which_searches_leave_out_copies(recorded) -> None:
    def deviations(*filtered: bool) -> list[str]:
        strategies = [{**row, "filter_duplicates": whether} for row, whether in zip(STRATEGIES, filtered, strict=True)]
        part = part_of(recorded, SearchPlan.model_validate({**PLAN.model_dump(), "strategies": strategies}))
        return [figure.reading for figure in part.figures if figure.title.startswith(("Every search", "Search by"))]

    assert len(deviations(True, True)) == 2
    assert all(
        "alike are expanded once (filter_duplicates), which is not in the paper." in t for t in deviations(True, True)
    )
    assert all("expanded once in beam, M = 4 (filter_duplicates)" in text for text in deviations(True, False))
    assert not any("filter_duplicates" in text for text in deviations(False, False))


def test_the_policy_that_the_searches_teach_is_told_with_its_error_and_its_leads(recorded) -> None:
    from stepscale.serving.policy import ServedPolicy

    generator = GeneratorBlock.model_validate(
        {
            "base": "none",
            "prompt": "{problem}\n",
            "examples": "own",
            "samples_per_problem": 1,
            "sampling": {"max_new_tokens": 8},
            "fine_tuning": None,
        }
    )
    verifiers = VerifierBlock.model_validate({"base": "none", "prompt": "{problem}\n", "prm": {}, "orm": {}})
    policy = learn_policy(measured(recorded)[0], recorded["candidates"], generator, verifiers, PLAN, 0)
    assert ServedPolicy.model_validate(policy).model_dump(mode="json") == policy
    by_budget = {row["budget"]: row for row in policy["budgets"]}
    assert set(by_budget) == {1, 2, 4, 8, 10, 12}
    leads = {budget: {lead["at"] for lead in row["leads"]} for budget, row in by_budget.items()}
    assert leads[8] == {"cap", "mean spending"} and leads[12] <= {"mean spending"}, "eight samples were recorded"
    before = {"error", "leads"}  # a policy that was saved before they were told
    old = policy | {"budgets": [{k: v for k, v in row.items() if k not in before} for row in policy["budgets"]]}
    assert ServedPolicy.model_validate(old).budgets[0].error is None
