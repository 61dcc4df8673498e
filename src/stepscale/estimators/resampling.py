"""Bootstrap resamples of problems, the unit that every interval here is over."""

import numpy as np
from numpy.typing import NDArray


def resample_counts(problems: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """How often each problem is drawn in each bootstrap resample [resamples, problems]; multinomial.

    A resample's mean is then a matrix product. The same arguments give the same resamples, so what is computed with
    them is paired by problem.
    """
    return np.random.default_rng(seed).multinomial(problems, np.full(problems, 1 / problems), size=resamples)
