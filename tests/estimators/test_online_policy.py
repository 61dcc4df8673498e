"""The online policy: exact on tiny pools, honest about its cost, and ahead where it should be."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators import weighted_per_problem
from stepscale.estimators.online_comparison import FLOPS, GENERATIONS, compare_online
from stepscale.estimators.online_outcomes import Candidates, Outcomes, Prices, outcomes, sample_counts_up_to
from stepscale.estimators.online_policy import (
    Action,
    OnlinePolicy,
    OnlineSearchSpace,
    PolicyResult,
    at_equal_cost,
    choose_policy,
    follow,
)
from stepscale.estimators.strategy_results import StrategyResults

NEVER = 2.0


def candidates(answers, scores, mask=None, cost=None, run=False) -> Candidates:
    """Answer 1 is right; one unit a candidate unless told otherwise."""
    table, marks = np.asarray(answers), np.asarray(scores, float)
    answered = np.ones(table.shape, bool) if mask is None else np.asarray(mask, bool)
    if cost is None:
        cost = np.full(len(table), table.shape[1], float) if run else np.ones(table.shape)
    return Candidates(table.astype(object), marks, (table == 1) & answered, answered, np.asarray(cost, float))


def names(n: int) -> list[str]:
    return [f"p{i}" for i in range(n)]


def fixed(probes: int, sure: float, *actions: Action, borders=()) -> OnlinePolicy:
    return OnlinePolicy(probes=probes, sure=sure, borders=borders, actions=actions)


def test_all_samples_and_no_stop_is_the_plain_weighted_vote() -> None:
    rng = np.random.default_rng(0)
    answers, scores = rng.integers(0, 3, (30, 8)), rng.random((30, 8))
    recorded = outcomes(names(30), candidates(answers, scores), {}, orders=400)
    for n in (1, 2, 4, 8):
        got = follow(recorded, fixed(1, NEVER, Action(samples=n)))
        exact = weighted_per_problem(answers, scores, answers == 1, [n]).per_problem.mean()
        assert got.accuracy.mean() == pytest.approx(exact, abs=max(4 * got.error, 1e-9))
        assert got.cost == pytest.approx(np.full(30, n))


def test_it_stops_at_the_probes_when_the_verifier_is_sure_and_pays_for_them_alone() -> None:
    pool = candidates([[1, 1, 1, 1], [0, 2, 3, 1]], [[0.9] * 4, [0.2, 0.2, 0.2, 0.9]])
    recorded = outcomes(names(2), pool, {})
    got = follow(recorded, fixed(2, 0.8, Action(samples=4)))
    assert got.cost == pytest.approx([2, 4])
    assert got.accuracy == pytest.approx([1, 1])
    assert got.stopped == pytest.approx(0.5)


def test_it_goes_on_sampling_only_until_it_is_sure() -> None:
    recorded = outcomes(["p"], candidates([[1] * 8], [[0.9] * 8]), {})
    assert follow(recorded, fixed(1, 0.85, Action(samples=8))).cost == pytest.approx([1])
    pool = candidates([[1] * 8], [[0.5] * 8])
    assert follow(outcomes(["p"], pool, {}), fixed(1, 0.85, Action(samples=8))).cost == pytest.approx([8])


def test_a_search_is_paid_on_top_of_the_probes_and_they_vote_together() -> None:
    pool = candidates([[1, 1]], [[0.4, 0.4]])  # two probes say 1, with 0.8 together
    strong, weak = candidates([[2]], [[0.9]], run=True), candidates([[2]], [[0.7]], run=True)
    recorded = outcomes(["p"], pool, {"strong": strong, "weak": weak})
    lost = follow(recorded, fixed(2, NEVER, Action(samples=2, run="strong")))
    won = follow(recorded, fixed(2, NEVER, Action(samples=2, run="weak")))
    assert (lost.accuracy[0], won.accuracy[0]) == (0.0, 1.0)
    assert lost.cost[0] == won.cost[0] == 3


def test_the_mean_score_of_the_probes_tells_the_bin() -> None:
    pool = candidates([[1, 1], [0, 1]], [[0.9, 0.9], [0.1, 0.1]])
    easy, hard = Action(samples=1), Action(samples=2)
    got = follow(outcomes(names(2), pool, {}), fixed(1, NEVER, easy, hard, borders=(0.5,)))
    assert got.cost == pytest.approx([1, 2])
    policy = fixed(1, NEVER, easy, hard, borders=(0.5,))
    assert policy.action(0.9) == easy and policy.action(0.1) == hard


def test_an_unanswered_sample_is_paid_for_and_has_no_vote() -> None:
    pool = candidates([[1, 2]], [[0.3, 0.9]], mask=[[True, False]])
    recorded = outcomes(["p"], pool, {})
    got = follow(recorded, fixed(2, NEVER, Action(samples=2)))
    assert (got.accuracy[0], got.cost[0]) == (1.0, 2.0)
    assert recorded.vote_share[0, 0, 1] == pytest.approx(0.15)
    assert recorded.mean_score[0, 0, 1] == pytest.approx(0.15)


def test_costs_may_be_tokens_of_each_sample() -> None:
    pool = candidates([[1, 1]], [[0.5, 0.5]], cost=[[30, 50]])
    got = follow(outcomes(["p"], pool, {}), fixed(2, NEVER, Action(samples=2)))
    assert got.cost == pytest.approx([80])


def test_a_problem_meets_the_same_orders_whatever_is_beside_it() -> None:
    rng = np.random.default_rng(1)
    answers, scores = rng.integers(0, 3, (5, 8)), rng.random((5, 8))
    whole = outcomes(names(5), candidates(answers, scores), {})
    alone = outcomes(["p3"], candidates(answers[3:4], scores[3:4]), {})
    assert whole.expected_correct[:, 3] == pytest.approx(alone.expected_correct[:, 0])
    assert whole.vote_share[:, 3] == pytest.approx(alone.vote_share[:, 0])


def two_kinds(n: int, seed: int) -> Outcomes:
    """Half the problems are easy (any sample is right, and looks it), half are solved only by a search of 8."""
    rng = np.random.default_rng(seed)
    easy = np.arange(n) % 2 == 0
    answers = np.where(easy[:, None], 1, rng.integers(2, 9, (n, 16)))
    scores = np.where(easy[:, None], 0.9, 0.15) + 0.05 * rng.random((n, 16))
    got = np.where(rng.random((n, 8)) < 0.7, 1, 3)
    beam = candidates(got, np.where(got == 1, 0.8, 0.3), run=True)
    return outcomes(names(n), candidates(answers, scores), {"beam": beam}, orders=8, seed=seed)


def test_what_easy_problems_save_is_spent_on_hard_ones() -> None:
    policy = choose_policy(two_kinds(60, 0), 5.0, OnlineSearchSpace(n_bins=2))
    got = follow(two_kinds(60, 1), policy)
    assert got.cost.mean() == pytest.approx(5.0)  # 1 for the easy half, 1 + 8 for the hard one
    assert got.accuracy.mean() == pytest.approx(1.0)
    assert policy.probes == 1 and policy.actions[1].run == "beam"
    plain = np.tile([0.5, 0.5, 1.0], (60, 1))
    lead = at_equal_cost(got, plain, [1.0, 4.0, 8.0])
    assert lead.mean == pytest.approx(1 - (0.5 + 0.5 * np.log(5 / 4) / np.log(2)))


@settings(max_examples=15, deadline=None)
@given(st.floats(1, 12), st.integers(0, 99))
def test_the_chosen_policy_keeps_to_its_budget_where_it_was_chosen(budget, seed) -> None:
    recorded = two_kinds(20, seed)
    policy = choose_policy(recorded, budget, OnlineSearchSpace(n_bins=2, probes=(1, 2)))
    assert follow(recorded, policy).cost.mean() <= budget * (1 + 1e-6)


def test_more_budget_is_never_worse_where_the_policy_was_chosen() -> None:
    recorded = two_kinds(40, 3)
    reached = [follow(recorded, choose_policy(recorded, b)).accuracy.mean() for b in (1, 2, 3, 5, 8, 16)]
    assert reached == sorted(reached)


def test_a_policy_round_trips_as_json_and_mistakes_are_named() -> None:
    recorded = two_kinds(10, 0)
    policy = choose_policy(recorded, 4.0)
    assert OnlinePolicy.model_validate_json(policy.model_dump_json()) == policy
    with pytest.raises(InputError, match="'dvts' was not recorded"):
        follow(recorded, fixed(1, NEVER, Action(samples=1, run="dvts")))
    with pytest.raises(InputError, match="no online policy costs"):
        choose_policy(recorded, 0.5)
    with pytest.raises(InputError, match="a number among"):
        follow(recorded, fixed(3, NEVER, Action(samples=4)))
    with pytest.raises(InputError, match="add budgets"):
        at_equal_cost(PolicyResult(np.ones(4), np.full(4, 9.0), 0.0, 0.0), np.ones((4, 2)), [1.0, 8.0])
    with pytest.raises(InputError, match="pass probabilities"):
        outcomes(["p"], candidates([[1]], [[3.0]]), {})


def test_in_flops_the_other_policies_are_chosen_at_equal_flops_too() -> None:
    """At N = 2 a strategy four times as dear is a little better than the baseline: at equal FLOPs the baseline is taken."""
    rng = np.random.default_rng(0)
    ids, budgets = tuple(names(40)), (1, 2, 4, 8)
    pool = candidates(rng.integers(1, 3, (40, 8)), rng.random((40, 8)))
    table = np.stack([np.tile([[low], [top], [top], [top]], 40) for low, top in ((0.5, 0.8), (0.1, 0.81))])
    cost = np.stack([np.tile(np.array([[n] for n in budgets]) * price, 40) for price in (100.0, 400.0)])
    results = StrategyResults(("plain", "dear"), budgets, ids, table, {"flops": cost})
    prices = Prices(np.tile(100.0 * np.array(sample_counts_up_to(8)), (40, 1)), np.zeros((40, 0)))
    got = compare_online(results, np.arange(40) % 2 + 1, "plain", pool, {}, [4], 50, 0, prices)
    others = got[(got["unit"] == FLOPS) & (got["other"] != "plain")]
    assert set(others["other"]) == {"uniform", "oracle bins"} and (others["cost"] > 200).all()
    assert (others["accuracy"] - others["difference"]).between(0.8, 0.81).all()


def test_in_flops_a_policy_is_granted_what_the_baseline_spends_and_pays_what_the_verifier_reads() -> None:
    """Where a run costs as many FLOPs a generation as samples do, both counts tell the same; where it is dearer, it is not."""
    rng = np.random.default_rng(0)
    ids, easy = tuple(names(60)), np.arange(60) % 2 == 0
    answers = np.where(easy[:, None], 1, rng.integers(2, 9, (60, 16)))
    pool = candidates(answers, np.where(easy[:, None], 0.9, 0.15) + 0.05 * rng.random((60, 16)))
    beam = candidates(np.full((60, 8), 1), np.full((60, 8), 0.8), run=True)
    budgets = (1, 2, 4, 8, 16)
    plain = np.repeat(np.where(easy, 1.0, 0.0)[None], 5, axis=0)
    cost = np.repeat(100.0 * np.array(budgets)[:, None], 60, axis=1)
    results = StrategyResults(
        ("plain", "none"), budgets, ids, np.stack([plain, plain]), {"flops": np.stack([cost, cost])}
    )
    sample_counts = np.tile(100.0 * np.array(sample_counts_up_to(16)), (60, 1))

    def compared(run_price: float, unit: float = 1.0) -> pd.DataFrame:
        prices, oracle = Prices(sample_counts * unit, np.full((60, 1), run_price * unit)), np.where(easy, 1, 2)
        paid = replace(results, costs={"flops": results.costs["flops"] * unit})
        return compare_online(paid, oracle, "plain", pool, {"beam": beam}, [8], 50, 0, prices).set_index("unit")

    alike, dear = compared(800.0), compared(8000.0)
    assert set(alike["other"]) == {"plain", "uniform", "oracle bins"} and len(alike) == 6
    counted = [alike.loc[unit].set_index("other") for unit in (GENERATIONS, FLOPS)]
    assert counted[1]["budget"].tolist() == [800.0] * 3
    assert counted[1]["cost"].to_numpy() == pytest.approx(100 * counted[0]["cost"].to_numpy())
    same = ["accuracy", "low", "high", "difference", "difference_low", "difference_high"]
    pd.testing.assert_frame_equal(counted[0][same], counted[1][same])
    large = (
        compared(800.0, unit=1e10).loc[FLOPS].set_index("other")
    )  # samples of a real model cost some 1e12 FLOPs each
    pd.testing.assert_frame_equal(large[same], counted[1][same])
    assert counted[0]["accuracy"].iloc[0] == pytest.approx(1.0)
    assert dear.loc[FLOPS, "accuracy"].max() < 0.75 and (dear.loc[FLOPS, "cost"] <= 800 * 1.1).all()
    pd.testing.assert_frame_equal(dear.loc[[GENERATIONS]], alike.loc[[GENERATIONS]])
