"""PRM search over revisions: the chain is the recorded one, its attempts may win, all is paid; verdicts from intervals alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made_plans import shards_of
from pydantic import ValidationError

from stepscale.estimators.intervals import verdict
from stepscale.parameters import (
    GeneratorBlock,
    ReportBlock,
    RevisionsBlock,
    RevisionSettings,
    SearchBlock,
    VerifierBlock,
)
from stepscale.pipelines.revisions.searches import run_revision_searches
from stepscale.pipelines.sampling import gather
from stepscale.revisions.grid import BY_VERIFIER
from stepscale.search.plan import RevisionSearchPlan, SearchPlan
from stepscale.search.table import search_results
from stepscale.studies.revisions.search import measure_revision_search
from stepscale.studies.search.sample_costs import sample_costs
from stepscale.studies.strategies.accuracy import WEIGHTED, revision_accuracy, search_accuracy, vote_errors
from stepscale.studies.strategies.samples import SEARCH as SEARCHED
from stepscale.studies.strategies.samples import scored_grid, tabulate_samples

TEXTS = [f"{a}+{b}\n{a}+{b}={a + b}\n\\boxed{{{a + b}}}" for a in range(5) for b in range(5)]
COUNTS = {"per_problem": 1, "problems_per_shard": 1}
SEARCH = SearchBlock.model_validate({"samples": COUNTS, "heldout_samples": COUNTS})
PLAN: dict[str, Any] = {
    "after": 2,
    "budgets": [4],
    "strategies": [{"method": "weighted"}, {"method": "beam", "width": 2}],
}
REVISIONS = RevisionsBlock.model_validate(
    {
        "data": {"layout": {"max_tokens": 200}},
        "fine_tuning": {"epochs": 1, "batch_size": 8},
        "training_chains": {"problems": 4, "chains": 2, "attempts": 3, "problems_per_shard": 2},
        "test": {"problems": 12, "problems_per_shard": 6},
        "budgets": [1, 2, 4, 8],
        "search": PLAN,
    }
)
REPORT = ReportBlock(budgets=(1,), bootstrap=100)
EMPTY = pd.DataFrame()


def test_a_plan_leaves_room_for_the_chain_and_says_what_is_wrong() -> None:
    runs = [(name, budget, options.n) for name, budget, options in RevisionSearchPlan.model_validate(PLAN).runs]
    assert runs == [("PRM best-of-N weighted over revisions", 4, 2), ("PRM beam, M = 2 over revisions", 4, 2)]
    for changes, message in (
        ({"budgets": [2]}, "above the 2 attempts"),
        ({"strategies": [{"method": "majority"}]}, "takes no PRM"),
        ({"strategies": [{"method": "weighted", "n": 4}]}, "no n of its own"),
        (
            {"strategies": [{"method": "beam", "width": 4}, {"method": "beam", "width": 4, "rounds": 9}]},
            "two strategies",
        ),
    ):
        with pytest.raises(ValidationError, match=message):
            RevisionSearchPlan.model_validate({**PLAN, **changes})


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tiny_models import save_tiny_llama

    return save_tiny_llama(tmp_path_factory.mktemp("base") / "model", TEXTS)


def test_every_search_is_graded_paid_and_resumed(model: Path, tmp_path: Path) -> None:
    from stepscale.verifiers.contract import Trajectory
    from stepscale.verifiers.examples import Example
    from stepscale.verifiers.training import train_verifier

    sampling = {"max_new_tokens": 12}
    generator = GeneratorBlock.model_validate(
        {
            "base": str(model),
            "prompt": "{problem}\n",
            "examples": "own",
            "samples_per_problem": 1,
            "sampling": sampling,
            "fine_tuning": None,
            "placement": {"device": "cpu"},
        }
    )
    short: dict[str, Any] = {"optimization": {"epochs": 1, "batch_size": 8}}
    verifiers = VerifierBlock.model_validate(
        {"base": str(model), "prompt": "{problem}\n", "prm": short, "orm": short, "placement": {"device": "cpu"}}
    )
    examples = [Example(f"p{i}", Trajectory(f"{i}+1", ("a", "b")), (1.0, 0.0)) for i in range(8)]
    train_verifier(verifiers.base, examples, verifiers.training("prm", 0), tmp_path / "prm")
    test = pd.DataFrame(
        {"problem_id": f"p{i}", "problem": f"{i}+1", "answer": str(i + 1), "split": "test"} for i in range(12)
    )
    blocks = {"generator": generator, "verifiers": verifiers, "search": SEARCH}
    settings = RevisionSettings(revisions=REVISIONS, seed=0, **blocks)
    plan = run_revision_searches(model, tmp_path / "prm", test, settings)
    assert len(plan.pieces) == 4  # two strategies on two halves of the problems
    tables = shards_of(plan)
    rows = gather(tables)
    search_results(rows)
    assert rows.groupby("label").size().eq(12).all() and rows["label"].nunique() == 2
    assert rows["budget"].eq(4).all() and rows["n_candidates"].eq(4).all() and (rows["decode_tokens"] > 0).all()
    assert rows["strategy"].str.endswith("after=2").all() and rows["is_correct"].notna().all()
    again = plan.pieces[-1].make().table
    same = [column for column in again if column != "seconds"]
    pd.testing.assert_frame_equal(again[same], tables[plan.pieces[-1].name]()[same])


def chains(n_problems: int = 12) -> pd.DataFrame:
    """Attempts are right on the first half of the problems, cost 10 tokens each and share none."""
    rows = []
    for i in range(n_problems):
        for chain, length in enumerate([8, 4, 2, 2, 1, 1, 1, 1]):
            rows += [
                {
                    "problem_id": f"p{i}",
                    "chain": chain,
                    "position": position,
                    "steps": ["x"],
                    "finish": "solution",
                    "answer": str(i < n_problems // 2),
                    "is_correct": i < n_problems // 2,
                    "score": 0.5,
                    "tokens_computed": 10,
                    "flops": 100.0,
                    "generator_tokens": 6,
                    "generator_flops": 60.0,
                    "write_tokens": 6,
                    "write_shared": 0,
                    "read_tokens": 4,
                    "read_shared": 0,
                }
                for position in range(length)
            ]
    table = pd.DataFrame(rows)
    place = table.groupby("problem_id").cumcount()
    table = table.assign(write_place=place, read_place=place)
    return table.assign(**{f"{name}_without_history": table[name] for name in BY_VERIFIER})


def compared(
    searched: pd.DataFrame, table: pd.DataFrame, accuracy: pd.DataFrame = EMPTY
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Curves and leads of searches over the revisions in ``table``."""
    revised = revision_accuracy(table, REVISIONS.budgets, 0)
    got = measure_revision_search(searched, revised, accuracy, REPORT, 0)
    return got["curves"], got["leads"]


