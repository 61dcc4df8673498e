"""How sure a mean over problems is: percentile bootstrap over the problems, 95 % unless told otherwise.

In: per-problem values [problems, ...]. Out: mean, low, high. Differences are paired by problem. Where every problem has the same
value the interval has no width: the bootstrap cannot tell how likely another value is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats
from stepscale.estimators.resampling import (
    resample_counts as resample_counts,  # what is paired with these intervals takes it here
)


@dataclass(frozen=True)
class Interval:
    """``mean``, ``low`` and ``high`` have the shape of one problem's value. ``n_problems``: how many it rests on, where told."""

    mean: Floats
    low: Floats
    high: Floats
    n_problems: int | None = None


def verdict(low: float, high: float) -> str:
    """What a paired 95 % interval of a difference says of the first of the two."""
    return "wins" if low > 0 else "loses" if high < 0 else "undecided"


def bootstrap_interval(per_problem: ArrayLike, resamples: int = 2000, seed: int = 0, level: float = 0.95) -> Interval:
    """The mean over problems and its interval. ``per_problem`` is [problems, ...]; raises InputError if empty."""
    values = np.asarray(per_problem, float)
    if values.ndim < 1 or len(values) == 0:
        raise InputError("no problems to average over")
    flat = values.reshape(len(values), -1)
    means = resample_counts(len(flat), resamples, seed) @ flat / len(flat)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    shape = values.shape[1:]
    return Interval(flat.mean(axis=0).reshape(shape), low.reshape(shape), high.reshape(shape), len(flat))


def paired_interval(
    first: ArrayLike, second: ArrayLike, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """The mean of ``first - second`` on the same problems, both [problems, ...]. Raises InputError if the shapes differ."""
    one, other = np.asarray(first, float), np.asarray(second, float)
    if one.shape != other.shape:
        raise InputError(
            f"a paired difference needs the same problems on both sides, not {one.shape} and {other.shape}"
        )
    return bootstrap_interval(one - other, resamples, seed, level)


def groups_interval(
    per_problem: ArrayLike, first: ArrayLike, second: ArrayLike, resamples: int = 2000, seed: int = 0
) -> Interval:
    """The mean of ``per_problem`` [problems] over one group of problems minus that over another, with its 95 % interval.

    ``first`` and ``second`` [problems]: whether a problem is in the group. How many of a group a resample draws is chance too, so
    each sum is divided by its own count; a group that a resample lacks keeps its estimate. It rests on the problems of both.
    Raises InputError if one is empty.
    """
    values, groups = np.asarray(per_problem, float), [np.asarray(group, bool) for group in (first, second)]
    if not all(group.any() for group in groups):
        raise InputError("two groups of problems are compared, and one of them is empty")
    values = values - values[0]  # changes no difference; where all are equal it is then exactly 0
    counts = np.vstack([np.ones((1, len(values)), np.int64), resample_counts(len(values), resamples, seed)])
    one, other = (drawn_means(counts, values * group, group) for group in groups)
    low, high = np.quantile(one[1:] - other[1:], [0.025, 0.975])
    return Interval(np.asarray(one[0] - other[0]), low, high, int((groups[0] | groups[1]).sum()))


def drawn_means(counts: NDArray[np.int64], sums: ArrayLike, sizes: ArrayLike) -> Floats:
    """Sum of the problems' ``sums`` over that of their ``sizes``, each as often as a row of ``counts`` drew it: [rows].

    Where a row drew nothing it has the value of the first row, the estimate; 0 if that has none either.
    """
    size = counts @ np.asarray(sizes, float)
    means = counts @ np.asarray(sums, float) / np.maximum(size, 1)
    return np.asarray(np.where(size > 0, means, means[0]))
