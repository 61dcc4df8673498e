"""The compute-optimal policy and its efficiency: by hand, against brute force, and on noise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.curve import Curve, curve, difference, interpolated
from stepscale.estimators.efficiency import efficiency, efficiency_table, reach
from stepscale.estimators.strategy_results import StrategyResults, strategy_results

IDS = tuple(f"p{i}" for i in range(8))
BINS = np.array([1, 1, 1, 1, 2, 2, 2, 2])


def results(accuracy, budgets=(1,), ids=IDS, costs=None) -> StrategyResults:
    table = np.asarray(accuracy, float)
    names = tuple("ABCDEFGH"[: len(table)])
    return StrategyResults(names, tuple(budgets), tuple(ids), table, costs or {})


def test_each_bin_gets_its_own_strategy() -> None:
    a, b = [1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 0]
    got = compute_optimal(results([[a], [b]]), BINS)
    assert got.curve.accuracy == pytest.approx([7 / 8])
    assert [one.accuracy[0] for one in got.by_bin] == pytest.approx([1.0, 0.75])
    assert list(got.chosen["strategy"]) == ["A", "A", "B", "B"]
    assert set(got.chosen["n_problems"]) == {2}
    one_bin = compute_optimal(results([[a], [b]]), np.ones(8, int))
    assert one_bin.curve.accuracy[0] <= 0.5


def test_a_strategy_is_measured_on_problems_it_was_not_chosen_on() -> None:
    half = fold_of(IDS, np.ones(8, int))
    a, b = (half == 0).astype(float), (half == 1).astype(float)  # each is right on one half alone
    got = compute_optimal(results([[a], [b]]), np.ones(8, int))
    assert got.curve.accuracy == pytest.approx([0.0])  # what wins on one half loses on the other
    assert list(got.chosen["chosen_on"]) == [1.0, 1.0]
    assert list(got.chosen["measured"]) == [0.0, 0.0]


def test_choosing_among_noise_gains_nothing() -> None:
    rng = np.random.default_rng(0)
    noise = rng.random((40, 1, 400))
    ids = [f"q{i}" for i in range(400)]
    bins = np.arange(400) % 5 + 1
    got = compute_optimal(results_of_noise(noise, ids), bins, resamples=400)
    naive = np.mean([noise[:, 0, bins == b].mean(axis=1).max() for b in range(1, 6)])
    assert naive > 0.55
    assert got.curve.interval.low[0] < 0.5 < got.curve.interval.high[0]


def results_of_noise(noise, ids) -> StrategyResults:
    return StrategyResults(tuple(f"s{i}" for i in range(len(noise))), (1,), tuple(ids), noise)


@st.composite
def tables(draw: st.DrawFn):
    strategies, budgets = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    cells = st.lists(st.integers(0, 2), min_size=strategies * budgets * 8, max_size=strategies * budgets * 8)
    return np.array(draw(cells), float).reshape(strategies, budgets, 8) / 2


@settings(max_examples=25, deadline=None)
@given(tables())
def test_every_resample_makes_its_own_choice_as_a_slow_loop_does(table) -> None:
    got = compute_optimal(results(table, (1, 2)[: table.shape[1]]), BINS, resamples=12)
    half = fold_of(IDS, BINS)
    for r, count in enumerate(got.counts):
        for k in range(table.shape[1]):
            assert got.curve.resampled[r, k] == pytest.approx(slow(table[:, k], half, count) / 8)
    once = np.ones(8, int)
    for k in range(table.shape[1]):
        assert got.curve.accuracy[k] == pytest.approx(slow(table[:, k], half, once) / 8)
    assert got.per_problem.mean(axis=0) == pytest.approx(got.curve.accuracy)


def slow(table, half, count) -> float:
    """Sum over the problems drawn of the accuracy under the strategy chosen on the other half."""
    total = 0.0
    for b in (1, 2):
        for f in (0, 1):
            inside = np.equal(BINS, b)
            other, here = inside & (half != f), inside & (half == f)
            if not count[other].sum():
                other = half != f
            means = [round(float((row[other] * count[other]).sum()) / max(count[other].sum(), 1), 12) for row in table]
            total += float((table[int(np.argmax(means))][here] * count[here]).sum())
    return total


def test_halves_are_balanced_within_bins_and_do_not_depend_on_the_order_of_problems() -> None:
    ids = [f"x{i}" for i in range(21)]
    bins = np.array([1] * 10 + [2] * 11)
    half = fold_of(ids, bins)
    assert half[:10].sum() == 5 and half[10:].sum() == 5
    turned = fold_of(ids[::-1], bins[::-1])
    assert (turned[::-1] == half).all()


def test_a_strategy_without_a_run_at_a_budget_is_not_chosen_there_and_half_a_run_is_an_error() -> None:
    a, none = np.full((1, 8), 0.25), np.full((1, 8), np.nan)
    table = np.stack([np.vstack([a, none]), np.vstack([a * 2, a])])
    got = compute_optimal(results(table, (1, 2)), BINS)
    assert got.curve.accuracy == pytest.approx([0.5, 0.25])
    table[0, 1, 0] = 0.5
    with pytest.raises(InputError, match="only 1 of 8 problems"):
        results(table, (1, 2))


def test_costs_follow_the_strategy_chosen() -> None:
    a, b = [1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 1]
    costs = {"tokens": np.stack([np.full((1, 8), 100.0), np.full((1, 8), 300.0)])}
    got = compute_optimal(results([[a], [b]], costs=costs), BINS)
    assert got.curve.accuracy == pytest.approx([1.0])
    assert got.spent["tokens"][:, 0].tolist() == [100] * 4 + [300] * 4


def test_a_result_without_its_cost_is_an_error_and_not_free() -> None:
    cost = np.full((1, 1, 8), 5.0)
    cost[0, 0, 3] = np.nan
    with pytest.raises(InputError, match="no cost in tokens"):
        results(np.ones((1, 1, 8)), costs={"tokens": cost})


def test_a_tidy_table_becomes_results() -> None:
    rows = pd.DataFrame(
        [(p, s, n, float(s == "beam"), 10 * n) for s in ("best", "beam") for n in (4, 2) for p in ("a", "b")],
        columns=["problem_id", "strategy", "budget", "accuracy", "tokens"],
    )
    got = strategy_results(rows, ["tokens"])
    assert got.strategies == ("best", "beam") and got.budgets == (2, 4) and got.ids == ("a", "b")
    assert (got.accuracy[1] == 1).all() and (got.accuracy[0] == 0).all()
    assert got.costs["tokens"][0, :, 0] == pytest.approx([20, 40])
    assert got.curve("beam", "tokens").x == pytest.approx([20, 40])
    with pytest.raises(InputError, match="no strategy 'dvts'"):
        got.curve("dvts")


@pytest.mark.parametrize("bins", [[1] * 7, [1] * 7 + [2], [0] * 8, [1] * 4 + [3] * 4])
def test_bins_that_cannot_be_halved_are_refused(bins) -> None:
    with pytest.raises(InputError, match="bins must be"):
        compute_optimal(results(np.ones((1, 1, 8))), bins)


def line(x, y) -> Curve:
    return curve(np.tile(np.asarray(y, float), (6, 1)), np.asarray(x, float), resamples=50)


def test_efficiency_is_read_off_the_line_in_log_budget() -> None:
    baseline, policy = line([1, 4, 16, 64], [0.2, 0.4, 0.5, 0.6]), line([1, 4, 16, 64], [0.2, 0.5, 0.7, 0.8])
    got = efficiency(baseline, policy)
    assert got.policy == pytest.approx(8.0)  # half of the way from 4 to 16 on the logarithm
    assert got.factor.mean == pytest.approx(8.0)
    assert got.factor.low == pytest.approx(8.0) == got.factor.high  # all problems alike
    assert got.status == "matched" and got.matched == 1.0
    assert efficiency(baseline, policy, 0).status == "at least"


def test_a_baseline_that_has_stopped_rising_is_not_charged_for_what_it_wastes() -> None:
    baseline, policy = line([1, 2, 4, 64], [0.2, 0.5, 0.6, 0.5]), line([1, 2], [0.2, 0.5])
    assert efficiency(baseline, policy).factor.mean == pytest.approx(1.0)


def test_a_policy_that_never_matches_has_factor_zero() -> None:
    got = efficiency(line([1, 64], [0.2, 0.9]), line([1, 64], [0.2, 0.8]))
    assert (got.status, got.policy, float(got.factor.mean), got.matched) == ("never matched", np.inf, 0.0, 0.0)


def test_the_interval_of_the_factor_counts_resamples_that_never_match_as_zero() -> None:
    rng = np.random.default_rng(0)
    base = np.stack([rng.random(60) < p for p in (0.3, 0.5, 0.6)], axis=1).astype(float)
    ours = np.stack([rng.random(60) < p for p in (0.4, 0.6, 0.6)], axis=1).astype(float)
    got = efficiency(curve(base, [1, 4, 16]), curve(ours, [1, 4, 16]))
    assert 0 < got.matched < 1
    assert got.factor.low == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_a_curve_is_as_efficient_as_itself(y) -> None:
    one = line(2.0 ** np.arange(len(y)), y)
    table = efficiency_table(one, one)
    assert table["factor"].to_numpy() == pytest.approx(np.ones(len(y)))


def test_reach_is_the_first_crossing() -> None:
    x, y = np.array([[1.0, 2, 4, 8]]), np.array([[0.1, 0.5, 0.3, 0.9]])
    assert reach(x, y, np.array([0.5])) == pytest.approx([2.0])
    assert reach(x, y, np.array([0.05])) == pytest.approx([1.0])
    assert reach(x, y, np.array([0.6])) == pytest.approx([4 * 2**0.5])
    assert reach(x, y, np.array([0.95])) == pytest.approx([np.inf])


def test_accuracy_at_a_cost_lies_on_the_line_and_is_nothing_outside() -> None:
    one = curve([[0.0, 1.0], [0.0, 1.0]], [[10.0, 100.0], [10.0, 1000.0]], resamples=30)
    assert one.x == pytest.approx([10, 550])
    assert one.at(10 * 55**0.5).mean == pytest.approx([0.5])
    assert np.isnan(one.at([5, 600]).mean).all()


def test_points_keep_the_order_of_budgets_where_costs_do_not_rise_with_them() -> None:
    """The second budget costs less on half of the problems, so in some resamples it is the cheaper one."""
    right, cost = np.tile([0.2, 0.9], (8, 1)), np.where(np.arange(8)[:, None] < 4, [10.0, 1.0], [10.0, 18.0])
    one = curve(right, cost, resamples=200)
    assert (one.x_resampled[:, 1] < one.x_resampled[:, 0]).any() and (one.x_resampled[:, 1] > 10).any()
    assert one.x.tolist() == [10.0, 9.5] and one.accuracy == pytest.approx([0.2, 0.9])
    assert one.interval.low == pytest.approx([0.2, 0.9]) and one.interval.high == pytest.approx([0.2, 0.9])
    assert one.at([9.5, 10.0]).mean == pytest.approx([0.9, 0.2]) and np.isnan(one.at(9.0).mean).all()
    assert reach(one.x[None], one.accuracy[None], np.array([0.5])) == pytest.approx([9.5])
    assert efficiency(one, one).factor.mean == 1 and efficiency(one, one).at == 9.5


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(0, 1)), min_size=1, max_size=6), st.floats(0.01, 100))
def test_interpolation_is_that_of_numpy_in_the_logarithm(points, logarithmic) -> None:
    x = np.cumsum([step for step, _ in points])
    y = np.array([value for _, value in points])
    expected = np.interp(np.log(logarithmic), np.log(x), y, left=np.nan, right=np.nan)
    assert interpolated(x[None], y[None], np.array([logarithmic]))[0, 0] == pytest.approx(expected, nan_ok=True)
    assert interpolated(x[None], y[None], x)[0] == pytest.approx(y)


def test_a_difference_of_curves_is_paired_by_problem() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((30, 2))
    got = difference(curve(values + 0.1, [1, 2]), curve(values, [1, 2]))
    assert got.low == pytest.approx([0.1, 0.1]) and got.high == pytest.approx([0.1, 0.1])
    with pytest.raises(InputError, match="same budgets"):
        difference(curve(values, [1, 2]), curve(values, [1, 3]))
