"""The nodes of search: content-keyed shards that are not made twice, tables with costs, and what reporting makes of them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.formats.contract import Tables
from stepscale.formats.tables import SOLUTIONS
from stepscale.parameters import GeneratorBlock, ReportBlock, SearchBlock, VerifierBlock
from stepscale.pipelines.test_time_search.nodes import choose_test_problems
from stepscale.pipelines.test_time_search.searches import gather_searches, price_samples, run_searches
from stepscale.search.plan import SearchPlan
from stepscale.studies.policy.measure import learn_policy
from stepscale.studies.search.measure import WEIGHTED, measure_search
from stepscale.studies.search.sample_costs import sample_costs
from stepscale.studies.search.signs import measure_signs

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


def test_without_a_plan_every_node_gives_empty_tables() -> None:
    shards = list(run_searches(None, None, pd.DataFrame(), {}, None, None, None, None, 0))  # type: ignore[arg-type]
    (manifest,) = shards
    results, candidates = gather_searches(readers(manifest), None)
    assert results.empty and candidates.empty and "is_correct" in results and "step_scores" in candidates
    costs = price_samples(None, None, pd.DataFrame(), pd.DataFrame(), None, None, None, REPORT, 0)  # type: ignore[arg-type]
    assert costs.empty
    assert measure_signs(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), candidates, None, REPORT, 0).empty
    *tables, claims = measure_search(
        pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), results, candidates, costs, None, REPORT, 0
    )
    assert all(table.empty and len(table.columns) for table in tables) and claims == []


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


def test_each_search_is_run_once_serves_every_strategy_it_is_of_and_is_found_again(made_of) -> None:
    base, prm, generator, verifiers = made_of
    counts = {"per_problem": 1, "problems_per_shard": 1}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts})
    widths = [{"method": "beam", "width": 4}, {"method": "beam", "width": "sqrt"}, {"method": "dvts", "width": 4}]
    given = {"problems": 10, "problems_per_shard": 5, "budgets": [2, 4]}
    plan = SearchPlan.model_validate({**given, "strategies": widths})
    problems = pd.DataFrame({"problem_id": IDS[:10], "problem": "1+2", "answer": "3", "split": "test"})

    def run(own: SearchPlan, finished: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        made = run_searches(base, prm, problems, readers(finished), generator, verifiers, own, search, 0)
        return {name: table for part in made for name, table in part.items()}

    first = run(plan, {})
    keys = {options.search_key for _, _, options in plan.runs}
    assert len(plan.runs) == 6 and len(keys) == 3  # N = 2: one; N = 4: M = 4 and M = 2
    assert len(first) - 1 == 2 * len(keys), "two shards of five problems for each search, and their list"
    results, candidates = gather_searches(readers(first), plan)
    searched = {options.strategy for _, _, options in plan.runs}
    assert set(results["strategy"]) == set(candidates["strategy"]) == searched and len(results) == 6 * 10
    told = {name: own.drop(columns="strategy").reset_index(drop=True) for name, own in results.groupby("strategy")}
    own = {name: options.strategy for name, budget, options in plan.runs if budget == 4}
    pd.testing.assert_frame_equal(told[own["beam, M = 4"]], told[own["DVTS, M = 4"]])

    turned = SearchPlan.model_validate({**given, "strategies": widths[::-1]})
    again = run(turned, first)
    assert len(again) == 1, "named by what is searched, shards serve a plan of other strategies too"
    pd.testing.assert_frame_equal(
        gather_searches(readers({**first, **again}), turned)[0].sort_values(
            ["strategy", "problem_id"], ignore_index=True
        ),
        results.sort_values(["strategy", "problem_id"], ignore_index=True),
    )
    with pytest.raises(InputError, match="run test_time_search again"):
        gather_searches(readers(first), PLAN)


def test_searches_beyond_the_given_samples_are_refused_before_anything_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the twenty problems that are searched on there are three samples; of another there are more."""
    counts = {"per_problem": 1, "problems_per_shard": 1}
    given = {"path": "theirs.jsonl", "format": "best_of_n"}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts, "given_samples": given})
    problems = pd.DataFrame({"problem_id": [*IDS, "more"], "problem": "x", "answer": "1", "level": 1})
    rows = [(name, k) for name in IDS for k in range(3)] + [("more", k) for k in range(9)]
    solutions = pd.DataFrame(rows, columns=["problem_id", "sample_id"]).assign(answer="1", is_correct=True, finish=None)
    solutions["tokens"] = [[1, 2]] * len(rows)
    scores = pd.DataFrame({"problem_id": [], "verifier": []})
    monkeypatch.setattr("stepscale.formats.read", lambda *_, **__: Tables(problems, solutions, scores=scores))
    with pytest.raises(
        InputError, match=r"tree_search.budgets: 4 is above the 3 samples .*give more of them \(theirs.jsonl\)"
    ):
        choose_test_problems(None, search, PLAN)
    fewer = PLAN.model_copy(update={"budgets": (2, 3)})
    chosen, found, _ = choose_test_problems(None, search, fewer)
    assert len(chosen) == 21 and len(found) == len(rows) and len(choose_test_problems(None, search)[1]) == len(rows)

    solutions["tokens"] = [[]] * len(rows)
    with pytest.raises(InputError, match=r"samples of theirs.jsonl have no tokens, so what they cost is unknown"):
        choose_test_problems(None, search, fewer)
    assert len(choose_test_problems(None, search)[1]) == len(rows), "without searches nothing is compared at a cost"
    solutions["tokens"] = [[1]] * len(rows)
    scores = pd.DataFrame({"problem_id": IDS, "verifier": "reward"})
    monkeypatch.setattr("stepscale.formats.read", lambda *_, **__: Tables(problems, solutions, scores=scores))
    with pytest.raises(InputError, match=r"theirs.jsonl holds scores, and none of a verifier 'prm'"):
        choose_test_problems(None, search, fewer)


