"""How sure a mean over problems is: percentile bootstrap over the problems, 95 % unless told otherwise.

In: per-problem values [problems, ...]. Out: mean, low, high. Differences are paired by problem. Where every problem has the same
value the interval has no width: the bootstrap cannot tell how likely another value is.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stepscale.errors import InputError
from stepscale.resampling import resample_counts as resample_counts  # what is paired with these intervals takes it here
from stepscale.scaling.closed_form import Floats


@dataclass(frozen=True)
class Interval:
    """``mean``, ``low`` and ``high`` have the shape of one problem's value."""

    mean: Floats
    low: Floats
    high: Floats


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
    return Interval(flat.mean(axis=0).reshape(shape), low.reshape(shape), high.reshape(shape))


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
