"""Expected accuracy of best-of-N and pass@k in closed form: no resampling, no sampling noise.

In: scores and correctness of samples [problems, samples]. Out: accuracies. A budget n draws n of a problem's places
without replacement, each set of places as likely. A place whose mask is False is an unanswered sample: it takes a
place but is never chosen and never right, as in the evaluator OpenAI published with PRM800K. Knows nothing about models.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_budgets, checked_samples, checked_scores


def best_of_n(scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """Mean accuracy of choosing the best-scored of n samples (Lightman et al. 2023, 3).

    Equal scores share the win, as if ties were broken at random.

    Args:
        scores: Verifier scores [problems, samples]; larger is better, and -inf is allowed.
        correct: 0 or 1, or booleans [problems, samples].
        ns: Budgets, each in 1..samples.
        mask: True for an answered sample [problems, samples]; None: all are.

    Returns:
        Expected accuracies in [0, 1], [len(ns)].

    Raises:
        InputError: Shapes differ, a budget is impossible, or a value is not one of those named above.
    """
    return np.asarray(best_of_n_per_problem(scores, correct, ns, mask).mean(axis=0))


def best_of_n_per_problem(
    scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None
) -> Floats:
    """As ``best_of_n``, for each problem: [problems, len(ns)].

    Args:
        scores: As for ``best_of_n``.
        correct: As for ``best_of_n``.
        ns: As for ``best_of_n``.
        mask: As for ``best_of_n``.

    Returns:
        Expected accuracies in [0, 1], [problems, len(ns)].

    Raises:
        InputError: As ``best_of_n`` raises it.
    """
    right, answered = checked_samples(correct, mask)
    budgets = checked_budgets(ns, right.shape[1])
    # an answered sample of score -inf (the logarithm of 0) still ranks above an unanswered one
    ranks = np.where(answered, np.maximum(checked_scores(scores, answered), np.finfo(float).min), -np.inf)
    return accuracy_of_best(ranks, right, budgets)


def pass_at_k(correct: ArrayLike, ks: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """Mean chance that at least one of k samples is right: the ceiling of any verifier (Chen et al. 2021).

    Args:
        correct: 0 or 1, or booleans [problems, samples].
        ks: Budgets, each in 1..samples.
        mask: True for an answered sample [problems, samples]; None: all are.

    Returns:
        Chances in [0, 1], [len(ks)].

    Raises:
        InputError: Shapes differ, a budget is impossible, or ``correct`` is not 0 or 1.
    """
    return np.asarray(pass_at_k_per_problem(correct, ks, mask).mean(axis=0))


def pass_at_k_per_problem(correct: ArrayLike, ks: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """As ``pass_at_k``, for each problem: [problems, len(ks)].

    Args:
        correct: As for ``pass_at_k``.
        ks: As for ``pass_at_k``.
        mask: As for ``pass_at_k``.

    Returns:
        Chances in [0, 1], [problems, len(ks)].

    Raises:
        InputError: As ``pass_at_k`` raises it.
    """
    right, _ = checked_samples(correct, mask)
    budgets = checked_budgets(ks, right.shape[1])
    # all drawn are wrong: as if the right samples were the best ranked and none of them was drawn
    any_right = np.cumsum(rank_weights(right.shape[1], budgets), axis=0)
    none_right = np.vstack([np.ones(len(budgets)), 1 - any_right])
    return np.asarray(1 - np.maximum(none_right[right.sum(axis=1).astype(int)], 0))


def accuracy_of_best(ranks: Floats, right: Floats, ns: Sequence[int]) -> Floats:
    """Expected ``right`` (0, 1 or a share) of the sample that ranks highest among n: [problems, len(ns)]; ties are shared.

    Args:
        ranks: What samples are ranked by [problems, samples]; larger is better.
        right: 0, 1 or a share [problems, samples].
        ns: Budgets, each in 1..samples.

    Returns:
        Expected values of ``right``, [problems, len(ns)].
    """
    order = np.argsort(-ranks, axis=1, kind="stable")
    hits = tie_means(np.take_along_axis(ranks, order, 1), np.take_along_axis(right, order, 1))
    return np.asarray(hits @ rank_weights(ranks.shape[1], ns))


def rank_weights(places: int, ns: Sequence[int]) -> Floats:
    """[places, len(ns)]: the chance that the sample ranked r-th (from 0) is the best of n drawn without replacement.

    It is C(places - r - 1, n - 1) / C(places, n), by the recurrence of the chance that none of the first r is drawn.

    Args:
        places: How many samples there are to draw from.
        ns: Budgets, each in 1..places.

    Returns:
        Chances [places, len(ns)]; each column sums to 1.
    """
    ranks, budgets = np.arange(places)[:, None], np.asarray(ns, float)[None, :]
    not_taken = np.clip((places - ranks - budgets) / (places - ranks), 0, None)
    none_before = np.vstack([np.ones((1, len(ns))), np.cumprod(not_taken, axis=0)])
    return np.asarray(none_before[:-1] - none_before[1:])


def tie_means(ranked: Floats, hits: Floats) -> Floats:
    """``hits`` [problems, samples] with each run of equal ``ranked`` values replaced by the run's mean.

    Args:
        ranked: Values in order [problems, samples].
        hits: Values to average [problems, samples], in the same order.

    Returns:
        The averaged values [problems, samples].
    """
    first = np.ones_like(ranked, bool)
    first[:, 1:] = ranked[:, 1:] != ranked[:, :-1]
    run = np.cumsum(first.ravel()) - 1
    sizes = np.bincount(run)
    return np.asarray((np.bincount(run, hits.ravel()) / sizes)[run].reshape(ranked.shape))
