"""Expected accuracy of majority voting and of best-of-N weighted (Snell et al. 2024, E): votes among n of the samples.

In: answers, correctness and weights of samples [problems, samples]. Out: accuracies, and how far Monte Carlo may be off.
Drawing is as in ``closed_form``: n places without replacement; an unanswered one takes a place and has no vote.

Exact are n = 1, n = 2, n = all places, and every n whose subsets are few enough to go through. A pair with two answers is
settled by its scores, or by a coin. Otherwise each problem's places are put in many random orders (seeded). The first n of
an order are one draw for each n. The standard error that this leaves is read off the spread between orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike

from stepscale.estimators.arrays import Bools, Codes, Floats
from stepscale.estimators.checking import (
    checked_answers,
    checked_budgets,
    checked_count,
    checked_samples,
    checked_scores,
)
from stepscale.estimators.closed_form import accuracy_of_best
from stepscale.estimators.vote_counts import MIN_VOTE_WEIGHT, Tally, count_votes, share_right, vote_weights
from stepscale.estimators.vote_draws import mean_over_orders, mean_over_subsets

_MAX_ENUMERATED_CELLS = 4_000_000  # problems x subsets x (n + answers), of one n whose subsets are all gone through


@dataclass(frozen=True)
class Vote:
    """Expected accuracy of a vote, and how far Monte Carlo may be off.

    Attributes:
        per_problem: Expected accuracy [problems, len(ns)].
        error: Standard error of its mean over problems [len(ns)]; 0 where it is exact.
        errors: Standard error of each problem's accuracy [problems, len(ns)]; None where all is exact.
    """

    per_problem: Floats
    error: Floats
    errors: Floats | None = None

    def error_among(self, problems: Bools | None = None) -> Floats:
        """``error`` of the mean over these problems [problems]: orders are independent between problems.

        Args:
            problems: Whether each problem is among them [problems]; None: all are.

        Returns:
            Standard errors [len(ns)].
        """
        if problems is None or self.errors is None:
            return self.error
        return np.asarray(np.sqrt(np.square(self.errors[problems]).sum(axis=0)) / max(int(problems.sum()), 1))


def majority(answers: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """Mean accuracy of the most frequent answer among n samples; ties are broken at random, in expectation.

    Args:
        answers: Labels [problems, samples] that can be hashed; equal labels are one answer. None, NaN, pandas NA, the number
            -1 and blank text mean no answer. Spellings of one answer are first made equal by ``stepscale.grading.answer_groups``.
        correct: 0 or 1, or booleans [problems, samples]. It belongs to the answer: where it differs within one, its share counts.
        ns: Budgets, each in 1..samples.
        mask: True for an answered sample [problems, samples]; None: all are.

    Returns:
        Expected accuracies in [0, 1], [len(ns)].

    Raises:
        InputError: Shapes differ, a budget is impossible, or a value is not one of those named above.
    """
    return np.asarray(majority_per_problem(answers, correct, ns, mask).per_problem.mean(axis=0))


def weighted(
    answers: ArrayLike, scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None
) -> Floats:
    """Mean accuracy of the answer with the greatest sum of scores among n samples (Snell et al. 2024, E).

    Sums that agree to 12 digits are tied.

    Args:
        answers: As for ``majority``.
        scores: Finite verifier scores >= 0 [problems, samples], such as probabilities.
        correct: As for ``majority``.
        ns: Budgets, each in 1..samples.
        mask: True for an answered sample [problems, samples]; None: all are.

    Returns:
        Expected accuracies in [0, 1], [len(ns)].

    Raises:
        InputError: As for ``majority``, or a score of an answered sample is negative or not finite.
    """
    return np.asarray(weighted_per_problem(answers, scores, correct, ns, mask).per_problem.mean(axis=0))


def majority_per_problem(
    answers: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None, seed: int = 0
) -> Vote:
    """As ``majority``, for each problem, with the Monte Carlo error.

    Args:
        answers: As for ``majority``.
        correct: As for ``majority``.
        ns: As for ``majority``.
        mask: As for ``majority``.
        seed: Decides the random orders.

    Returns:
        Accuracies [problems, len(ns)] and their Monte Carlo errors.

    Raises:
        InputError: As ``majority`` raises it.
    """
    right, answered = checked_samples(correct, mask)
    codes = checked_answers(answers, answered)
    return _vote(codes, (codes > 0).astype(float), right, ns, seed)


def weighted_per_problem(
    answers: ArrayLike,
    scores: ArrayLike,
    correct: ArrayLike,
    ns: Sequence[int],
    mask: ArrayLike | None = None,
    seed: int = 0,
) -> Vote:
    """As ``weighted``, for each problem, with the Monte Carlo error.

    Args:
        answers: As for ``weighted``.
        scores: As for ``weighted``.
        correct: As for ``weighted``.
        ns: As for ``weighted``.
        mask: As for ``weighted``.
        seed: Decides the random orders.

    Returns:
        Accuracies [problems, len(ns)] and their Monte Carlo errors.

    Raises:
        InputError: As ``weighted`` raises it.
    """
    right, answered = checked_samples(correct, mask)
    codes = checked_answers(answers, answered)
    weights = vote_weights(codes, checked_scores(scores, codes > 0, lowest=0.0))
    return _vote(codes, weights, right, ns, seed)


def ruled_per_problem(
    answers: ArrayLike,
    values: ArrayLike,
    correct: ArrayLike,
    ns: Sequence[int],
    tally: Tally,
    mask: ArrayLike | None = None,
    seed: int = 0,
) -> Vote:
    """As ``weighted_per_problem``, by a rule of ``estimators.vote_rules`` (its ``tally``), where a vote depends on the others.

    Args:
        answers: As for ``majority``.
        values: What each sample is judged by [problems, samples].
        correct: As for ``majority``.
        ns: Budgets, each in 1..samples.
        tally: The rule's.
        mask: True for an answered sample [problems, samples]; None: all are.
        seed: Decides the random orders.

    Returns:
        Accuracies [problems, len(ns)] and their Monte Carlo errors.

    Raises:
        InputError: As for ``majority``, or a value of an answered sample is not a number.
    """
    right, answered = checked_samples(correct, mask)
    codes = checked_answers(answers, answered)
    judged = np.where(codes > 0, checked_scores(values, codes > 0), 0.0)
    return _vote(codes, judged, right, ns, seed, tally)


def _vote(
    codes: Codes, weights: Floats, right: Floats, ns: Sequence[int], seed: int, tally: Tally | None = None
) -> Vote:
    problems, places = codes.shape
    budgets, seed = checked_budgets(ns, places), checked_count(seed, "seed", 0)
    width = int(codes.max()) + 1
    truth = share_right(codes, right, width)
    shape = (problems, len(budgets))
    mean, errors, error, sampled = np.zeros(shape), np.zeros(shape), np.zeros(len(budgets)), []
    for i, n in enumerate(budgets):
        if n == 2 and places > 2:
            # two answers: the better score wins, equal ones toss a coin; one answer: whichever is taken
            settled = np.take_along_axis(truth, codes, 1)
            ranks = weights if tally else _ranks(weights)
            mean[:, i] = accuracy_of_best(np.where(codes > 0, ranks, -np.inf), settled, [2])[:, 0]
        elif n in (1, places) or problems * comb(places, n) * (n + width) <= _MAX_ENUMERATED_CELLS:
            mean[:, i] = mean_over_subsets(codes, weights, truth, n, tally or count_votes)
        else:
            sampled.append(i)
    if sampled:
        by_orders = mean_over_orders(codes, weights, truth, [budgets[i] for i in sampled], seed, tally)
        mean[:, sampled], error[sampled], errors[:, sampled] = by_orders
    return Vote(mean, error, errors)


def _ranks(weights: Floats) -> Floats:
    """Ranks of weights [problems, samples] in which those that ``winner_correctness`` takes for tied have one rank."""
    order = np.argsort(weights, axis=1, kind="stable")
    rising = np.take_along_axis(weights, order, 1)
    is_above = (rising[:, 1:] >= MIN_VOTE_WEIGHT * 1e9) & (rising[:, 1:] * (1 - 1e-12) > rising[:, :-1])
    ranks = np.zeros_like(weights)
    np.put_along_axis(ranks, order, np.cumsum(np.pad(is_above, ((0, 0), (1, 0))), axis=1).astype(float), 1)
    return ranks
