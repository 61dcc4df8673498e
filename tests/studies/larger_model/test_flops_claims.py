"""Claim B7 on made-up accuracies where the right verdict is known."""

import numpy as np
import pytest

from stepscale.estimators.compute_optimal import ComputeOptimal, compute_optimal
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.report.claims import settle
from stepscale.studies.larger_model.claims import b7_quantities

PROBLEMS, M = 200, 14.0
BINS = np.arange(PROBLEMS) % 5 + 1
BUDGETS = (1, 4, 16, 64, 256)


def small(easy=(0.3, 0.4, 0.55, 0.85, 1.0), hard=(0.0, 0.05, 0.1, 0.3, 0.5), budgets=BUDGETS) -> ComputeOptimal:
    """One strategy: every problem of bins 1 to 3 is right as often as ``easy`` says at each budget, the rest as ``hard``."""
    ids = tuple(f"p{i}" for i in range(PROBLEMS))
    accuracy = np.where(BINS[None] <= 3, np.array(easy)[:, None], np.array(hard)[:, None])
    return compute_optimal(StrategyResults(("a",), budgets, ids, accuracy[None]), BINS, 300)


def greedy(easy: float, hard: float) -> np.ndarray:
    """The larger model is right on this share of the problems of each bin."""
    place = (np.arange(PROBLEMS) // 5 + 0.5) / (PROBLEMS / 5)
    return (place < np.where(BINS <= 3, easy, hard)).astype(float)


def test_the_four_margins_by_hand() -> None:
    got = b7_quantities("search", small(), BINS, greedy(0.55, 0.75), M)
    assert [quantity.n_problems for quantity in got.values()] == [120, 200, 80, 200], "those of the bins compared"
    by_start = {name.removeprefix("search: "): float(quantity.mean) for name, quantity in got.items()}
    # the budgets are 257.75, 63.4 and 15.8: as good as 256, 64 and 16 on these curves
    assert by_start["small - larger (M = 14.0) on bins 1 to 3, mean over R"] == pytest.approx(0.25, abs=0.002)
    assert by_start["larger (M = 14.0) - small on bins 4 and 5, mean over R"] == pytest.approx(0.45, abs=0.002)
    assert by_start["small - larger (M = 14.0) at R = 0.16"] == pytest.approx(0.6 * 0.45 - 0.4 * 0.25, abs=0.002)
    assert by_start["larger (M = 14.0) - small at R = 22"] == pytest.approx(0.4 * 0.65 - 0.6 * 0.0, abs=0.002)


@pytest.mark.parametrize(
    ("larger", "status"),
    [
        (greedy(0.55, 0.75), "held"),
        (greedy(1.0, 1.0), "did not hold"),  # the larger model wins everywhere
        (greedy(0.0, 0.0), "did not hold"),  # and here nowhere
        (greedy(0.8, 0.6), "inconclusive"),
    ],
)
def test_the_claim_wants_the_small_model_ahead_on_easy_ones_and_behind_on_hard_ones(larger, status) -> None:
    quantities = b7_quantities("search", small(), BINS, larger, M)
    assert settle("B7", quantities, 1).status == status, quantities


def test_what_was_not_measured_does_not_count() -> None:
    few = small((0.3, 0.4, 0.55), (0.0, 0.05, 0.1), (1, 4, 16))
    (only,) = b7_quantities("revisions", few, BINS, greedy(0.55, 0.75), M)
    assert only == "revisions: larger (M = 14.0) - small at R = 22"


def test_a_model_of_the_same_size_settles_nothing() -> None:
    assert b7_quantities("search", small(), BINS, greedy(0.55, 0.75), 1.0) == {}
