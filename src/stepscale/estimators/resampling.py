"""Bootstrap resamples: how often each holds each problem, and means, ratios and percentiles over them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_count, checked_level, checked_resamples
from stepscale.seeds import seed_for

Counts = NDArray[np.int64]


def resample_counts(problems: int, resamples: int, seed: int) -> Counts:
    """How often each problem is in each bootstrap resample; multinomial.

    A resample's mean is then a matrix product. The same arguments give the same resamples, so what is computed with them is
    paired by problem.

    Args:
        problems: Number of problems.
        resamples: Number of resamples, 1 or more.
        seed: Decides the resamples; 0 or above.

    Returns:
        Counts [resamples, problems]; each row sums to ``problems``.

    Raises:
        InputError: One of the numbers is not whole or too small.
    """
    problems = checked_count(problems, "problems")
    resamples = checked_resamples(resamples, problems)
    rng = np.random.default_rng(checked_count(seed, "seed", 0))
    return rng.multinomial(problems, np.full(problems, 1 / problems), size=resamples)


def with_estimate(counts: Counts) -> Counts:
    """A first row in which every problem counts once (the estimate itself), then the resamples [1 + resamples, problems].

    Args:
        counts: Counts [resamples, problems].

    Returns:
        Counts [1 + resamples, problems].
    """
    return np.vstack([np.ones((1, counts.shape[1]), np.int64), counts])


def percentile_bounds(resampled: ArrayLike, level: float = 0.95, method: str = "linear") -> tuple[Floats, Floats]:
    """(low, high) of resamples [resamples, ...]: the percentiles that leave out the same share on either side.

    Args:
        resampled: A value per resample, along the first axis.
        level: Share of resamples between the bounds.
        method: As ``numpy.quantile`` takes it; "inverted_cdf" gives bounds that are resamples themselves.

    Returns:
        Lower and upper bounds [...].

    Raises:
        InputError: ``level`` does not lie in (0, 1).
    """
    share = checked_level(level)
    edges = [(1 - share) / 2, (1 + share) / 2]
    low, high = np.quantile(resampled, edges, axis=0, method=method)  # type: ignore[call-overload]
    return low, high


def resampled_ratio(counts: Counts, sums: ArrayLike, sizes: ArrayLike) -> Floats:
    """Sum of the problems' ``sums`` over that of their ``sizes``, each as often as a row of ``counts`` holds it: [rows].

    A row that holds none has the value of the first row, the estimate; 0 if that has none either.

    Args:
        counts: How often each row holds each problem [rows, problems].
        sums: Of each problem [problems].
        sizes: Of each problem [problems].

    Returns:
        Ratios [rows].
    """
    size = counts @ np.asarray(sizes, float)
    means = counts @ np.asarray(sums, float) / np.maximum(size, 1)
    return np.asarray(np.where(size > 0, means, means[0]))


def over_repeats(by_repeat: Floats, estimates: Floats, seed: int) -> Floats:
    """Bootstrap means over repeated trainings or runs, resampled too: how the next ones would come out.

    The two sources of chance are drawn separately and added: the mean of the repeats on other problems, and by how much other
    repeats are better or worse. A resample of s repeats shows (s - 1) / s of the variance of their mean. Each one's deviation
    from their mean is therefore stretched by sqrt(s / (s - 1)). With one repeat only the problems are resampled.

    Args:
        by_repeat: Each repeat's mean over resampled problems [..., repeats, resamples].
        estimates: Its mean over all its problems [..., repeats].
        seed: Decides the resamples of repeats.

    Returns:
        Means [..., resamples].
    """
    means = np.asarray(by_repeat.mean(axis=-2))
    repeats, resamples = by_repeat.shape[-2:]
    if repeats == 1:
        return means
    shares = resample_counts(repeats, resamples, seed_for(seed, "resampled-seeds")) / repeats
    deviations = estimates - estimates.mean(axis=-1, keepdims=True)
    return np.asarray(means + np.sqrt(repeats / (repeats - 1)) * (deviations @ shares.T))