def test_given_samples_of_problems_that_were_learned_from_are_left_out_unless_they_come_with_scores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = {"per_problem": 1, "problems_per_shard": 1}
    given = {"path": "theirs.jsonl", "format": "best_of_n"}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts, "given_samples": given})
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
    chosen, found, _ = choose_test_problems(learned, search)
    assert chosen["problem_id"].tolist() == ["b"] and found["answer"].tolist() == ["4", "5"], "taken from the texts"
    assert found["is_correct"].tolist() == [True, False]
    with pytest.raises(InputError, match="all 2 problems are among those that the models here learned from"):
        choose_test_problems(learned.assign(split="valid"), search)
    own = solutions[["problem_id", "sample_id"]].assign(verifier="prm")
    monkeypatch.setattr("stepscale.formats.read", lambda *_, **__: Tables(theirs, solutions, scores=own))
    assert len(choose_test_problems(learned, search)[0]) == 2, "who scored them did not learn here"
    revisions = object()  # whatever of our own is to work on them
    chosen, found, scores = choose_test_problems(learned, search, revisions=revisions)  # type: ignore[arg-type]
    assert set(chosen["problem_id"]) == set(found["problem_id"]) == set(scores["problem_id"]) == {"b"}


def test_of_given_samples_a_cut_off_one_is_no_answer_and_an_untold_end_is_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts = {"per_problem": 1, "problems_per_shard": 1}
    given = {"path": "theirs.jsonl", "format": "best_of_n"}
    search = SearchBlock.model_validate({"samples": counts, "heldout_samples": counts, "given_samples": given})
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
    _, found, _ = choose_test_problems(None, search)
    assert found["answer"].isna().tolist() == [True, True, False, False]
    assert found["is_correct"].fillna(False).tolist() == [False, False, False, True]
    assert found["finish"].tolist() == ["length", "length", "solution", "solution"]
    with pytest.raises(InputError, match=r"larger: the samples of theirs\.jsonl have no tokens"):
        choose_test_problems(None, search, larger=object())  # type: ignore[arg-type]


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


def test_searches_and_samples_stand_on_the_same_problems_axes_and_claims(recorded) -> None:
    assert set(SOLUTIONS.columns) >= set(recorded["solutions"].columns)
    curves, at_cost, by_bin, savings, online, chosen, claims = measure_search(*recorded.values(), PLAN, REPORT, 0)
    assert set(curves["unit"]) == {"generations", "tokens", "FLOPs"}
    labels = {options.shown() for options in PLAN.strategies}
    assert labels | {WEIGHTED, "best-of-N", "majority", "compute-optimal, oracle bins"} <= set(curves["label"])
    beam = curves[(curves["label"] == "beam, M = 4") & (curves["unit"] == "generations")]
    assert beam["n"].tolist() == [2, 4] and beam["accuracy"].tolist() == [0.75, 0.75]
    spent = curves[(curves["label"] == "beam, M = 4") & (curves["unit"] == "tokens")]
    assert spent["n"].tolist() == [37, 69]
    told = curves.set_index("label")["error"]
    assert (
        told[[WEIGHTED, "best-of-N", "majority"]].eq(0).all() and told["beam, M = 4"].isna().all()
    )  # few samples: exact
    assert set(at_cost["unit"]) == {"tokens", "FLOPs"} and at_cost["accuracy"].notna().any()
    own = at_cost[at_cost["label"] == WEIGHTED]
    assert own[["difference", "difference_low", "difference_high"]].eq(0).all(axis=None) and len(own) == 10
    assert by_bin.groupby(["strategy", "n"])["n_problems"].sum().eq(20).all()
    assert by_bin.groupby("strategy")["error"].apply(lambda error: error.isna().all()).to_dict() == {
        name: name in labels for name in by_bin["strategy"].unique()
    }
    assert {"oracle", "predicted", "one bin"} == set(chosen["bins"])
    assert set(chosen["unit"]) == set(savings["unit"]) == set(curves["unit"])
    assert len(savings) == 3 * 3 * 3, "three policies in three units at the samples' N of 1, 2 and 4"
    assert (chosen["cost"] <= chosen["allowed"] * (1 + 1e-9)).all()
    of_policy = curves[(curves["label"] == "compute-optimal, oracle bins") & (curves["unit"] != "generations")]
    assert of_policy["error"].eq(0).all()
    told = at_cost[at_cost["label"].str.startswith(("compute-optimal", "uniform"))]
    assert told.loc[told["cost"] == told.groupby("unit")["cost"].transform("max"), "accuracy"].notna().all()
    assert (
        set(online["other"]) <= {WEIGHTED, "uniform", "oracle bins"}
        and (online["cost"] <= online["budget"] * 1.5).all()
    )
    assert online["unit"].unique().tolist() == ["generations", "FLOPs"]
    assert {claim.id for claim in claims} == {"B1", "B2", "B3"}
    assert all(claim.status in {"held", "did not hold", "inconclusive"} for claim in claims)


