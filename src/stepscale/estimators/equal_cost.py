"""Accuracy at a cost: strategies read off their curves at the same spending, and paired differences there.

In: curves against one unit (generations, tokens or FLOPs a problem) made with the same resamples. Out: tables and intervals.
Between measured points a curve is a straight line over the logarithm of the spending; outside of them there is no value.
Each bootstrap resample is read off its own curve, at its own spending, so problems and their costs stay paired; where its curve
ends short of a spending that the estimate covers, at its end.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.checking import Floats
from stepscale.estimators.curve import Curve, at_nearest, interpolated, known_interval
from stepscale.estimators.intervals import Interval

POINTS = 5
COLUMNS = (
    "cost",
    "label",
    "accuracy",
    "low",
    "high",
    "error",
    "minus",
    "difference",
    "difference_low",
    "difference_high",
)


def accuracy_at_cost(
    curves: Mapping[str, Curve],
    baseline: str,
    at: Sequence[float] | None = None,
    errors: Mapping[str, Floats] | None = None,
) -> pd.DataFrame:
    """A row a (cost, curve): accuracy there, and its difference from the ``baseline``'s, both with 95 % intervals.

    ``errors``: Monte Carlo standard error at each of a curve's points; ``error`` is that of the accuracy at the most, NaN where
    it is not told.
    ``at``: spendings a problem in the curves' unit; if not told five, evenly spaced by their logarithm, from the least to the
    most that was measured of the baseline. NaN outside of what a curve covers. Raises InputError if the baseline is none of
    the curves or resamples differ.
    """
    if baseline not in curves:
        raise InputError(f"no curve {baseline!r} to compare with; there are {', '.join(curves)}")
    x = curves[baseline].x
    wanted = np.geomspace(x.min(), x.max(), POINTS) if at is None else np.asarray(at, float)
    rows = []
    for label, own in curves.items():
        told = own.at(wanted)
        gap = _paired(own, curves[baseline], wanted[None], wanted[None])
        for i, cost in enumerate(wanted):
            reached, apart = ((part.mean[i], part.low[i], part.high[i]) for part in (told, gap))
            error = error_at(own.x, (errors or {}).get(label), float(cost)) if reached[0] == reached[0] else np.nan
            rows.append([float(cost), label, *reached, error, baseline, *apart])
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values("cost", kind="stable", ignore_index=True)


def error_at(x: Floats, errors: Floats | None, cost: float) -> float:
    """The Monte Carlo error of what is read off a curve at a cost: at the most that of the larger of the points around it."""
    if errors is None or not len(errors):
        return float("nan")
    order = np.argsort(x[: len(errors)])
    at = int(np.searchsorted(x[order], cost))
    return float(np.max(errors[order][max(at - 1, 0) : at + 1]))


def lead_at_own_cost(own: Curve, other: Curve) -> Interval:
    """``own`` minus ``other`` at each of ``own``'s points, at the same spending; NaN where the other was not measured."""
    return _paired(own, other, own.x[None], own.x_resampled)


def _paired(own: Curve, other: Curve, x: Floats, x_resampled: Floats) -> Interval:
    if len(own.resampled) != len(other.resampled):
        raise InputError("paired curves need the same resamples and seed; make both with the same ones")
    ours, theirs = (interpolated(curve.x[None], curve.accuracy[None], x)[0] for curve in (own, other))
    mine, rivals = (at_nearest(curve.x_resampled, curve.resampled, x_resampled) for curve in (own, other))
    return known_interval(ours - theirs, mine - rivals)
