"""How sure a verifier's metrics are: 95 % intervals over problems, whose steps and solutions stand or fall together.

In: what was scored, and the problem that each item (step or solution) belongs to. Out: (low, high). A problem is drawn with all
of its items. A resample in which a metric is not defined is left out; nan where it is defined in none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.estimators.resampling import resample_counts

RESAMPLES = 1000
_CELLS = 2_000_000  # of resamples x items at a time: 16 MB an array
Floats = NDArray[np.float64]
Bounds = tuple[float, float]


@dataclass(frozen=True)
class Draws:
    """``of`` [items]: the place of each item's problem. ``counts`` [resamples, problems]: how often it is drawn."""

    of: NDArray[np.intp]
    counts: NDArray[np.int64]

    def sums(self, values: ArrayLike) -> Floats:
        """Sums of ``values`` [items, k] over the items of each resample: [resamples, k]."""
        by_problem = np.zeros((self.counts.shape[1], np.shape(values)[1]))
        np.add.at(by_problem, self.of, np.asarray(values, float))
        return np.asarray(self.counts @ by_problem)


def draws(problem_ids: Sequence[str], resamples: int = RESAMPLES, seed: int = 0) -> Draws:
    """Bootstrap resamples of the problems of some items; ``problem_ids``: one an item. Of no items there is nothing to draw."""
    names, of = np.unique(np.asarray(problem_ids, object), return_inverse=True)
    counts = resample_counts(len(names), resamples, seed) if len(names) else np.zeros((resamples, 0), np.int64)
    return Draws(of, counts)


def percentiles(resampled: ArrayLike) -> Bounds:
    """The 95 % percentile interval of a metric's resamples [resamples]."""
    values = np.asarray(resampled, float)
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def share_interval(drawn: Draws, part: ArrayLike, whole: ArrayLike) -> Bounds:
    """Of the sum of ``part`` over the sum of ``whole``, both [items]."""
    return percentiles(resampled_share(drawn, part, whole))


def with_bounds(name: str, value: float, bounds: Bounds) -> dict[str, float]:
    """A metric and its interval as they stand among others: ``name``, ``name_low``, ``name_high``."""
    return {name: value, f"{name}_low": bounds[0], f"{name}_high": bounds[1]}


def told_share(name: str, drawn: Draws, part: ArrayLike, of: ArrayLike | None = None) -> dict[str, float]:
    """The mean of ``part`` [items], over those ``of`` alone if given, with its interval; nan over nothing."""
    values = np.asarray(part, float)
    inside = np.ones(len(values), bool) if of is None else np.asarray(of, bool)
    mean = float(values[inside].mean()) if inside.any() else float("nan")
    return with_bounds(name, mean, share_interval(drawn, np.where(inside, values, 0.0), inside))


def auroc_interval(drawn: Draws, scores: ArrayLike, positive: ArrayLike) -> Bounds:
    """Of the probability that a positive item scores above a negative one, ties half; both [items]."""
    return percentiles(resampled_auroc(drawn, scores, positive))


def resampled_share(drawn: Draws, part: ArrayLike, whole: ArrayLike) -> Floats:
    """The sum of ``part`` over the sum of ``whole`` in each resample [resamples]; nan where the whole is nothing."""
    return _ratio(*drawn.sums(np.stack([np.asarray(part, float), np.asarray(whole, float)], 1)).T)


def resampled_auroc(drawn: Draws, scores: ArrayLike, positive: ArrayLike) -> Floats:
    """That probability in each resample [resamples]; nan where it lacks positive or negative items."""
    values, truth = np.asarray(scores), np.asarray(positive, bool)
    order = np.argsort(values, kind="stable")
    values, of, up = values[order], drawn.of[order], truth[order]
    ties = np.flatnonzero(np.append(True, values[1:] != values[:-1]))  # where the next higher score begins
    found = []
    for counts in np.array_split(drawn.counts, len(drawn.counts) * len(of) // _CELLS + 1):
        weights = counts[:, of].astype(float)
        positives = np.add.reduceat(weights * up, ties, axis=1)
        negatives = np.add.reduceat(weights * ~up, ties, axis=1)
        won = (positives * (negatives.cumsum(axis=1) - negatives / 2)).sum(axis=1)
        found.append(_ratio(won, positives.sum(axis=1) * negatives.sum(axis=1)))
    return np.concatenate(found)


def f1_interval(drawn: Draws, hit: ArrayLike, erroneous: ArrayLike) -> Bounds:
    """Of ProcessBench's F1: the harmonic mean of the shares of hits among erroneous solutions and others; both [solutions]."""
    right, wrong = np.asarray(hit, bool), np.asarray(erroneous, bool)
    sums = drawn.sums(np.stack([right & wrong, wrong, right & ~wrong, ~wrong], 1))
    one, other = _ratio(sums[:, 0], sums[:, 1]), _ratio(sums[:, 2], sums[:, 3])
    return percentiles(np.where(one + other == 0, 0.0, _ratio(2 * one * other, one + other)))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """nan where the whole is nothing."""
    return np.asarray(np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole != 0))