def test_the_report_shows_every_figure_and_nothing_without_searches(recorded) -> None:
    from stepscale.studies.search.figures import search_part

    curves, at_cost, by_bin, savings, online, chosen, _ = measure_search(*recorded.values(), PLAN, REPORT, 0)
    given = ("problems", "solutions", "scores", "candidates")
    signs = measure_signs(*(recorded[name] for name in given), PLAN, REPORT, 0)
    part = search_part(curves, at_cost, by_bin, savings, online, chosen, signs)
    assert len(part.sections) == 7
    for section in part.sections:
        assert section.figure.layout.xaxis.title.text and section.figure.layout.yaxis.title.text
    assert any("N, generations a problem" in section.figure.layout.xaxis.title.text for section in part.sections)
    of_savings, of_choice, title, of_signs = part.notes
    assert {row["N"] for row in part.tables[of_savings]} == {"4"}
    assert [row["bin"] for row in part.tables[of_choice]] == ["1", "2", "3", "4", "5"]
    assert list(part.tables[of_choice][0])[1:] == ["N = 4, half A", "N = 4, half B"], (
        "the small budget is the largest here"
    )
    shown = {(row["strategy"], row["N"]): row for row in part.tables[of_signs]}
    assert len(shown) == 6 and shown[WEIGHTED, 2]["solutions"] == 20 * 4 and shown["beam, M = 4", 4]["solutions"] == 20
    assert shown[WEIGHTED, 2]["of 1-2 steps"] == "100.0%" and shown[WEIGHTED, 2]["steps"] == "2.00"
    assert shown["beam, M = 4", 4]["say a step twice"] == "100.0% (+100.0% [+100.0%, +100.0%])"
    assert (
        part.tables[title][0]["counted in"] == "generations" and "hold all of these choices fixed" in part.notes[title]
    )
    unsure = curves.assign(error=0.004)
    told = search_part(unsure, at_cost, by_bin.assign(error=0.008), savings, online, chosen, signs)
    assert all("Monte Carlo error of their own, here at most 0." in section.reading for section in told.sections)
    for section in told.sections:
        shown = [trace for trace in section.figure.data if trace.hovertemplate]
        assert all("customdata[2]" in trace.hovertemplate for trace in shown), "on every axis"
        assert all("Monte Carlo error 0." in trace.customdata[0][2] for trace in shown)
    assert not search_part(
        *(table.head(0) for table in (curves, at_cost, by_bin, savings, online, chosen, signs))
    ).sections


def test_the_report_says_which_searches_leave_out_copies(recorded) -> None:
    from stepscale.pipelines.reporting import sections

    tables = measure_search(*recorded.values(), PLAN, REPORT, 0)[:-1]
    signs = measure_signs(
        *(recorded[name] for name in ("problems", "solutions", "scores", "candidates")), PLAN, REPORT, 0
    )

    def said(*filtered: bool) -> list[str]:
        strategies = [{**own, "filter_duplicates": whether} for own, whether in zip(STRATEGIES, filtered, strict=True)]
        plan = SearchPlan.model_validate({**PLAN.model_dump(), "strategies": strategies})
        part = sections.search(*tables, signs, plan)
        return [own.reading for own in part.sections if not own.title.startswith("Compute-optimal")]

    assert all(
        "alike are expanded once (filter_duplicates), which is not in the paper." in text for text in said(True, True)
    )
    assert all("expanded once in beam, M = 4 (filter_duplicates)" in text for text in said(True, False))
    assert not any("filter_duplicates" in text for text in said(False, False))


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
    given = (recorded[name] for name in ("problems", "solutions", "scores", "results", "candidates"))
    told = learn_policy(*given, generator, verifiers, PLAN, 0)
    assert ServedPolicy.model_validate(told).model_dump(mode="json") == told
    by_budget = {own["budget"]: own for own in told["budgets"]}
    assert set(by_budget) == {1, 2, 4, 8, 10, 12} and all(0 <= own["error"] < 0.1 for own in by_budget.values())
    leads = {budget: {lead["at"] for lead in own["leads"]} for budget, own in by_budget.items()}
    assert leads[8] == {"cap", "mean spending"} and leads[12] <= {"mean spending"}, "eight samples were recorded"
    before = {"error", "leads"}  # a policy that was saved before they were told
    old = told | {"budgets": [{k: v for k, v in own.items() if k not in before} for own in told["budgets"]]}
    assert ServedPolicy.model_validate(old).budgets[0].error is None
