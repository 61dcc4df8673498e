"""Accuracy against what was spent, with the bootstrap resamples that made its interval, so that curves can be compared.

In: per-problem accuracies at budgets, and per-problem costs if the axis is not the budget itself. Out: a ``Curve`` whose
rows of ``resampled`` are paired with those of every curve made with the same resamples. The axis is in any unit
(generations, tokens, FLOPs a problem); values between budgets are interpolated on the logarithm of the axis. Points keep the
order of their budgets, in the estimate and in every resample, so that a column is one budget; a cost need not rise with it (a
policy may choose a cheaper strategy at a larger budget), so what reads a curve at a spending sorts it first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats
from stepscale.estimators.intervals import Interval, resample_counts

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Curve:
    """``x`` and ``accuracy`` [budgets], in order of budgets; ``x_resampled`` and ``resampled`` [resamples, budgets]."""

    x: Floats
    accuracy: Floats
    x_resampled: Floats
    resampled: Floats

    @property
    def interval(self) -> Interval:
        """Accuracy at each budget with its 95 % interval."""
        return interval_of(self.accuracy, self.resampled)

    def at(self, x: ArrayLike) -> Interval:
        """Accuracy at each spending ``x`` [...], with its interval; NaN outside of what was measured."""
        wanted = np.atleast_1d(np.asarray(x, float))
        estimate = interpolated(self.x[None], self.accuracy[None], wanted)[0]
        return known_interval(estimate, at_nearest(self.x_resampled, self.resampled, wanted[None]))


def curve(per_problem: ArrayLike, x: ArrayLike, resamples: int = 2000, seed: int = 0) -> Curve:
    """The curve of accuracies [problems, budgets]; ``x``: the budgets [budgets], or costs [problems, budgets].

    Raises InputError on other shapes, no problems, or spending that is not above 0.
    """
    values, spent = np.asarray(per_problem, float), np.asarray(x, float)
    if values.ndim != 2 or not len(values) or spent.shape not in (values.shape, values.shape[1:]):
        raise InputError(
            f"a curve needs accuracies [problems, budgets] and as many budgets, not {values.shape}, {spent.shape}"
        )
    counts = with_estimate(resample_counts(len(values), resamples, seed))
    axis = counts @ spent / len(values) if spent.ndim == 2 else np.broadcast_to(spent, (len(counts), len(spent)))
    return from_rows(axis, counts @ values / len(values))


def difference(first: Curve, second: Curve) -> Interval:
    """``first`` minus ``second`` at each of their budgets, paired. Raises InputError if budgets or resamples differ."""
    if not np.array_equal(first.x, second.x) or len(first.resampled) != len(second.resampled):
        raise InputError(
            "curves are compared at the same budgets with the same resamples; make both with the same ones"
        )
    return interval_of(first.accuracy - second.accuracy, first.resampled - second.resampled)


def with_estimate(counts: Counts) -> Counts:
    """A first row in which every problem counts once (the estimate itself), then the resamples [1 + resamples, problems]."""
    return np.vstack([np.ones((1, counts.shape[1]), np.int64), counts])


def from_rows(x: Floats, accuracy: Floats) -> Curve:
    """The curve of rows [1 + resamples, budgets], the first of which is the estimate. Raises InputError where x <= 0."""
    if not (x > 0).all():
        raise InputError("spending must be above 0 at every budget to stand on a logarithmic axis")
    return Curve(x[0], accuracy[0], x[1:], accuracy[1:])


def interval_of(estimate: Floats, resampled: Floats, level: float = 0.95) -> Interval:
    """Percentile interval of an estimate [...] from its resamples [resamples, ...]."""
    tail = (1 - level) / 2
    low, high = np.quantile(resampled, [tail, 1 - tail], axis=0)
    return Interval(np.asarray(estimate, float), low, high)


def known_interval(estimate: Floats, resampled: Floats) -> Interval:
    """``interval_of`` where the estimate [n] has a value; NaN elsewhere."""
    found = interval_of(estimate, resampled)
    low, high = (np.where(np.isnan(estimate), np.nan, bound) for bound in (found.low, found.high))
    return Interval(estimate, low, high)


def by_spending(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Each row of x [R, K] sorted, and its y with it: what lies between two points depends on spending, not on budgets."""
    order = np.argsort(x, axis=1, kind="stable")
    return np.take_along_axis(x, order, 1), np.take_along_axis(y, order, 1)


def at_nearest(x: Floats, y: Floats, wanted: Floats) -> Floats:
    """``interpolated``, but a row that ends before a spending is read at its end: [R, n].

    For the resamples of an estimate that has a value there. Those whose own spending ends a little before are no less likely than
    the others, and dearer or cheaper for the problems they hold: to drop them would choose among problems.
    """
    return interpolated(x, y, np.clip(wanted, x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)))


def interpolated(x: Floats, y: Floats, wanted: Floats) -> Floats:
    """Rows of y [R, K] over x [R, K] at spendings ``wanted`` [n] or [R, n], linear in log x; NaN outside: [R, n]."""
    x, y = by_spending(x, y)
    at = np.broadcast_to(wanted, (len(x), np.shape(wanted)[-1]))
    above = np.minimum((x[:, None, :] <= at[:, :, None]).sum(axis=2), x.shape[1] - 1)
    below = np.maximum(above - 1, 0)
    x0, x1 = np.take_along_axis(x, below, 1), np.take_along_axis(x, above, 1)
    y0, y1 = np.take_along_axis(y, below, 1), np.take_along_axis(y, above, 1)
    inside = (at >= x[:, :1]) & (at <= x[:, -1:])
    share = np.log(np.where(inside, at, x0) / x0) / np.where(x1 > x0, np.log(x1 / x0), 1.0)
    return np.where(inside, y0 + share * (y1 - y0), np.nan)
