"""Accuracy at a cost: by hand on straight lines, paired differences, nothing where nothing was measured."""

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.estimators.curve import curve
from stepscale.estimators.equal_cost import accuracy_at_cost, lead_at_own_cost

PROBLEMS = 40
RNG = np.random.default_rng(0)
NOISE = RNG.normal(0, 0.2, (PROBLEMS, 1))
NOISE -= NOISE.mean()


def line(heights, costs, spread=0.0):
    """Accuracies that differ by problem, but equally for every line; ``spread``: how much costs differ by problem."""
    x = np.asarray(costs, float) * (1 + spread * np.linspace(-1, 1, PROBLEMS)[:, None])
    return curve(np.asarray(heights, float) + NOISE, x, 200, 0)


def test_between_points_a_curve_is_straight_over_the_logarithm_and_a_difference_is_paired() -> None:
    curves = {"base": line([0.2, 0.6], [1, 100]), "ours": line([0.3, 0.7], [1, 100])}
    table = accuracy_at_cost(curves, "base", [10, 100, 1000]).set_index(["cost", "label"])
    assert table.loc[(10, "base"), "accuracy"] == pytest.approx(0.4)
    ours = table.loc[(10, "ours")]
    assert ours["accuracy"] == pytest.approx(0.5) and ours["high"] - ours["low"] == pytest.approx(
        4 * 0.2 / PROBLEMS**0.5, rel=0.3
    )
    assert ours[["difference", "difference_low", "difference_high"]].tolist() == pytest.approx([0.1] * 3)
    assert table.loc[(1000, "ours"), ["accuracy", "low", "difference"]].isna().all()
    assert (table["minus"] == "base").all()


def test_costs_are_those_the_baseline_was_measured_at_unless_told() -> None:
    curves = {"base": line([0.2, 0.6], [1, 100]), "ours": line([0.3, 0.7], [5, 500])}
    table = accuracy_at_cost(curves, "base")
    base, ours = (table[table["label"] == label] for label in ("base", "ours"))
    assert base["cost"].tolist() == pytest.approx(list(np.geomspace(1, 100, 5))) and base["accuracy"].notna().all()
    assert ours["accuracy"].isna().tolist() == ours["difference"].isna().tolist() == [True, True, False, False, False]
    with pytest.raises(InputError, match="no curve 'nobody'"):
        accuracy_at_cost(curves, "nobody")


def test_at_the_ends_of_what_was_measured_the_interval_is_that_of_the_curve() -> None:
    dear_is_hard = np.linspace(-1, 1, PROBLEMS)[:, None]
    base, ours = (
        curve(
            np.array([low, low + 0.3]) - 0.2 * dear_is_hard, np.array([1.0, 100.0]) * (1 + 0.5 * dear_is_hard), 500, 0
        )
        for low in (0.4, 0.5)
    )
    table = accuracy_at_cost({"base": base, "ours": ours}, "base")
    for i, cost in ((0, table["cost"].min()), (1, table["cost"].max())):
        row = table[(table["cost"] == cost) & (table["label"] == "base")].iloc[0]
        whole = base.interval
        assert row["low"] < row["accuracy"] < row["high"]
        assert row["high"] - row["low"] == pytest.approx(float(whole.high[i] - whole.low[i]), rel=0.5)
        gap = table[(table["cost"] == cost) & (table["label"] == "ours")].iloc[0]
        assert gap[["difference", "difference_low", "difference_high"]].tolist() == pytest.approx([0.1] * 3)


def test_a_lead_is_taken_at_the_spending_that_each_resample_really_had() -> None:
    other = line([0.0, 1.0], [1, 100])
    row = line([0.5, 0.5], [10, 1000], spread=0.5)
    lead = lead_at_own_cost(row, other)
    assert lead.mean[0] == pytest.approx(0.0) and lead.low[0] < 0 < lead.high[0]  # as costs differ, so does the rival
    assert np.isnan([lead.mean[1], lead.low[1]]).all()
