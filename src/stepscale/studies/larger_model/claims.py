"""What settles claim B7: quantities that should all lie above zero, each with its interval (Snell et al. 2024, 7 and Figure 9).

In: a small model's compute-optimal policy by difficulty bin, and the greedy answers of a larger model. Out: named intervals
for ``claims.settle``, paired by problem, the policy cross-validated. The claim names two ways for the small model to win (easy or
medium problems; small R) and two to lose (hard problems; large R). Each is a margin of Figure 9's table of bins and R.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from stepscale.estimators.compute_optimal import ComputeOptimal
from stepscale.estimators.flops_match import RATIOS, budget_multiplier, matched_difference, within
from stepscale.estimators.intervals import Interval
from stepscale.estimators.quantities import ASSUMED, Quantity, quantity

EASY = 3  # bins 1 to 3 are the easy and medium ones, 4 and 5 the hard ones
MARGINS = 4  # quantities of a policy that was measured throughout
MIN_SIZE_RATIO = 2.0  # of sizes: nearer to 1 there is no larger model, and the claim is not about it


def b7_quantities(
    name: str, optimal: ComputeOptimal, bins: ArrayLike, larger: ArrayLike, size_ratio: float
) -> dict[str, Quantity]:
    """Small minus larger on easy and medium problems and at the smallest R; larger minus small on hard ones and at the largest R.

    On some of the problems a quantity is the mean over R; at one R it is over all problems, by the formula of v1. Only what
    was measured counts. A quantity is left out where one of its budgets was not, and all are below ``MIN_SIZE_RATIO``.

    Args:
        name: Whose policy it is.
        optimal: The small model's policy.
        bins: Those that it was made with [problems].
        larger: 1 where the larger model's greedy answer is right [problems].
        size_ratio: M, how many times more parameters the larger model has.
    """
    if size_ratio < MIN_SIZE_RATIO:
        return {}
    member, right = np.asarray(bins, np.int64), np.asarray(larger, float)
    numbers = range(1, len(optimal.by_bin) + 1)
    easy, hard = [b for b in numbers if b <= EASY], [b for b in numbers if b > EASY]
    ratios = RATIOS["v1"]
    lowest, highest = min(ratios), max(ratios)
    sized = f"M = {size_ratio:.1f}"

    def lead(chosen: Sequence[int], chosen_ratios: Sequence[float]) -> Interval | None:
        budgets = [budget_multiplier(size_ratio, r, "v1") for r in chosen_ratios]
        if not all(within(optimal, budget) for budget in budgets):
            return None
        return matched_difference(optimal, member, right, chosen, budgets)

    margins = {
        f"{name}: small - larger ({sized}) on bins 1 to {EASY}, mean over R": lead(easy, ratios),
        f"{name}: small - larger ({sized}) at R = {lowest}": lead(numbers, [lowest]),
        f"{name}: larger ({sized}) - small on bins {EASY + 1} and {EASY + 2}, mean over R": _turned(lead(hard, ratios)),
        f"{name}: larger ({sized}) - small at R = {highest:g}": _turned(lead(numbers, [highest])),
    }
    return {key: quantity(interval, ASSUMED) for key, interval in margins.items() if interval is not None}


def _turned(interval: Interval | None) -> Interval | None:
    return None if interval is None else -interval
