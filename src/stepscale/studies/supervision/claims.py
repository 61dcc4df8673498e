"""What settles claims A3 and A4: quantities that should all lie above their thresholds, each with its interval.

In: the points of trained verifiers. Out: named intervals for ``claims.settle``.
"""

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.horizontal_shift import ONE_SIDED
from stepscale.estimators.intervals import NOISE, interval_of
from stepscale.estimators.quantities import ASSUMED, REQUIRED, Quantity, quantity
from stepscale.studies.supervision.data_efficiency import data_efficiency
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS, crossed_interval, learning

FACTOR = 2.6  # A4: times fewer labels, as the paper prints it
RISES = 0.02  # A4: accuracy per doubling of labels that the control must gain for a saving to be read off its line


def a3_quantities(points: pd.DataFrame, n: int, resamples: int, seed: int) -> dict[str, Quantity]:
    """Process over outcome by PRM_large over outcome by final answer at best-of-n, at every number of samples (A, 4.1).

    Args:
        points: Points of all arms.
        n: Samples to choose from.
        resamples: Bootstrap resamples.
        seed: Decides them.

    Raises:
        InputError: An arm lacks a size, seed or problem that another has.
    """
    arms = [learning(points, arm, n) for arm in (PROCESS, BY_LARGE, BY_ANSWER)]
    if any(arm.sizes != arms[0].sizes or arm.accuracy.shape != arms[0].accuracy.shape for arm in arms):
        raise InputError(
            "claim A3 compares arms on the same sizes, seeds and problems; finish every cell of the experiment"
        )
    pairs = {"process - outcome by PRM_large": (0, 1), "outcome by PRM_large - outcome by final answer": (1, 2)}
    return {
        f"{name}, {size} per problem": quantity(
            crossed_interval((arms[first].accuracy - arms[second].accuracy)[i], resamples, seed), ASSUMED
        )
        for name, (first, second) in pairs.items()
        for i, size in enumerate(arms[0].sizes)
    }


def a4_quantities(points: pd.DataFrame, n: int, resamples: int, seed: int) -> dict[str, Quantity]:
    """The labels that active learning saves against uniform ones, as doublings: 1.38 is the paper's 2.6 times (A, 4.2).

    They must be more than the share ``REQUIRED`` of the paper's. Those that its selector learned from are counted among its
    labels. A saving is read off the control's line, so that must rise (``RISES``). In the estimate and in every resample it
    is no greater than the range of labels that the control was measured over, so it is never infinite.

    Args:
        points: Points of all arms.
        n: Samples to choose from.
        resamples: Bootstrap resamples.
        seed: Decides them.
    """
    efficiency = data_efficiency(points, ACTIVE, PROCESS, n, resamples, seed)
    saved, most, slope = efficiency.log2_saved, efficiency.doublings, float(efficiency.control.slope.mean)
    resampled = np.clip(saved.resampled, -most, most) if saved.resampled is not None else np.empty(0)
    estimate = np.clip(saved.mean, -most, most)
    unmet = f"the control gains {100 * slope:.1f} points per doubling of labels, and {100 * RISES:.0f} are needed"
    return {
        "log2 of the times fewer labels": quantity(
            interval_of(estimate, resampled, ONE_SIDED, efficiency.n_problems),
            effect=float(np.log2(FACTOR)),
            above=REQUIRED * float(np.log2(FACTOR)),
            unmet="" if slope >= RISES - NOISE else unmet,
            note=f"capped at the {most:.1f} doublings measured" if abs(float(saved.mean)) > most else "",
        )
    }
