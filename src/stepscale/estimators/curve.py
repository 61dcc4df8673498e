"""Accuracy against what was spent, with the bootstrap resamples that made its interval, so that curves can be compared.

In: accuracies of problems at budgets, and their costs if the axis is not the budget itself. Out: a ``Curve``, paired with every
curve made with the same resamples. The axis is in any unit (generations, tokens, FLOPs per problem). Between budgets values lie
on a line over its logarithm. Points keep the order of their budgets, so that a column is one budget. A cost need not rise with
the budget, so code that reads a curve at a spending sorts it first.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stepscale.errors import InputError, in_short
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_numbers, checked_values
from stepscale.estimators.intervals import Interval, interval_of
from stepscale.estimators.resampling import resample_counts, with_estimate


@dataclass(frozen=True)
class Curve:
    """Accuracy against spending.

    Attributes:
        x: Spending per problem, in any unit, in the order of budgets [budgets].
        accuracy: Expected accuracy [budgets].
        x_resampled: Spending in each bootstrap resample [resamples, budgets].
        resampled: Accuracy in each resample [resamples, budgets].
    """

    x: Floats
    accuracy: Floats
    x_resampled: Floats
    resampled: Floats

    @property
    def interval(self) -> Interval:
        """Accuracy at each budget with its 95 % interval."""
        return interval_of(self.accuracy, self.resampled)

    @property
    def rows(self) -> tuple[Floats, Floats]:
        """Spending and accuracy [1 + resamples, budgets], the estimate first.

        Returns:
            Two arrays [1 + resamples, budgets]: spending per problem in the unit of ``x``, and accuracy in [0, 1]. Row 0 is the
            estimate; the rest are the resamples, paired row by row.
        """
        return np.vstack([self.x, self.x_resampled]), np.vstack([self.accuracy, self.resampled])

    def check_paired(self, other: "Curve") -> None:
        """Check that both curves were made with as many resamples.

        Args:
            other: A curve of the same problems.

        Raises:
            InputError: They were not.
        """
        if len(self.resampled) != len(other.resampled):
            raise InputError("paired curves need the same resamples and seed; make both with the same ones")

    def at(self, x: ArrayLike) -> Interval:
        """Accuracy at any spending, read between the budgets on the logarithmic axis.

        Args:
            x: Spending per problem [points], in the curve's unit.

        Returns:
            Accuracy with its 95 % interval [points]; NaN outside of what was measured.

        Raises:
            InputError: ``x`` is neither a number nor a list of them.
        """
        spending = np.atleast_1d(checked_numbers(x, "spending"))
        if spending.ndim > 1:
            raise InputError(f"spending must be a number or a list of them, not of shape {spending.shape}")
        estimate = interpolated(self.x[None], self.accuracy[None], spending)[0]
        return known_interval(estimate, at_nearest(self.x_resampled, self.resampled, spending[None]))


def check_curves(**curves: object) -> None:
    """Check that each is a curve.

    Args:
        **curves: By the name of the argument.

    Raises:
        InputError: One is something else.
    """
    for name, value in curves.items():
        if not isinstance(value, Curve):
            raise InputError(f"{name} is {in_short(value)}; give a Curve, as stepscale.estimators.curve makes it")


def curve(per_problem: ArrayLike, x: ArrayLike, resamples: int = 2000, seed: int = 0) -> Curve:
    """The curve of per-problem accuracies against budgets or costs.

    Args:
        per_problem: Accuracies [problems, budgets].
        x: The budgets [budgets], rising, or costs [problems, budgets], all above 0.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides the resamples; curves of the same problems, resamples and seed are paired.

    Returns:
        The curve, with its resamples, so that it can be compared with curves paired with it.

    Raises:
        InputError: Other shapes, no problems, a value that is not finite, budgets that do not rise, or spending that is not
            above 0.
    """
    values, spent = checked_values(per_problem, "accuracies"), checked_values(x, "budgets or costs")
    if values.ndim != 2 or spent.shape not in (values.shape, values.shape[1:]):
        raise InputError(
            f"a curve needs accuracies [problems, budgets] and as many budgets, not {values.shape}, {spent.shape}"
        )
    if spent.ndim == 1 and not (np.diff(spent) > 0).all():
        raise InputError(f"the budgets of a curve must rise, not {spent.tolist()}; sort them, with their accuracies")
    counts = with_estimate(resample_counts(len(values), resamples, seed))
    axis = counts @ spent / len(values) if spent.ndim == 2 else np.broadcast_to(spent, (len(counts), len(spent)))
    return from_rows(axis, counts @ values / len(values))


def difference(first: Curve, second: Curve) -> Interval:
    """``first`` minus ``second`` at each of their budgets, paired: intervals [budgets].

    Args:
        first: A curve.
        second: One at the same budgets, of the same problems, resamples and seed.

    Returns:
        Differences of accuracies [budgets] with their 95 % intervals.

    Raises:
        InputError: Budgets or resamples differ.
    """
    check_curves(first=first, second=second)
    if not np.array_equal(first.x, second.x) or len(first.resampled) != len(second.resampled):
        raise InputError("curves are compared at the same budgets and resamples; make both with the same ones")
    return interval_of(first.accuracy - second.accuracy, first.resampled - second.resampled)


def from_rows(x: Floats, accuracy: Floats) -> Curve:
    """The curve of rows [1 + resamples, budgets], the first of which is the estimate.

    Args:
        x: Spending, the estimate first [1 + resamples, budgets], above 0.
        accuracy: Likewise.

    Raises:
        InputError: Some x <= 0.
    """
    if not (x > 0).all():
        raise InputError("spending must be above 0 at every budget to stand on a logarithmic axis")
    return Curve(x[0], accuracy[0], x[1:], accuracy[1:])


def known_interval(estimate: Floats, resampled: Floats) -> Interval:
    """``interval_of`` where the estimate [n] has a value; NaN elsewhere.

    Args:
        estimate: Values [n], NaN where there is none.
        resampled: The same in each resample [resamples, n].
    """
    interval = interval_of(estimate, resampled)
    low, high = (np.where(np.isnan(estimate), np.nan, bound) for bound in (interval.low, interval.high))
    return Interval(estimate, low, high)


def by_spending(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Each row of x [R, K] sorted, and its y with it: what lies between two points depends on spending, not on budgets.

    Args:
        x: Spending of each row at its budgets [R, K].
        y: Accuracy there [R, K].
    """
    order = np.argsort(x, axis=1, kind="stable")
    return np.take_along_axis(x, order, 1), np.take_along_axis(y, order, 1)


