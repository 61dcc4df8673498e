"""Ways to tell difficulty: what agrees with the oracle is worth as much, what knows nothing is worth one bin."""

import numpy as np
import pytest

from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.difficulty import quantile_bins
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.studies.difficulty.kinds import agreement_with_oracle, policies_by_kind

N = 100
IDS = tuple(f"p{i:03d}" for i in range(N))
EASY = np.linspace(1.0, 0.0, N)
BLIND = np.random.default_rng(3).permutation(EASY)


@pytest.fixture(scope="module")
def results() -> StrategyResults:
    """One strategy is right on the easier half, the other on the harder half, at both budgets."""
    halves = np.stack([EASY >= 0.5, EASY < 0.5]).astype(float)
    accuracy = np.stack([halves, halves], axis=1)
    return StrategyResults(("for easy", "for hard"), (4, 16), IDS, accuracy)


def test_agreement_is_one_for_the_same_order_and_about_none_for_a_blind_estimate() -> None:
    kinds = {"oracle": EASY, "its square": EASY**2, "blind": BLIND, "upside down": -EASY}
    table = agreement_with_oracle(kinds, IDS, 300, 0).set_index("kind")
    assert table.loc["its square", ["correlation", "same_bin"]].tolist() == [pytest.approx(1), 1.0]
    assert table.loc["upside down", "correlation"] == pytest.approx(-1)
    assert table.loc["upside down", "same_bin"] == pytest.approx(0.2)
    blind = table.loc["blind"]
    assert abs(blind["correlation"]) < 0.25 and blind["low"] < blind["correlation"] < blind["high"]


def test_policies_on_good_bins_equal_the_oracles_and_on_blind_ones_one_bins(results: StrategyResults) -> None:
    table = policies_by_kind(results, {"oracle": EASY, "its square": EASY**2, "blind": BLIND}, 300, 0)
    assert table.groupby("kind").size().eq(2).all() and set(table["kind"]) == {
        "oracle",
        "its square",
        "blind",
        "one bin",
    }
    by = table[table["budget"] == 16].set_index("kind")
    assert by.loc["its square", "minus_oracle"] == by.loc["its square", "minus_oracle_high"] == 0
    assert by.loc["oracle", "minus_uniform_low"] > 0.2 and by.loc["one bin", "minus_uniform"] == 0
    assert by.loc["blind", "minus_oracle_high"] < 0 and by.loc["blind", "accuracy"] < 0.65
    straight = compute_optimal(results, quantile_bins(EASY, IDS), 300, 0).curve
    assert by.loc["oracle", "accuracy"] == pytest.approx(straight.accuracy[-1])
