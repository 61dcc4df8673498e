"""What settles claims A3 and A4: quantities that should all lie above zero, each with its interval.

In: the points of trained verifiers. Out: named intervals for ``claims.settle``.
"""

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.intervals import Interval
from stepscale.studies.supervision.data_efficiency import data_efficiency
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS, crossed_interval, learning

MOST_DOUBLINGS = 10.0  # A4: a saving beyond 2 ** 10 counts as that


def a3_quantities(points: pd.DataFrame, n: int, resamples: int, seed: int) -> dict[str, Interval]:
    """Process over outcome by PRM_large over outcome by final answer at best-of-n, at every number of samples (A, 4.1).

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
        f"{name}, {size} per problem": crossed_interval(
            (arms[first].accuracy - arms[second].accuracy)[i], resamples, seed
        )
        for name, (first, second) in pairs.items()
        for i, size in enumerate(arms[0].sizes)
    }


def a4_quantities(points: pd.DataFrame, n: int, resamples: int, seed: int) -> dict[str, Interval]:
    """The labels that active learning saves against uniform ones, as doublings: 1.38 is the paper's 2.6 times (A, 4.2).

    Those that its selector learned from are counted among its labels.
    """
    efficiency = data_efficiency(points, ACTIVE, PROCESS, n, resamples, seed)
    saved = efficiency.log2_saved
    mean, low, high = (np.clip(bound, -MOST_DOUBLINGS, MOST_DOUBLINGS) for bound in (saved.mean, saved.low, saved.high))
    return {"log2 of the times fewer labels (2.6x is 1.38)": Interval(mean, low, high, efficiency.n_problems)}
