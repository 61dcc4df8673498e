"""Accuracy at a cost: strategies read off their curves at the same spending, and paired differences there.

In: curves against one unit (generations, tokens or FLOPs per problem) made with the same resamples. Out: tables and intervals.
Between measured points a curve is a straight line over the logarithm of the spending; outside of them there is no value. Each
resample is read off its own curve, so problems and their costs stay paired; beyond the end of its curve, at that end.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.errors import InputError, in_short
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_values
from stepscale.estimators.curve import Curve, at_nearest, check_curves, interpolated, known_interval
from stepscale.estimators.intervals import Interval

POINTS = 5
COLUMNS = ["cost", "label", "accuracy", "low", "high", "minus", "difference", "difference_low", "difference_high"]


def accuracy_at_cost(curves: Mapping[str, Curve], baseline: str, at: Sequence[float] | None = None) -> pd.DataFrame:
    """Curves read off at the same spending, with paired differences from one of them.

    Args:
        curves: By label, all against the same unit and made with the same resamples.
        baseline: The label of the curve to compare with.
        at: Spending per problem in the curves' unit; None: five values, evenly spaced by their logarithm, from the least to the
            most that was measured of the baseline.

    Returns:
        A row per (cost, curve): the accuracy there and its difference from the baseline's, both with 95 % intervals (NaN outside
        of what a curve covers).

    Raises:
        InputError: The baseline is not one of the curves, or resamples differ.
    """
    if not isinstance(curves, Mapping):
        raise InputError(f"curves must be a mapping from labels to curves, not {in_short(curves)}")
    if baseline not in list(curves):
        raise InputError(f"no curve {baseline!r} to compare with; there are {', '.join(curves)}")
    check_curves(**{f"curves[{label!r}]": one for label, one in curves.items()})
    x = curves[baseline].x
    costs = np.geomspace(x.min(), x.max(), POINTS) if at is None else checked_values(at, "spending")
    rows = []
    for label, curve in curves.items():
        accuracy = curve.at(costs)
        gap = _paired(curve, curves[baseline], costs[None], costs[None])
        for i, cost in enumerate(costs):
            reached, lead = ((interval.mean[i], interval.low[i], interval.high[i]) for interval in (accuracy, gap))
            rows.append([float(cost), label, *reached, baseline, *lead])
    return pd.DataFrame(rows, columns=COLUMNS).sort_values("cost", kind="stable", ignore_index=True)


def lead_at_own_cost(first: Curve, second: Curve) -> Interval:
    """``first`` minus ``second`` at each point of ``first``, at the same spending; NaN where ``second`` was not measured.

    Args:
        first: Whose spending decides where the two are compared.
        second: Is read between its budgets; same resamples.

    Returns:
        Differences of accuracies [points of ``first``] with their 95 % intervals.

    Raises:
        InputError: Resamples differ.
    """
    check_curves(first=first, second=second)
    return _paired(first, second, first.x[None], first.x_resampled)


def _paired(first: Curve, second: Curve, x: Floats, x_resampled: Floats) -> Interval:
    first.check_paired(second)
    estimates = [interpolated(curve.x[None], curve.accuracy[None], x)[0] for curve in (first, second)]
    resampled = [at_nearest(curve.x_resampled, curve.resampled, x_resampled) for curve in (first, second)]
    return known_interval(estimates[0] - estimates[1], resampled[0] - resampled[1])