def at_nearest(x: Floats, y: Floats, spending: Floats) -> Floats:
    """``interpolated``, but a row that ends before a spending is read at its end: [R, n].

    For the resamples of an estimate that has a value there. Those whose own spending ends a little before are no less likely than
    the others, and dearer or cheaper for the problems they hold. To drop them would choose among problems.

    Args:
        x: Spending of each row at its budgets [R, K], above 0.
        y: Accuracy there [R, K].
        spending: Where to read [n] or [R, n].
    """
    return interpolated(x, y, np.clip(spending, x.min(axis=1, keepdims=True), x.max(axis=1, keepdims=True)))


def interpolated(x: Floats, y: Floats, spending: Floats) -> Floats:
    """Rows of y over x, read at some spendings: linear in log x, NaN outside what a row covers.

    Args:
        x: Spending of each row at its budgets [R, K], above 0, in any order.
        y: Accuracy there [R, K].
        spending: Where to read [n] or [R, n].

    Returns:
        Accuracies [R, n].
    """
    x, y = by_spending(x, y)
    spent = np.broadcast_to(spending, (len(x), np.shape(spending)[-1]))
    above = np.minimum((x[:, None, :] <= spent[:, :, None]).sum(axis=2), x.shape[1] - 1)
    below = np.maximum(above - 1, 0)
    x0, x1 = np.take_along_axis(x, below, 1), np.take_along_axis(x, above, 1)
    y0, y1 = np.take_along_axis(y, below, 1), np.take_along_axis(y, above, 1)
    inside = (spent >= x[:, :1]) & (spent <= x[:, -1:])
    share = np.log(np.where(inside, spent, x0) / x0) / np.where(x1 > x0, np.log(x1 / x0), 1.0)
    return np.where(inside, y0 + share * (y1 - y0), np.nan)
