"""Expected accuracy of majority voting and of best-of-N weighted (Snell et al. 2024, E): votes among n drawn samples.

In: answers, correctness and weights of samples [problems, samples]. Out: accuracies, and how far Monte Carlo may be off.
Drawing is as in ``closed_form``: n places without replacement; an unanswered one takes a place and has no vote.

Exact: n = 1; n = 2 (a pair with two answers is settled by its scores, or by a coin); n = all places; and every n
whose subsets are few enough to go through. Otherwise random drawings, seeded: each problem's places are put in many
random orders whose first n are one drawing for each n; the standard error this leaves, read off the spread between
orders, is returned with the numbers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Bools, Floats, best_of_n_per_problem, checked
from stepscale.seeds import seed_for

_ENUMERATED = 4_000_000  # most cells (problems x subsets x (n + answers)) of one n whose subsets are all gone through
_ORDERED = 24_000_000  # cells (problems x places x orders) spent on random orders
_FEWEST, _MOST = 24, 2000  # orders
_FAINT = 1e-200  # weight of a drawn sample whose score is 0: it was drawn, though it adds nothing

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Vote:
    """``per_problem``: expected accuracy [problems, len(ns)].

    ``error``: Monte Carlo standard error of its mean over problems [len(ns)], 0 where it is exact. ``errors``: of each problem's
    own [problems, len(ns)]; None where all is exact.
    """

    per_problem: Floats
    error: Floats
    errors: Floats | None = None

    def error_among(self, problems: Bools | None = None) -> Floats:
        """``error`` of the mean over these problems [problems]: orders are independent between problems."""
        if problems is None or self.errors is None:
            return self.error
        return np.asarray(np.sqrt(np.square(self.errors[problems]).sum(axis=0)) / max(int(problems.sum()), 1))


def majority(answers: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """Mean accuracy [len(ns)] of the most frequent answer among n samples; ties are broken at random, in expectation.

    ``answers`` [problems, samples]: any labels; None, NaN or the integer -1 is an unanswered sample. ``correct``
    belongs to the answer: where it differs within one, its share is taken. Raises InputError on other shapes or
    budgets outside 1..samples.
    """
    return majority_per_problem(answers, correct, ns, mask).per_problem.mean(axis=0)  # type: ignore[no-any-return]


def weighted(
    answers: ArrayLike, scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None
) -> Floats:
    """Mean accuracy [len(ns)] of the answer with the greatest sum of scores among n samples. Scores must be >= 0.

    Otherwise as ``majority``; sums that agree to 12 digits are tied.
    """
    return weighted_per_problem(answers, scores, correct, ns, mask).per_problem.mean(axis=0)  # type: ignore[no-any-return]


def majority_per_problem(
    answers: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None, seed: int = 0
) -> Vote:
    """As ``majority``, for each problem, with the Monte Carlo error."""
    right, answered = checked(correct, mask, ns)
    codes = answer_codes(answers, answered)
    return _vote(codes, (codes > 0).astype(float), right, ns, seed)


def weighted_per_problem(
    answers: ArrayLike,
    scores: ArrayLike,
    correct: ArrayLike,
    ns: Sequence[int],
    mask: ArrayLike | None = None,
    seed: int = 0,
) -> Vote:
    """As ``weighted``, for each problem, with the Monte Carlo error."""
    right, answered = checked(correct, mask, ns)
    codes, given = answer_codes(answers, answered), np.asarray(scores, float)
    if given.shape != right.shape or not (given[codes > 0] >= 0).all() or np.isinf(given[codes > 0]).any():
        raise InputError(f"scores must be finite numbers >= 0 of shape {right.shape}, one a sample; pass probabilities")
    return _vote(codes, vote_weights(codes, given), right, ns, seed)


def answer_codes(answers: ArrayLike, answered: Bools) -> Codes:
    """Answers as numbers from 1, dense within each problem so that tallies stay narrow; 0 for none."""
    table = np.asarray(answers)
    if table.shape != answered.shape:
        raise InputError(f"answers must be of shape {answered.shape}, not {table.shape}")
    none = table == -1 if np.issubdtype(table.dtype, np.integer) else np.zeros(table.shape, bool)
    codes = pd.factorize(table.ravel(), use_na_sentinel=True)[0].reshape(table.shape)
    codes = np.where(answered & ~none, codes, -1)
    order = np.argsort(codes, axis=1, kind="stable")
    ranked = np.take_along_axis(codes, order, 1)
    first = np.diff(ranked, axis=1, prepend=-1) > 0
    dense = np.empty_like(codes)
    np.put_along_axis(dense, order, np.cumsum(first, axis=1), 1)
    return dense


def vote_weights(codes: Codes, scores: Floats) -> Floats:
    """Scores as weights of votes: 0 for a place without an answer, above 0 for every other."""
    return np.where(codes > 0, np.maximum(scores, _FAINT), 0.0)


def _vote(codes: Codes, weights: Floats, right: Floats, ns: Sequence[int], seed: int) -> Vote:
    width = int(codes.max()) + 1
    truth = share_right(codes, right, width)
    problems, places = codes.shape
    mean, errors, drawn = np.zeros((problems, len(ns))), np.zeros((problems, len(ns))), []
    error = np.zeros(len(ns))
    for i, n in enumerate(ns):
        if n == 2 and places > 2:
            # two answers: the better score wins, equal ones toss a coin; one answer: whichever is taken
            settled = np.take_along_axis(truth, codes, 1)
            mean[:, i] = best_of_n_per_problem(weights, settled, [2], codes > 0)[:, 0]
        elif n in (1, places) or problems * comb(places, n) * (n + width) <= _ENUMERATED:
            mean[:, i] = _mean_over_subsets(codes, weights, truth, n)
        else:
            drawn.append(i)
    if drawn:
        found = _mean_over_orders(codes, weights, truth, [ns[i] for i in drawn], seed)
        mean[:, drawn], error[drawn], errors[:, drawn] = found
    return Vote(mean, error, errors)


def share_right(codes: Codes, right: Floats, width: int) -> Floats:
    """[problems, answers]: the share of an answer's samples that are right (0 or 1 if grading is consistent)."""
    counts, hits = count_votes(codes, np.ones_like(right), width), count_votes(codes, right, width)
    truth: Floats = hits / np.maximum(counts, 1)
    truth[:, 0] = 0.0
    return truth


