"""The policy chosen at equal cost: by hand where accuracy is dear, against a slow loop, and never dearer than its baseline."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.cost_optimal import cost_optimal
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.strategy_results import StrategyResults

IDS = tuple(f"p{i}" for i in range(8))
BINS = np.array([1, 1, 1, 1, 2, 2, 2, 2])
EVERY = np.ones(8)


def results(accuracy, cost, budgets=(1, 4), names=("plain", "dear")) -> StrategyResults:
    """Accuracies and costs [strategies, budgets], the same for all problems."""
    table, price = (np.asarray(values, float)[:, :, None] * EVERY for values in (accuracy, cost))
    return StrategyResults(names, budgets, IDS, table, {"flops": price, "tokens": price / 2})


def test_an_accurate_strategy_that_is_dear_is_taken_where_the_baseline_spends_as_much() -> None:
    """At N = 1 "dear" is better and costs four times as much: at equal generations it is taken, at equal cost it must wait."""
    table = results([[0.2, 0.4], [0.5, 0.6]], [[10, 40], [40, 160]])
    assert compute_optimal(table, BINS).curve.accuracy == pytest.approx([0.5, 0.6])
    got = cost_optimal(table, BINS, "plain", "flops")
    assert got.budgets == (1, 4)
    assert got.curve.accuracy == pytest.approx([0.2, 0.5]) and got.curve.x == pytest.approx([10, 40])
    assert got.strategies[0].tolist() == ["plain", "dear"] and got.ns[0].tolist() == [1, 1]
    assert got.spent["tokens"][0] == pytest.approx([5, 20])
    assert set(got.chosen["n_problems"]) == {2} and len(got.chosen) == 2 * 2 * 2
    half = cost_optimal(table, BINS, "plain", "tokens").curve
    assert half.x == pytest.approx([5, 20]) and half.accuracy == pytest.approx([0.2, 0.5])


def test_each_bin_is_granted_what_the_baseline_spends_in_it() -> None:
    table = np.stack([np.tile([[0.2]], 8), np.tile([[0.9]], 8)])
    price = np.stack([np.where(BINS == 1, 10.0, 30.0)[None], np.full((1, 8), 20.0)])
    got = cost_optimal(StrategyResults(("plain", "dear"), (1,), IDS, table, {"flops": price}), BINS, "plain", "flops")
    assert got.per_problem[:, 0].tolist() == [0.2] * 4 + [0.9] * 4
    assert got.spent["flops"][:, 0].tolist() == [10] * 4 + [20] * 4
    assert got.curve.x == pytest.approx([15]) and got.curve.accuracy == pytest.approx([0.55])


def test_of_equally_accurate_ones_the_cheapest_is_taken_and_of_these_the_first() -> None:
    table = results([[0.5, 0.5], [0.5, 0.5]], [[10, 40], [8, 8]])
    got = cost_optimal(table, BINS, "plain", "flops")
    assert got.strategies[0].tolist() == ["dear", "dear"] and got.ns[0].tolist() == [4, 4]
    alike = cost_optimal(results([[0.5, 0.5], [0.5, 0.5]], [[10, 40], [10, 40]]), BINS, "plain", "flops")
    assert alike.strategies[0].tolist() == ["plain", "plain"] and alike.ns[0].tolist() == [1, 4], "the budget is spent"


def test_a_policy_that_spends_less_than_it_may_is_held_up_to_it_and_may_be_let_spend_more() -> None:
    table = results([[0.5, 0.4], [0.5, 0.9]], [[10, 40], [20, 160]])
    got = cost_optimal(table, BINS, "plain", "flops", 20)
    assert got.curve.x == pytest.approx([10, 20]) and np.isnan(got.curve.at(40).mean).all()
    assert got.held.x == pytest.approx([10, 20, 40]) and got.held.at(40).mean == pytest.approx([0.5])
    assert got.held_by_bin[1].at([10, 20, 40]).mean == pytest.approx([0.5] * 3)
    free = cost_optimal(table, BINS, "plain", "flops", 20, unlimited=True)
    assert free.held_by_bin[0].x == pytest.approx([10, 20, 160, 160]) and free.held.at(160).mean == pytest.approx([0.9])
    assert len(free.chosen) == len(got.chosen) and free.budgets == got.budgets


def test_a_strategy_without_a_run_is_not_chosen_and_the_baseline_s_own_budgets_are_the_points() -> None:
    table = np.array([[0.2, np.nan], [np.nan, 0.9]])[:, :, None] * EVERY
    price = np.array([[50.0, np.nan], [np.nan, 20.0]])[:, :, None] * EVERY
    results_table = StrategyResults(("plain", "dear"), (1, 4), IDS, table, {"flops": price})
    got = cost_optimal(results_table, BINS, "plain", "flops", 20, unlimited=True)
    assert got.budgets == (1,) and got.per_problem == pytest.approx(np.full((8, 2), 0.9))
    shorter = results([[0.2, 0.4], [0.9, np.nan]], [[10, 40], [20, np.nan]])
    free = cost_optimal(shorter, BINS, "plain", "flops", 20, unlimited=True)
    assert free.per_problem[:, -1] == pytest.approx([0.9] * 8), "its largest N is below the other's"
    with pytest.raises(InputError, match="no baseline 'beam'"):
        cost_optimal(results_table, BINS, "beam", "flops")
    with pytest.raises(InputError, match="costs in 'tokens'"):
        cost_optimal(results_table, BINS, "plain", "tokens")


@st.composite
def tables(draw: st.DrawFn):
    strategies, budgets = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    size = strategies * budgets * 8
    right = st.lists(st.integers(0, 2), min_size=size, max_size=size)
    price = st.lists(st.integers(1, 9), min_size=size, max_size=size)
    return tuple(np.array(draw(values), float).reshape(strategies, budgets, 8) for values in (right, price))


@settings(max_examples=40, deadline=None)
@given(tables())
def test_every_resample_chooses_within_its_own_costs_as_a_slow_loop_does(given_tables) -> None:
    right, price = given_tables
    names, budgets = ("A", "B", "C")[: len(right)], (1, 2, 4)[: right.shape[1]]
    got = cost_optimal(StrategyResults(names, budgets, IDS, right, {"flops": price}), BINS, "A", "flops", 12)
    counts = compute_optimal(StrategyResults(names, budgets, IDS, right), BINS, 12).counts
    for k in range(len(budgets)):
        assert (got.curve.accuracy[k], got.curve.x[k]) == pytest.approx(slow(right, price, k, np.ones(8, int)))
        for r, count in enumerate(counts):
            policy_point = got.curve.resampled[r, k], got.curve.x_resampled[r, k]
            assert policy_point == pytest.approx(slow(right, price, k, count))
    assert (got.chosen["cost"] <= got.chosen["allowed"] * (1 + 1e-9)).all(), "never dearer where it is chosen"
    assert got.per_problem.mean(axis=0) == pytest.approx(got.curve.accuracy)
    assert got.spent["flops"].mean(axis=0) == pytest.approx(got.curve.x)


def slow(right, price, k, count) -> tuple[float, float]:
    """Mean accuracy and cost over the problems drawn, each half under what the other chose for the cost of A at budget k."""
    half, total = fold_of(IDS, BINS), np.zeros(2)
    for b in (1, 2):
        for f in (0, 1):
            here, other = np.equal(BINS, b) & (half == f), np.equal(BINS, b) & (half != f)
            if not count[other].sum():
                other = half != f
            weights = count * other
            size = max(int(weights.sum()), 1)
            within = [
                [j for j in range(right.shape[1]) if price[s, j] @ weights <= price[0, k] @ weights + 1e-9]
                for s in range(len(right))
            ]
            means = [
                (
                    -round(float(right[s, j[-1]] @ weights) / size, 12),
                    round(float(price[s, j[-1]] @ weights) / size, 9),
                    s,
                    j[-1],
                )
                for s, j in enumerate(within)
                if j
            ]
            *_, s, j = min(means)
            total += [(values[s, j] * count * here).sum() for values in (right, price)]
    return tuple(total / 8)
