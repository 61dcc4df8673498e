"""95 % intervals of metrics over items, such as steps or solutions, that belong to problems.

In: what was scored, and the problem that each item belongs to. Out: (low, high). The items of a problem stand or fall together,
so problems are resampled, each with all of its items. A resample in which a metric is not defined is left out; the bounds are nan
where it is defined in none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Bools, Floats
from stepscale.estimators.checking import cell_values, checked_numbers
from stepscale.estimators.resampling import Counts, percentile_bounds, resample_counts

RESAMPLES = 1000
_MAX_CELLS_AT_ONCE = 2_000_000  # of resamples x items at a time: 16 MB per array
Bounds = tuple[float, float]


@dataclass(frozen=True)
class ProblemResamples:
    """Bootstrap resamples of the problems that some items belong to.

    Attributes:
        problem: The place of each item's problem [items].
        counts: How often each problem is in each resample [resamples, problems].
    """

    problem: NDArray[np.intp]
    counts: Counts

    def sums(self, values: ArrayLike) -> Floats:
        """Sums of ``values`` [items, k] over the items of each resample: [resamples, k].

        Args:
            values: Of each item [items, k].

        Returns:
            [resamples, k].

        Raises:
            InputError: There is not one row per item.
        """
        n = np.shape(values)[0]
        if n != len(self.problem):
            raise InputError(f"{n} values for the problems of {len(self.problem)} items; give one per item")
        by_problem = np.zeros((self.counts.shape[1], np.shape(values)[1]))
        np.add.at(by_problem, self.problem, np.asarray(values, float))
        return np.asarray(self.counts @ by_problem)


def checked_ranking(scores: ArrayLike, positive: ArrayLike) -> tuple[Floats, Bools]:
    """Scores and classes of items, as a ranking metric takes them.

    Args:
        scores: Numbers, infinite ones too [items].
        positive: Booleans, or 0 and 1 [items].

    Returns:
        Both [items].

    Raises:
        InputError: Other shapes, a score that is NaN, or a class that is neither true nor false.
    """
    values, classes = checked_numbers(scores, "scores"), checked_numbers(positive, "positive")
    if values.ndim != 1 or values.shape != classes.shape:
        raise InputError(f"{values.size} scores for {classes.size} classes; give one of each per item")
    if np.isnan(values).any():
        raise InputError("a score is NaN; score every item, or leave it out")
    if not np.isin(classes, (0, 1)).all():
        raise InputError("positive must be true or false for each item; correct it")
    return values, classes == 1


def problem_resamples(problem_ids: Sequence[str], resamples: int = RESAMPLES, seed: int = 0) -> ProblemResamples:
    """Resamples of the problems of some items.

    Args:
        problem_ids: The problem of each item [items]. Without items there is nothing to resample.
        resamples: Number of resamples, 1 or more.
        seed: Decides the resamples.

    Raises:
        InputError: A number is not whole or too small.
    """
    cells = cell_values(np.fromiter(problem_ids, object, len(problem_ids)))  # an id that is a tuple stays one id
    names, problem = np.unique(cells, return_inverse=True)
    counts = resample_counts(len(names), resamples, seed) if len(names) else np.zeros((resamples, 0), np.int64)
    return ProblemResamples(problem, counts)


def percentiles(resampled: ArrayLike) -> Bounds:
    """The 95 % percentile interval of a metric's resamples, of which nan ones are left out.

    Args:
        resampled: [resamples].
    """
    values = np.asarray(resampled, float)
    defined = values[~np.isnan(values)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = percentile_bounds(defined)
    return float(low), float(high)


def with_bounds(name: str, value: float, bounds: Bounds) -> dict[str, float]:
    """A metric and its interval as they stand among others: ``name``, ``name_low``, ``name_high``.

    Args:
        name: Of the metric.
        value: Its estimate.
        bounds: Lower and upper bound.
    """
    return {name: value, f"{name}_low": bounds[0], f"{name}_high": bounds[1]}


def share_with_bounds(
    name: str, resamples: ProblemResamples, values: ArrayLike, among: ArrayLike | None = None
) -> dict[str, float]:
    """The mean of values over items, with its interval; nan over nothing.

    Args:
        name: Of the metric, and how the names of its bounds begin.
        resamples: Of the problems that the items belong to.
        values: Of each item [items].
        among: Items that count [items]; all where None.

    Returns:
        ``name``, ``name_low`` and ``name_high``.
    """
    numbers = np.asarray(values, float)
    inside = np.ones(len(numbers), bool) if among is None else np.asarray(among, bool)
    mean = float(numbers[inside].mean()) if inside.any() else float("nan")
    return with_bounds(name, mean, share_interval(resamples, np.where(inside, numbers, 0.0), inside))


def share_interval(resamples: ProblemResamples, part: ArrayLike, total: ArrayLike) -> Bounds:
    """Interval of a share: the sum of one quantity over that of another.

    Args:
        resamples: Of the problems that the items belong to.
        part: The numerator's terms [items].
        total: The denominator's terms [items].
    """
    return percentiles(resampled_share(resamples, part, total))


def auroc_interval(resamples: ProblemResamples, scores: ArrayLike, positive: ArrayLike) -> Bounds:
    """Interval of the probability that a positive item scores above a negative one, ties half.

    Args:
        resamples: Of the problems that the items belong to.
        scores: The higher, the surer that an item is positive [items].
        positive: Whether it is [items].

    Raises:
        InputError: As ``resampled_auroc`` raises it.
    """
    return percentiles(resampled_auroc(resamples, scores, positive))


def f1_interval(resamples: ProblemResamples, hit: ArrayLike, erroneous: ArrayLike) -> Bounds:
    """Interval of ProcessBench's F1: the harmonic mean of the shares of hits among erroneous solutions and among others.

    Args:
        resamples: Of the problems that the solutions belong to.
        hit: Whether the first error (or that there is none) was named [solutions].
        erroneous: Whether a solution has an error [solutions].
    """
    right, wrong = np.asarray(hit, bool), np.asarray(erroneous, bool)
    sums = resamples.sums(np.stack([right & wrong, wrong, right & ~wrong, ~wrong], 1))
    of_wrong, of_right = _ratio(sums[:, 0], sums[:, 1]), _ratio(sums[:, 2], sums[:, 3])
    total = of_wrong + of_right
    return percentiles(np.where(total == 0, 0.0, _ratio(2 * of_wrong * of_right, total)))


def resampled_share(resamples: ProblemResamples, part: ArrayLike, total: ArrayLike) -> Floats:
    """The sum of ``part`` over the sum of ``total`` in each resample [resamples]; nan where the whole is nothing.

    Args:
        resamples: Of the problems that the items belong to.
        part: The numerator's terms [items].
        total: The denominator's terms [items].
    """
    return _ratio(*resamples.sums(np.stack([np.asarray(part, float), np.asarray(total, float)], 1)).T)


def resampled_auroc(resamples: ProblemResamples, scores: ArrayLike, positive: ArrayLike) -> Floats:
    """The chance that a positive item scores above a negative one in each resample; nan where it lacks either kind.

    Args:
        resamples: Of the problems that the items belong to.
        scores: The higher, the surer that an item is positive [items].
        positive: Whether it is [items].

    Returns:
        Values [resamples].

    Raises:
        InputError: As ``checked_ranking``, or there is not one score per item.
    """
    values, truth = checked_ranking(scores, positive)
    if len(values) != len(resamples.problem):
        raise InputError(f"{len(values)} scores for the problems of {len(resamples.problem)} items; give one per item")
    order = np.argsort(values, kind="stable")
    values, problem, up = values[order], resamples.problem[order], truth[order]
    ties = np.flatnonzero(np.append(True, values[1:] != values[:-1]))  # where the next higher score begins
    chances = []
    for counts in np.array_split(resamples.counts, len(resamples.counts) * len(problem) // _MAX_CELLS_AT_ONCE + 1):
        weights = counts[:, problem].astype(float)
        positives = np.add.reduceat(weights * up, ties, axis=1)
        negatives = np.add.reduceat(weights * ~up, ties, axis=1)
        won = (positives * (negatives.cumsum(axis=1) - negatives / 2)).sum(axis=1)
        chances.append(_ratio(won, positives.sum(axis=1) * negatives.sum(axis=1)))
    return np.concatenate(chances)


def _ratio(part: Floats, total: Floats) -> Floats:
    """nan where the whole is nothing."""
    return np.asarray(np.divide(part, total, out=np.full(len(total), np.nan), where=total != 0))