def searches(n_problems: int = 12) -> pd.DataFrame:
    """At 4 generations and 400 FLOPs, right on all of the problems, on none, and on the first half."""
    return pd.DataFrame(
        {
            "problem_id": f"p{i}",
            "label": label,
            "budget": 4,
            "is_correct": right,
            "prefill_tokens": 5,
            "decode_tokens": 40,
            "verify_tokens": 40,
            "generator_flops": 300.0,
            "verifier_flops": 100.0,
        }
        for i in range(n_problems)
        for label, right in (("always", True), ("never", False), ("as they are", i < n_problems // 2))
    )


def test_whether_it_wins_follows_from_the_paired_interval_at_equal_generations_and_flops() -> None:
    curves, leads = compared(searches(30), chains(30))
    assert set(curves["unit"]) == {"generations", "tokens", "FLOPs"}
    by = leads[leads["unit"] == "FLOPs"].set_index(["strategy", "minus"])
    rival = "revisions, sequential, ORM"
    assert by.loc[("always", rival), ["difference", "verdict"]].tolist() == [0.5, "wins"]
    assert by.loc[("never", rival), "verdict"] == "loses" and by.loc[("as they are", rival), "verdict"] == "undecided"
    assert np.allclose(by["spent"], 400) and set(leads["unit"]) == {"generations", "FLOPs"} and len(leads) == 12
    assert [verdict(0.1, 0.2, 30), verdict(-0.1, 0.2, 30), verdict(-0.2, -0.1, 30)] == ["wins", "undecided", "loses"]
    _, leads_of_few = compared(searches(28), chains(28))
    assert set(leads_of_few["verdict"]) == {"undecided"}, "fewer than 30 problems settle nothing"


def test_the_same_attempts_chosen_by_the_prm_are_rivals_so_that_search_is_told_from_verifier() -> None:
    """Attempts after the first are right; the ORM scores later ones higher, the PRM has scores of first ones alone."""
    table = chains().assign(is_correct=lambda t: t["position"] > 0, score=lambda t: 0.5 + t["position"] / 100)
    for name in BY_VERIFIER:
        table[f"{name}_prm"] = table[name]
    table["score_prm"] = table["score"].where(table["position"] < 1)
    table["read_tokens_prm"], table["flops_prm"] = 2, 80.0
    curves, leads = compared(searches(), table)
    differences = leads[leads["strategy"] == "never"].set_index(["unit", "minus"])["difference"]
    for choice, lost in (("sequential, ORM", -1.0), ("sequential, PRM", 0.0), ("parallel, PRM", 0.0)):
        assert (
            differences["generations", f"revisions, {choice}"] == differences["FLOPs", f"revisions, {choice}"] == lost
        )
    last = curves[(curves["unit"] == "FLOPs") & (curves["n_problems"] == 12)].groupby("label")["n"].max()
    assert last["revisions, sequential, ORM"] == 8 * 100
    assert last["revisions, sequential, PRM"] == pytest.approx(8 * (60 + 2 * 20 / 4)), "the PRM's own reading is paid"


def test_searches_that_spend_less_of_a_budget_than_others_stand_at_what_they_spent() -> None:
    """After 2 attempts a budget of 16 leaves 14: all of it for beam search, 12 for lookahead of three steps."""
    plan = {
        "after": 2,
        "budgets": [16],
        "strategies": [{"method": "beam", "width": 2}, {"method": "lookahead", "k": 3}],
    }
    runs = RevisionSearchPlan.model_validate(plan).runs
    spent = {name: options.budget + 2 for name, _, options in runs}
    assert sorted(spent.values()) == [14, 16]
    first = searches().query("label == 'always'").drop(columns="label")
    searched = pd.concat([first.assign(label=name, budget=budget) for name, budget in spent.items()], ignore_index=True)
    curves, leads = compared(searched, chains())
    spending_curves = curves[(curves["unit"] == "generations") & curves["label"].isin(spent)]
    assert dict(zip(spending_curves["label"], spending_curves["n"], strict=True)) == spent
    assert leads.groupby("strategy")["n"].unique().map(list).to_dict() == {name: [n] for name, n in spent.items()}
    assert leads["unit"].eq("FLOPs").all(), "attempts were measured up to 8 generations alone"


def of_generator() -> tuple[SearchPlan, tuple[pd.DataFrame, ...]]:
    """Twenty samples of each problem and beam searches at 2 and 8 generations: so many that votes are drawn at random."""
    plan = SearchPlan.model_validate(
        {"problems": 12, "problems_per_shard": 12, "budgets": [2, 8], "strategies": [{"method": "beam", "width": 2}]}
    )
    rng = np.random.default_rng(0)
    ids = [f"p{i}" for i in range(12)]
    key = pd.DataFrame([(i, k) for i in ids for k in range(20)], columns=["problem_id", "sample_id"])
    right = rng.random(len(key)) < 0.5
    solutions = key.assign(
        steps=[["a", "b"]] * len(key),
        tokens=[[1, 2, 3]] * len(key),
        step_ends=[[1, 2]] * len(key),
        is_correct=right,
        answer=np.where(right, "1", rng.integers(2, 9, len(key)).astype(str)),
        finish="solution",
        mean_logprob=-1.0,
    )
    scores = key.assign(verifier="prm", negative=rng.random((len(key), 2)).tolist(), neutral=[[0.0, 0.0]] * len(key))
    problems = pd.DataFrame({"problem_id": ids, "problem": "x", "answer": "1", "split": "test", "level": 1})
    paid = {"prefill_tokens": 5, "decode_tokens": 9, "verify_tokens": 9, "generator_flops": 9.0, "verifier_flops": 9.0}
    results = pd.DataFrame(
        {"problem_id": i, "strategy": options.strategy, "budget": budget, "is_correct": True, **paid}
        for _, budget, options in plan.runs
        for i in ids
    )
    return plan, (
        problems,
        solutions,
        scores,
        results,
        sample_costs(dict.fromkeys(ids, 5), solutions, (1, 2, 4, 8), 1, 1),
    )


def test_the_generator_s_own_searches_are_rivals_and_its_votes_tell_their_error() -> None:
    plan, (problems, solutions, scores, results, costs) = of_generator()
    samples = tabulate_samples(problems, solutions, scores, REPORT.score_aggregation, plan.score_aggregation)
    scored = scored_grid(samples, list(problems["problem_id"]), SEARCHED)
    accuracy = search_accuracy(scored, results, costs, plan)
    errors = vote_errors(accuracy)[WEIGHTED]
    assert errors[0] == 0 and 1e-6 < errors.max() < 0.05, "one sample is exact, of more the votes are drawn"
    curves, leads = compared(searches(), chains(), accuracy)
    assert {"best-of-N weighted", "beam, M = 2"} <= set(curves["label"]) and "majority" not in set(curves["label"])
    assert {"best-of-N weighted", "beam, M = 2"} <= set(leads["minus"]), "the generator's own searches are rivals"
