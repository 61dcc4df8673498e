"""Means over repeated trainings or whole runs, drawn again: how the next ones would come out.

In: what each repeat reached, on the same problems or on problems of its own. Out: bootstrap means. To draw s repeats again
shows (s - 1) / s of the variance of their mean, a third less than there is with three, so each one's deviation from their
mean is stretched by sqrt(s / (s - 1)).
"""

from collections.abc import Sequence

import numpy as np

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats
from stepscale.estimators.intervals import Interval, resample_counts
from stepscale.seeds import seed_for


def over_repeats(by_repeat: Floats, estimates: Floats, seed: int) -> Floats:
    """Bootstrap means [..., resamples] over repeats drawn again.

    ``by_repeat`` [..., repeats, resamples]: each one's mean over resampled problems; ``estimates`` [..., repeats]: over all its
    problems. The two sources of chance are drawn apart and added: the mean of the repeats on other problems, and by how much
    other repeats are better or worse. With one repeat only the problems are drawn.
    """
    drawn = np.asarray(by_repeat.mean(axis=-2))
    repeats, resamples = by_repeat.shape[-2:]
    if repeats == 1:
        return drawn
    shares = resample_counts(repeats, resamples, seed_for(seed, "resampled-seeds")) / repeats
    deviations = estimates - estimates.mean(axis=-1, keepdims=True)
    return np.asarray(drawn + np.sqrt(repeats / (repeats - 1)) * (deviations @ shares.T))


def nested_interval(runs: Sequence[Floats], resamples: int = 2000, seed: int = 0, level: float = 0.95) -> Interval:
    """The mean over runs of each one's mean over its own problems [problems], every run counting the same, and its interval.

    In two levels: runs are drawn again, and in each run its problems. Raises InputError if there is no run, or one without
    problems.
    """
    if not runs or not all(len(run) for run in runs):
        raise InputError("no runs to average over, or one without problems")
    estimates = np.array([float(np.mean(run)) for run in runs])
    by_run = [
        resample_counts(len(run), resamples, seed_for(seed, "resampled-problems", sample_id=place)) @ run / len(run)
        for place, run in enumerate(runs)
    ]
    means = over_repeats(np.stack(by_run), estimates, seed)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(np.asarray(estimates.mean()), low, high, sum(len(run) for run in runs))
