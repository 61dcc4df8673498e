"""How hard a problem is for a generator, and five bins of equal size (Snell et al. 2024, 3.2 and C).

In: correctness or verifier scores of samples [problems, samples]. Out: easiness a problem in [0, 1] (1: always solved), and
bins 1 (easiest) to 5 (hardest). Oracle: pass@1, which needs the gold answers. Predicted: the verifier's mean final-answer
score, which needs none. The paper takes 2048 samples and does not count them; a few probe samples give an estimate whose
cost can be counted (``online_policy``). Knows nothing of strategies.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Bools, Floats, checked
from stepscale.estimators.intervals import resample_counts
from stepscale.seeds import seed_for

Bins = NDArray[np.int64]
N_BINS = 5


def oracle_easiness(correct: ArrayLike, mask: ArrayLike | None = None) -> Floats:
    """Pass@1 [problems]: the share of all samples that are right; an unanswered sample (mask False) is wrong."""
    right, _ = checked(correct, mask, ())
    return np.asarray(right.mean(axis=1))


def predicted_easiness(scores: ArrayLike, mask: ArrayLike | None = None) -> Floats:
    """Mean score [problems] of a verifier over all samples; an unanswered sample counts as 0, for it cannot be right.

    Raises InputError where an answered sample has no score.
    """
    given = np.asarray(scores, float)
    answered = np.ones(given.shape, bool) if mask is None else np.asarray(mask, bool)
    if given.ndim != 2 or given.shape != answered.shape or np.isnan(given[answered]).any():
        raise InputError(f"scores must be numbers [problems, samples], one for each answered sample, not {given.shape}")
    return np.asarray(np.where(answered, given, 0.0).mean(axis=1))


def probe_easiness(
    scores: ArrayLike, mask: ArrayLike, ids: Sequence[str], n_probes: int, seed: int = 0
) -> tuple[Floats, Bools]:
    """As ``predicted_easiness`` from ``n_probes`` random samples a problem, named by its id; and which were drawn.

    Returns (easiness [problems], drawn [problems, samples]). Raises InputError if there are fewer samples.
    """
    given, answered = np.asarray(scores, float), np.asarray(mask, bool)
    if given.shape != answered.shape or not 1 <= n_probes <= given.shape[1]:
        raise InputError(f"n_probes must lie in 1..{given.shape[1]} (samples a problem), not {n_probes}")
    drawn = np.zeros(given.shape, bool)
    for row, problem_id in enumerate(ids):
        rng = np.random.default_rng(seed_for(seed, "probe", problem_id))
        drawn[row, rng.choice(given.shape[1], n_probes, replace=False)] = True
    kept = given[drawn].reshape(len(given), n_probes), answered[drawn].reshape(len(given), n_probes)
    return predicted_easiness(*kept), drawn


def quantile_bins(easiness: ArrayLike, ids: Sequence[str], n_bins: int = N_BINS, seed: int = 0) -> Bins:
    """Bin of each problem, 1 (easiest) to ``n_bins`` (hardest); sizes differ by one at the most.

    Problems of equal easiness that straddle a border are divided by a named seed of their ids, so bins do not depend on the
    order of the table. Raises InputError if there are fewer problems than bins.
    """
    values = np.asarray(easiness, float)
    if len(values) != len(ids) or len(values) < n_bins or np.isnan(values).any():
        raise InputError(f"{n_bins} difficulty bins need an easiness for each of at least {n_bins} problems")
    ties = np.array([seed_for(seed, "difficulty-tie", problem_id) for problem_id in ids], np.uint64)
    order = np.lexsort((ties, -values))
    bins = np.empty(len(values), np.int64)
    bins[order] = np.arange(len(values)) * n_bins // len(values) + 1
    return bins


def bin_borders(easiness: ArrayLike, n_bins: int = N_BINS) -> Floats:
    """Easiness at the borders of the bins, falling [n_bins - 1]: for problems that are not there when bins are made."""
    shares = 1 - np.arange(1, n_bins) / n_bins
    return np.asarray(np.quantile(np.asarray(easiness, float), shares))


def bins_by_border(easiness: ArrayLike, borders: ArrayLike) -> Bins:
    """Bin (1 easiest) of each problem by the borders of others; an easiness equal to a border is the easier bin's."""
    rising = np.asarray(borders, float)[::-1]
    return (len(rising) + 1 - np.searchsorted(rising, np.asarray(easiness, float), side="right")).astype(np.int64)


def rank_correlation(first: ArrayLike, second: ArrayLike, resamples: int = 2000, seed: int = 0) -> dict[str, float]:
    """Spearman's correlation of two estimates of the same problems: ``correlation``, and ``low``, ``high`` (95 %).

    By a bootstrap over problems with the ranks of all of them. 0 where an estimate does not vary.
    """
    one, other = (np.asarray(pd.Series(np.asarray(x, float)).rank()) for x in (first, second))
    if len(one) != len(other) or len(one) < 2:
        raise InputError(f"a correlation needs two values of the same problems, not {len(one)} and {len(other)}")
    counts = resample_counts(len(one), resamples, seed)
    low, high = np.quantile(_correlation(one, other, counts), [0.025, 0.975])
    estimate = _correlation(one, other, np.ones((1, len(one)), np.int64))
    return {"correlation": float(estimate[0]), "low": float(low), "high": float(high)}


def _correlation(one: Floats, other: Floats, counts: NDArray[np.int64]) -> Floats:
    """Pearson's correlation of each resample [resamples]."""
    x, y = one - one.mean(), other - other.mean()
    total = counts.sum(axis=1)
    means = [counts @ values / total for values in (x, y, x * x, y * y, x * y)]
    covariance = means[4] - means[0] * means[1]
    spread = np.maximum(means[2] - means[0] ** 2, 0) * np.maximum(means[3] - means[1] ** 2, 0)
    return np.where(spread > 1e-18, covariance / np.sqrt(np.maximum(spread, 1e-18)), 0.0)
