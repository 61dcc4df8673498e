"""Expected accuracy of best-of-N and pass@k in closed form: no resampling, no sampling noise.

In: scores and correctness of samples [problems, samples]. Out: accuracies. A budget n draws n of a problem's places
without replacement, each set of places as likely. A place whose mask is False is an unanswered sample: it takes a
place but is never chosen and never right, as in the evaluator OpenAI published with PRM800K. Knows nothing of models.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def best_of_n(scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """Mean accuracy [len(ns)] of choosing the best-scored of n samples; ties are broken at random, in expectation.

    ``scores``, ``correct`` and ``mask`` (True: answered) are [problems, samples]. Raises InputError on other shapes, an n
    outside 1..samples, or a score that is not a number.
    """
    return np.asarray(best_of_n_per_problem(scores, correct, ns, mask).mean(axis=0))


def best_of_n_per_problem(
    scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None
) -> Floats:
    """As ``best_of_n``, for each problem: [problems, len(ns)]."""
    right, answered = checked(correct, mask, ns)
    given = np.asarray(scores, float)
    if given.shape != right.shape or np.isnan(given[answered]).any():
        raise InputError(f"scores must be numbers of shape {right.shape}, one a sample")
    # an answered sample of score -inf (the logarithm of 0) still ranks above an unanswered one
    values = np.where(answered, np.maximum(given, np.finfo(float).min), -np.inf)
    order = np.argsort(-values, axis=1, kind="stable")
    ranked = np.take_along_axis(values, order, 1)
    hits = tie_means(ranked, np.take_along_axis(right, order, 1))
    return np.asarray(hits @ rank_weights(right.shape[1], ns))


def pass_at_k(correct: ArrayLike, ks: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """Mean chance [len(ks)] that at least one of k samples is right: the ceiling of any verifier (Chen et al. 2021)."""
    return pass_at_k_per_problem(correct, ks, mask).mean(axis=0)  # type: ignore[no-any-return]


def pass_at_k_per_problem(correct: ArrayLike, ks: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """As ``pass_at_k``, for each problem: [problems, len(ks)]."""
    right, _ = checked(correct, mask, ks)
    places = right.shape[1]
    # all drawn are wrong: as if the right samples were the best ranked and none of them was drawn
    none_drawn = np.vstack([np.ones(len(ks)), 1 - np.cumsum(rank_weights(places, ks), axis=0)])
    return np.asarray(1 - np.maximum(none_drawn[right.sum(axis=1).astype(int)], 0))


def rank_weights(places: int, ns: Sequence[int]) -> Floats:
    """[places, len(ns)]: the chance that the sample ranked r-th (from 0) is the best of n drawn without replacement.

    It is C(places - r - 1, n - 1) / C(places, n), by the recurrence of the chance that none of the first r is drawn.
    """
    ranks = np.arange(places)[:, None]
    drawn = np.asarray(ns)[None, :]
    keep = np.clip((places - ranks - drawn) / (places - ranks), 0, None)
    none_before = np.vstack([np.ones((1, len(ns))), np.cumprod(keep, axis=0)])
    return none_before[:-1] - none_before[1:]  # type: ignore[no-any-return]


def tie_means(ranked: Floats, hits: Floats) -> Floats:
    """``hits`` [problems, samples] with each run of equal ``ranked`` values replaced by the run's mean."""
    first = np.ones_like(ranked, bool)
    first[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    run = np.cumsum(first.ravel()) - 1
    sizes = np.bincount(run)
    return (np.bincount(run, hits.ravel()) / sizes)[run].reshape(ranked.shape)  # type: ignore[no-any-return]


def checked(correct: ArrayLike, mask: ArrayLike | None, ns: Sequence[int]) -> tuple[Floats, Bools]:
    """Correctness as 0/1 (unanswered: 0) and the mask, both [problems, samples]. Raises InputError."""
    right = np.asarray(correct, float)
    if right.ndim != 2 or 0 in right.shape:
        raise InputError(f"correct must be [problems, samples], not of shape {right.shape}")
    answered = np.ones(right.shape, bool) if mask is None else np.asarray(mask, bool)
    if answered.shape != right.shape:
        raise InputError(f"mask must be of shape {right.shape}, not {answered.shape}")
    wrong = [n for n in ns if not 1 <= n <= right.shape[1]]
    if wrong:
        raise InputError(f"budgets must lie in 1..{right.shape[1]} (samples a problem), not {wrong}")
    return np.where(answered, right, 0.0), answered
