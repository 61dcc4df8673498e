"""How sure a mean is: the one room for bootstrap intervals over problems, paired problems, groups, seeds and runs.

In: values of problems [problems, ...]. Out: ``Interval`` (mean, low, high). All are percentile bootstraps, 95 % unless told
otherwise; differences are paired by problem. ``clustered`` has the intervals of items (steps, solutions) within problems.

Where every problem has the same value the interval has no width: the bootstrap cannot tell how likely another value is. That is
why a claim needs a least number of problems (``report.claims``).
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from stepscale.errors import InputError, in_short
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_flags, checked_numbers, checked_values
from stepscale.estimators.resampling import (
    over_repeats,
    percentile_bounds,
    resample_counts,
    resampled_ratio,
    with_estimate,
)
from stepscale.seeds import seed_for

NOISE = 1e-9
"""Bounds so close to zero are zero: sums of floats that should be zero seldom are. One answer of one problem changes far more."""
MIN_PROBLEMS_TO_SETTLE = 30
"""On fewer nothing is settled: the bootstrap of few or equal differences is too narrow, or has no width at all."""


@dataclass(frozen=True)
class Interval:
    """A mean and its interval.

    Attributes:
        mean: The estimate, of the shape of one problem's value; ``low`` and ``high`` are its bounds.
        low: Lower bound.
        high: Upper bound.
        n_problems: How many problems it rests on; None where it is not said.
        level: Share of resamples between the bounds. At 0.90 each bound is a one-sided 95 % bound.
        resampled: The estimate in each resample [resamples, ...]; None where it is not known.
    """

    mean: Floats
    low: Floats
    high: Floats
    n_problems: int | None = None
    level: float = 0.95
    resampled: Floats | None = None

    @property
    def error(self) -> Floats | None:
        """Its standard error, the standard deviation of the resamples; None if these are not known."""
        return None if self.resampled is None else np.asarray(np.std(self.resampled, axis=0))

    def __neg__(self) -> "Interval":
        """The interval of minus the estimate."""
        resampled = None if self.resampled is None else -self.resampled
        return replace(self, mean=-self.mean, low=-self.high, high=-self.low, resampled=resampled)

    def __getitem__(self, place: int) -> "Interval":
        """The interval of one entry, for an estimate of several."""
        resampled = None if self.resampled is None else self.resampled[:, place]
        return replace(self, mean=self.mean[place], low=self.low[place], high=self.high[place], resampled=resampled)

    def cells(self, name: str, bounds: str = "") -> dict[str, Any]:
        """Mean and bounds as numbers, or lists of them, under the columns ``name``, ``{bounds}low`` and ``{bounds}high``.

        Args:
            name: Column of the mean.
            bounds: How the columns of the bounds begin.

        Returns:
            Values by column.
        """
        values = {name: self.mean, f"{bounds}low": self.low, f"{bounds}high": self.high}
        return {column: np.asarray(value).tolist() for column, value in values.items()}


def verdict(low: float, high: float, n_problems: int) -> str:
    """What a paired 95 % interval of a difference says about the first of the two.

    Args:
        low: Lower bound.
        high: Upper bound.
        n_problems: How many it rests on.

    Returns:
        "wins", "loses" or "undecided", as it is on fewer than ``MIN_PROBLEMS_TO_SETTLE``.
    """
    if n_problems < MIN_PROBLEMS_TO_SETTLE:
        return "undecided"
    return "wins" if low > NOISE else "loses" if high < -NOISE else "undecided"


def interval_of(estimate: Floats, resampled: Floats, level: float = 0.95, n_problems: int | None = None) -> Interval:
    """Percentile interval of an estimate [...] from its resamples [resamples, ...].

    Args:
        estimate: Values [...].
        resampled: The same in each resample [resamples, ...].
        level: Share of resamples within the interval, in (0, 1).
        n_problems: How many problems the estimate rests on.

    Returns:
        Mean, low and high of shape [...].
    """
    return Interval(np.asarray(estimate, float), *percentile_bounds(resampled, level), n_problems, level, resampled)


def interval_of_rows(rows: Floats) -> Interval:
    """As ``interval_of``, of rows [1 + resamples, ...] made with ``with_estimate``.

    Args:
        rows: The estimate, then its resamples [1 + resamples, ...].

    Returns:
        Mean, low and high of shape [...].
    """
    return interval_of(rows[0], rows[1:])


def bootstrap_interval(per_problem: ArrayLike, resamples: int = 2000, seed: int = 0, level: float = 0.95) -> Interval:
    """The mean over problems and its interval.

    Args:
        per_problem: Finite values [problems, ...].
        resamples: Number of bootstrap resamples, 1 or more.
        seed: Decides the resamples.
        level: Share of resamples within the interval, in (0, 1).

    Returns:
        Mean, low and high of shape [...].

    Raises:
        InputError: There are no problems, a value is not finite, or a setting is out of range.
    """
    values = checked_values(per_problem, "values")
    counts = resample_counts(len(values), resamples, seed)
    means = (counts @ values.reshape(len(values), -1) / len(values)).reshape(-1, *values.shape[1:])
    return interval_of(np.asarray(values.mean(axis=0)), means, level, len(values))


def paired_interval(
    first: ArrayLike, second: ArrayLike, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """The mean of ``first - second`` on the same problems and its interval, as ``bootstrap_interval`` gives them.

    Args:
        first: Finite values [problems, ...].
        second: Those of the other, for the same problems in the same order.
        resamples: Number of bootstrap resamples, 1 or more.
        seed: Decides the resamples.
        level: Share of resamples within the interval, in (0, 1).

    Returns:
        Mean, low and high of the difference, of shape [...].

    Raises:
        InputError: The shapes differ, or as for ``bootstrap_interval``.
    """
    minuend, subtrahend = checked_values(first, "first"), checked_values(second, "second")
    if minuend.shape != subtrahend.shape:
        raise InputError(f"a paired difference needs the same problems twice, not {minuend.shape}, {subtrahend.shape}")
    return bootstrap_interval(minuend - subtrahend, resamples, seed, level)


def groups_interval(
    per_problem: ArrayLike, first: ArrayLike, second: ArrayLike, resamples: int = 2000, seed: int = 0
) -> Interval:
    """The mean over one group of problems minus that over another, with its 95 % interval.

    How many of a group a resample holds is chance too, so each sum is divided by its own count. A group that a resample lacks
    keeps its estimate. The interval rests on the problems of both groups.

    Args:
        per_problem: Finite values [problems].
        first: Whether a problem is in the first group [problems].
        second: Whether it is in the second [problems].
        resamples: Number of bootstrap resamples, 1 or more.
        seed: Decides the resamples.

    Returns:
        Mean, low and high of the difference.

    Raises:
        InputError: A group is empty or of another length, or as for ``bootstrap_interval``.
    """
    values = checked_values(per_problem, "values")
    meaning = "True for a problem of the group"
    groups = [
        checked_flags(group, values.shape, f"the {ordinal} group", meaning)
        for ordinal, group in (("first", first), ("second", second))
    ]
    if not all(group.any() for group in groups):
        raise InputError("two groups of problems are compared, and one of them is empty")
    values = values - values[0]  # changes no difference; where all are equal it is then exactly 0
    counts = with_estimate(resample_counts(len(values), resamples, seed))
    means = [resampled_ratio(counts, values * group, group) for group in groups]
    return replace(interval_of_rows(means[0] - means[1]), n_problems=int((groups[0] | groups[1]).sum()))


def nested_interval(runs: Sequence[Floats], resamples: int = 2000, seed: int = 0, level: float = 0.95) -> Interval:
    """The mean over runs of each one's mean over its problems, every run counting the same, and its interval.

    In two levels: runs are resampled, and in each run its problems.

    Args:
        runs: Of each run its finite values [problems]; problems may differ between runs.
        resamples: Number of bootstrap resamples, 1 or more.
        seed: Decides the resamples.
        level: Share of resamples within the interval, in (0, 1).

    Returns:
        Mean, low and high.

    Raises:
        InputError: There is no run, or one without problems, or as for ``bootstrap_interval``.
    """
    if isinstance(runs, str | bytes | Set | Mapping) or not isinstance(runs, Iterable) or getattr(runs, "ndim", 1) < 1:
        raise InputError(f"runs must be a list with the values of each run, not {in_short(runs)}")
    lists = [checked_numbers(run, "values of a run") for run in runs]
    if not lists or any(run.ndim != 1 or not run.size for run in lists):
        raise InputError("no runs to average over, or one without a list of problems' values")
    values = [checked_values(run, "values of a run") for run in lists]
    estimates = np.array([float(np.mean(run)) for run in values])
    by_run = [
        resample_counts(len(run), resamples, seed_for(seed, "resampled-problems", sample_id=place)) @ run / len(run)
        for place, run in enumerate(values)
    ]
    means = over_repeats(np.stack(by_run), estimates, seed)
    return interval_of(np.asarray(estimates.mean()), means, level, sum(len(run) for run in values))