def count_votes(codes: Codes, weights: Floats, width: int) -> Floats:
    """Sum of ``weights`` [rows, samples] by answer: [rows, answers]; column 0 holds the places without an answer."""
    rows = np.arange(len(codes))[:, None] * width
    votes = np.bincount((rows + codes).ravel(), weights.ravel(), len(codes) * width)
    return np.asarray(votes, float).reshape(len(codes), width)


def winners(tally: Floats, truth: Floats) -> Floats:
    """Expected correctness of the answer with the greatest tally; equal ones share; no vote at all is wrong."""
    votes = tally.copy()
    votes[..., 0] = 0.0
    best = votes.max(axis=-1, keepdims=True)
    top = np.where(best < _FAINT * 1e9, votes > 0, votes >= best * (1 - 1e-12))
    return (truth * top).sum(axis=-1) / np.maximum(top.sum(axis=-1), 1)  # type: ignore[no-any-return]


def _mean_over_subsets(codes: Codes, weights: Floats, truth: Floats, n: int) -> Floats:
    """Mean over all subsets of n places [problems]."""
    problems, places = codes.shape
    if n == 1:
        return np.take_along_axis(truth, codes, 1).mean(axis=1)  # type: ignore[no-any-return]
    subsets = np.array(list(combinations(range(places), n)))
    result = np.empty(problems)
    for problem in range(problems):
        tally = count_votes(codes[problem][subsets], weights[problem][subsets], truth.shape[1])
        result[problem] = winners(tally, truth[problem]).mean()
    return result


def _mean_over_orders(
    codes: Codes, weights: Floats, truth: Floats, ns: Sequence[int], seed: int
) -> tuple[Floats, Floats, Floats]:
    """Mean over random orders [problems, len(ns)], the standard error of its mean over problems [len(ns)], and each problem's."""
    problems, places = codes.shape
    orders = int(np.clip(_ORDERED // codes.size, _FEWEST, _MOST))
    rng = np.random.default_rng(seed_for(seed, "vote"))
    # shuffled for each problem first: one order then serves all problems, and their errors are independent
    shuffled = rng.permuted(np.tile(np.arange(places), (problems, 1)), axis=1)
    codes, weights = np.take_along_axis(codes, shuffled, 1), np.take_along_axis(weights, shuffled, 1)
    total, squares, means = np.zeros((problems, len(ns))), np.zeros((problems, len(ns))), np.zeros((orders, len(ns)))
    for k in range(orders):
        order = rng.permutation(places)[: max(ns)]
        for i, won in _along_order(codes[:, order], weights[:, order], truth, ns):
            total[:, i] += won
            squares[:, i] += won**2
            means[k, i] = won.mean()
    spread = np.maximum(squares / orders - (total / orders) ** 2, 0) / (orders - 1)
    return total / orders, means.std(axis=0, ddof=1) / np.sqrt(orders), np.sqrt(spread)


def _along_order(codes: Codes, weights: Floats, truth: Floats, ns: Sequence[int]) -> Iterator[tuple[int, Floats]]:
    """(index of n, who wins [problems] after n places), one tally growing from the smallest n to the largest."""
    tally, done = np.zeros_like(truth), 0
    for i in np.argsort(ns):
        if ns[i] > done:
            tally += count_votes(codes[:, done : ns[i]], weights[:, done : ns[i]], truth.shape[1])
            done = ns[i]
        yield int(i), winners(tally, truth)
