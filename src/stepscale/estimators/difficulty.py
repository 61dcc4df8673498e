"""How hard a problem is for a generator, and five bins of equal size (Snell et al. 2024, 3.2 and C).

In: correctness or verifier scores of samples [problems, samples]. Out: easiness per problem in [0, 1] (1: always solved), and
bins 1 (easiest) to 5 (hardest). Oracle: pass@1, which needs the gold answers. Predicted: the verifier's mean final-answer
score, which needs none. The paper takes 2048 samples and does not count them. A few probe samples give an estimate whose cost can
be counted (``online_policy``).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Bools, Floats
from stepscale.estimators.checking import (
    checked_count,
    checked_mask,
    checked_numbers,
    checked_samples,
    checked_scores,
    checked_table,
    checked_values,
)
from stepscale.estimators.intervals import interval_of_rows
from stepscale.estimators.names import checked_ids
from stepscale.estimators.resampling import resample_counts, with_estimate
from stepscale.seeds import seed_for

Bins = NDArray[np.int64]
N_BINS = 5


def oracle_easiness(correct: ArrayLike, mask: ArrayLike | None = None) -> Floats:
    """Pass@1: the share of all samples that are right; an unanswered sample is wrong.

    Args:
        correct: 0 or 1, or booleans [problems, samples].
        mask: True for an answered sample [problems, samples]; None: all are.

    Returns:
        Easiness in [0, 1], [problems].

    Raises:
        InputError: Shapes differ, or ``correct`` is not 0 or 1.
    """
    right, _ = checked_samples(correct, mask)
    return np.asarray(right.mean(axis=1))


def predicted_easiness(scores: ArrayLike, mask: ArrayLike | None = None) -> Floats:
    """A verifier's mean score over all samples; an unanswered sample counts as 0, for it cannot be right.

    Args:
        scores: Scores [problems, samples], such as P(right).
        mask: True for an answered sample [problems, samples]; None: all are.

    Returns:
        Easiness [problems], in the unit of the scores.

    Raises:
        InputError: Shapes differ, or an answered sample has no score.
    """
    table = checked_table(scores, "scores")
    answered = checked_mask(mask, table.shape)
    return np.asarray(np.where(answered, checked_scores(table, answered), 0.0).mean(axis=1))


def probe_easiness(
    scores: ArrayLike, mask: ArrayLike, ids: Sequence[str], n_probes: int, seed: int = 0
) -> tuple[Floats, Bools]:
    """As ``predicted_easiness`` from a few random samples per problem, whose choice depends on the problem's id alone.

    Args:
        scores: Scores [problems, samples].
        mask: True for an answered sample [problems, samples].
        ids: Problem ids [problems].
        n_probes: Samples to draw per problem.
        seed: Decides which.

    Returns:
        Easiness [problems], and which samples were drawn [problems, samples].

    Raises:
        InputError: Shapes differ, or there are fewer samples.
    """
    table = checked_table(scores, "scores")
    answered, n_probes = checked_mask(mask, table.shape), checked_count(n_probes, "n_probes")
    names, seed = checked_ids(ids, number=len(table)), checked_count(seed, "seed", 0)
    if n_probes > table.shape[1]:
        raise InputError(f"n_probes must lie in 1..{table.shape[1]}, not {n_probes}")
    probed = np.zeros(table.shape, bool)
    for row, problem_id in enumerate(names):
        rng = np.random.default_rng(seed_for(seed, "probe", problem_id))
        probed[row, rng.choice(table.shape[1], n_probes, replace=False)] = True
    shape = (len(table), n_probes)
    return predicted_easiness(table[probed].reshape(shape), answered[probed].reshape(shape)), probed


def quantile_bins(easiness: ArrayLike, ids: Sequence[str], n_bins: int = N_BINS, seed: int = 0) -> Bins:
    """Difficulty bins of equal size (Snell et al. 2024, 3.2); sizes differ by one at the most.

    Problems of equal easiness that straddle a border are divided by a named seed of their ids, so bins do not depend on the
    order of the table.

    Args:
        easiness: Finite values [problems]; larger is easier.
        ids: Problem ids [problems].
        n_bins: Number of bins.
        seed: Decides how ties are divided.

    Returns:
        Bin of each problem [problems], 1 (easiest) to ``n_bins`` (hardest).

    Raises:
        InputError: Lengths differ, a value is not finite, or there are fewer problems than bins.
    """
    values, n_bins = checked_numbers(easiness, "easiness"), checked_count(n_bins, "n_bins")
    names, seed = checked_ids(ids), checked_count(seed, "seed", 0)
    if values.shape != (len(names),) or len(values) < n_bins or not np.isfinite(values).all():
        raise InputError(f"{n_bins} difficulty bins need an easiness for each of at least {n_bins} problems")
    ties = np.array([seed_for(seed, "difficulty-tie", problem_id) for problem_id in names], np.uint64)
    order = np.lexsort((ties, -values))
    bins = np.empty(len(values), np.int64)
    bins[order] = np.arange(len(values)) * n_bins // len(values) + 1
    return bins


def bin_borders(easiness: ArrayLike, n_bins: int = N_BINS) -> Floats:
    """Easiness at the borders of the bins, falling [n_bins - 1]: for problems that are not there when bins are made.

    Args:
        easiness: pass@1 or a prediction of it [problems].
        n_bins: Number of bins of equal size.

    Raises:
        InputError: There are no problems, an easiness is not finite, or ``n_bins`` is not a whole number of 1 or more.
    """
    shares = 1 - np.arange(1, checked_count(n_bins, "n_bins")) / n_bins
    return np.asarray(np.quantile(checked_values(easiness, "easiness"), shares))


def bins_by_border(easiness: ArrayLike, borders: ArrayLike) -> Bins:
    """Bin (1 easiest) of each problem by the borders of others; an easiness equal to a border is the easier bin's.

    Args:
        easiness: Of the problems to place [problems].
        borders: As ``bin_borders`` gives them, falling.

    Raises:
        InputError: There are no problems, or a value is not a finite number.
    """
    rising = checked_numbers(borders, "borders")[::-1]
    values = checked_values(easiness, "easiness")
    return (len(rising) + 1 - np.searchsorted(rising, values, side="right")).astype(np.int64)


def rank_correlation(first: ArrayLike, second: ArrayLike, resamples: int = 2000, seed: int = 0) -> dict[str, float]:
    """Spearman's correlation of two estimates of the same problems, with its 95 % interval.

    The bootstrap is over problems, with the ranks of all of them. The correlation is 0 where an estimate does not vary.

    Args:
        first: Finite values [problems].
        second: Those of the other estimate, for the same problems.
        resamples: Number of bootstrap resamples.
        seed: Decides the resamples.

    Returns:
        ``correlation``, ``low`` and ``high``.

    Raises:
        InputError: Lengths differ, a value is not finite, or there are fewer than two problems.
    """
    values = [checked_values(estimate, "values") for estimate in (first, second)]
    if values[0].ndim != 1 or values[0].shape != values[1].shape or len(values[0]) < 2:
        raise InputError(f"a correlation needs values of the same problems, not {values[0].shape}, {values[1].shape}")
    ranks = [np.asarray(pd.Series(estimate).rank()) for estimate in values]
    counts = with_estimate(resample_counts(len(ranks[0]), resamples, seed))
    interval = interval_of_rows(_correlation(ranks[0], ranks[1], counts))
    return {"correlation": float(interval.mean), "low": float(interval.low), "high": float(interval.high)}


def _correlation(first: Floats, second: Floats, counts: NDArray[np.int64]) -> Floats:
    """Pearson's correlation of each resample [resamples]."""
    x, y = first - first.mean(), second - second.mean()
    total = counts.sum(axis=1)
    means = [counts @ values / total for values in (x, y, x * x, y * y, x * y)]
    covariance = means[4] - means[0] * means[1]
    spread = np.maximum(means[2] - means[0] ** 2, 0) * np.maximum(means[3] - means[1] ** 2, 0)
    return np.where(spread > 1e-18, covariance / np.sqrt(np.maximum(spread, 1e-18)), 0.0)
