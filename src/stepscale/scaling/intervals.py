"""How sure a mean over problems is: percentile bootstrap over the problems, 95 % unless told otherwise.

In: per-problem values [problems, ...] (or a list of them, one a seed, averaged first: the problems are what is resampled).
Out: mean, low, high. For a difference pass the per-problem differences: problems are paired by construction.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from stepscale.errors import InputError
from stepscale.scaling.closed_form import Floats


@dataclass(frozen=True)
class Interval:
    """``mean``, ``low`` and ``high`` have the shape of one problem's value."""

    mean: Floats
    low: Floats
    high: Floats


def bootstrap_interval(per_problem: ArrayLike, resamples: int = 2000, seed: int = 0, level: float = 0.95) -> Interval:
    """The mean over problems and its interval. ``per_problem`` is [problems, ...]; raises InputError if empty."""
    values = np.asarray(per_problem, float)
    if values.ndim < 1 or len(values) == 0:
        raise InputError("no problems to average over")
    flat = values.reshape(len(values), -1)
    rng = np.random.default_rng(seed)
    # multinomial counts make a resample a matrix product
    counts = rng.multinomial(len(flat), np.full(len(flat), 1 / len(flat)), size=resamples)
    means = counts @ flat / len(flat)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    shape = values.shape[1:]
    return Interval(flat.mean(axis=0).reshape(shape), low.reshape(shape), high.reshape(shape))
