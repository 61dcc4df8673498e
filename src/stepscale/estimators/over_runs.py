"""One quantity measured in several runs, each with problems and trainings of its own: its mean over runs and their interval.

In: of each run the estimate and its bootstrap standard error over problems. Out: the interval in two levels, runs and problems
within each, as ``nested_interval`` gives it from the problems themselves. It serves quantities that are no mean over problems,
such as a horizontal shift: what one run says about other problems is then its own bootstrap's.
"""

from collections.abc import Sequence

import numpy as np

from stepscale.errors import InputError
from stepscale.estimators.checking import checked_count, checked_resamples, checked_values
from stepscale.estimators.intervals import Interval, interval_of
from stepscale.estimators.resampling import over_repeats


def combined_interval(
    estimates: Sequence[float],
    errors: Sequence[float],
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
    n_problems: int | None = None,
) -> Interval:
    """The mean over runs, every run counting the same, and its interval.

    A run's estimate on other problems is normal around it with its standard error. Runs are resampled by ``over_repeats``.

    Args:
        estimates: Of each run.
        errors: Standard error of each over its problems.
        resamples: Number of resamples.
        seed: Decides them; quantities with seeds of their own are resampled independently.
        level: Share of resamples within the interval.
        n_problems: Problems of all runs, to be stated.

    Returns:
        The mean with its interval over problems and runs.

    Raises:
        InputError: There is no run, numbers differ, a value is not finite, an error is below 0, or a setting is out of range.
    """
    means, spreads = checked_values(estimates, "estimates"), checked_values(errors, "standard errors")
    if means.shape != spreads.shape or means.ndim != 1 or (spreads < 0).any():
        raise InputError(f"each run needs an estimate and a standard error of 0 or above, not {means} and {spreads}")
    resamples, seed = checked_resamples(resamples, len(means)), checked_count(seed, "seed", 0)
    noise = np.random.default_rng(seed).normal(size=(len(means), resamples))
    by_run = means[:, None] + spreads[:, None] * noise
    return interval_of(np.asarray(means.mean()), over_repeats(by_run, means, seed), level, n_problems)
