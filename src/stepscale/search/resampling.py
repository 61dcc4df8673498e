"""Resampling: which of N weighted particles continue, and how often each (Douc, Cappe and Moulines 2005).

In: weights and a seed. Out: indices. In expectation every scheme copies a particle N times its share of the weight. Systematic
resampling copies it that often up to less than one, stratified up to less than two, multinomial draws N times independently.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stepscale.estimators.arrays import Floats

Scheme = Literal["multinomial", "stratified", "systematic"]
_MIN_SCORE = 1e-6
"""Scores count to 6 digits: 0 counts as 1e-6 and 1 as 1 - 1e-6, so that no weight is infinite."""


def odds_weights(scores: Floats, temperature: float) -> Floats:
    """Weights [N] that sum to 1: softmax of the log-odds of scores [N] in [0, 1], over a temperature.

    At temperature 1 a weight is proportional to p / (1 - p) (Puri et al. 2025, 3). NaN is not a score and weighs nothing; if
    no particle has a score, all have the same weight.

    Args:
        scores: P(right) of each particle [N], NaN where there is none.
        temperature: Above 1 weights are more alike.
    """
    is_scored = ~np.isnan(scores)
    if not is_scored.any():
        return np.full(len(scores), 1 / len(scores))
    sure = np.clip(np.where(is_scored, scores, 0.5), _MIN_SCORE, 1 - _MIN_SCORE)
    log_odds = np.where(is_scored, np.log(sure / (1 - sure)), -np.inf)
    with np.errstate(over="ignore"):  # just above temperature 0 the best takes all
        weights = np.exp((log_odds - log_odds.max()) / temperature)
    return np.asarray(weights / weights.sum())


def effective_size(weights: Floats) -> float:
    """Effective sample size of weights that sum to 1: N if they are equal, 1 if one has all.

    Args:
        weights: They sum to 1 [particles].
    """
    return float(1 / np.square(weights).sum())


def resample(weights: Floats, scheme: Scheme, seed: int) -> NDArray[np.int64]:
    """Indices [N], rising, of the particles that continue, for weights [N] that sum to 1.

    Args:
        weights: Of the particles [N].
        scheme: How uniform numbers are laid over them.
        seed: Decides the numbers.
    """
    n, rng = len(weights), np.random.default_rng(seed)
    if scheme == "multinomial":
        positions = np.sort(rng.random(n))
    else:
        positions = (np.arange(n) + (rng.random() if scheme == "systematic" else rng.random(n))) / n
    # the last one with any weight takes what rounding leaves above the sum
    cumulative = weights.cumsum()
    chosen = np.searchsorted(cumulative, positions, side="right")
    return np.asarray(np.minimum(chosen, np.flatnonzero(weights)[-1]), np.int64)
