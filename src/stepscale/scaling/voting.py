"""Expected accuracy of majority voting and of best-of-N weighted (Snell et al. 2024, E): votes among n drawn samples.

The winner of a vote among a random subset has no cheap closed form. n = 1 and n = all places are exact; between them the
places are put in ``orders`` random orders (seeded, the same for all problems), every order giving one drawing for each n;
the standard error that this leaves, read off the spread between orders, is returned beside the numbers. Ties are
shared out in expectation. An unanswered sample takes a place and has no vote.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.scaling.closed_form import Bools, Floats, checked

ORDERS = 24


@dataclass(frozen=True)
class Vote:
    """``per_problem``: expected accuracy [problems, len(ns)]. ``error``: Monte Carlo standard error of its mean [len(ns)]."""

    per_problem: Floats
    error: Floats


def majority(answers: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None) -> Floats:
    """Mean accuracy [len(ns)] of the most frequent answer among n samples.

    ``answers`` [problems, samples]: any labels (None or NaN: unanswered); ``correct`` must agree within an answer. Raises
    InputError on other shapes or budgets.
    """
    return majority_per_problem(answers, correct, ns, mask).per_problem.mean(axis=0)  # type: ignore[no-any-return]


def weighted(
    answers: ArrayLike, scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None
) -> Floats:
    """Mean accuracy [len(ns)] of the answer with the greatest sum of scores among n samples. Scores must be >= 0."""
    return weighted_per_problem(answers, scores, correct, ns, mask).per_problem.mean(axis=0)  # type: ignore[no-any-return]


def majority_per_problem(
    answers: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None, orders: int = ORDERS, seed: int = 0
) -> Vote:
    """As ``majority``, for each problem, with the Monte Carlo error."""
    right, answered = checked(correct, mask, ns)
    return _vote(answers, np.ones_like(right), right, answered, ns, orders, seed)


def weighted_per_problem(
    answers: ArrayLike, scores: ArrayLike, correct: ArrayLike, ns: Sequence[int], mask: ArrayLike | None = None,
    orders: int = ORDERS, seed: int = 0,
) -> Vote:  # fmt: skip
    """As ``weighted``, for each problem, with the Monte Carlo error."""
    right, answered = checked(correct, mask, ns)
    weights = np.where(answered, np.asarray(scores, float), 0.0)
    if weights.shape != right.shape or np.isnan(weights).any() or (weights < 0).any():
        raise InputError(f"scores must be numbers >= 0 of shape {right.shape}, one a sample")
    return _vote(answers, weights, right, answered, ns, orders, seed)


def _vote(
    answers: ArrayLike, weights: Floats, right: Floats, answered: Bools, ns: Sequence[int], orders: int, seed: int
) -> Vote:
    codes = _codes(answers, answered)
    width = int(codes.max()) + 1  # code 0 is "no answer"
    truth = _right_by_answer(codes, right, width)
    rng = np.random.default_rng(seed)
    places = right.shape[1]
    sampled = [i for i, n in enumerate(ns) if n < places]
    total, means = np.zeros((len(right), len(ns))), np.zeros((orders, len(ns)))
    for k in range(orders if sampled else 0):
        won = _one_order(codes, weights, truth, [ns[i] for i in sampled], rng.permutation(places))
        total[:, sampled] += won
        means[k, sampled] = won.mean(axis=0)
    mean, error = total / orders, means.std(axis=0, ddof=1) / np.sqrt(orders)
    whole = _winners(_tally(codes, weights, width), truth)
    for i, n in enumerate(ns):
        if n == places or n == 1:
            mean[:, i] = whole if n == places else right.mean(axis=1)
            error[i] = 0
    return Vote(mean, error)


def _codes(answers: ArrayLike, answered: Bools) -> NDArray[np.int64]:
    """Answers as numbers from 1 within each problem; 0 for none."""
    table = np.asarray(answers, object)
    if table.shape != answered.shape:
        raise InputError(f"answers must be of shape {answered.shape}, not {table.shape}")
    codes, _ = pd.factorize(table.ravel(), use_na_sentinel=True)
    codes = np.where(answered, codes.reshape(table.shape), -1)
    # numbers are dense within a problem, so that tallies stay narrow
    ranks = pd.DataFrame(codes.T).rank(method="dense").to_numpy().T.astype(np.int64)
    has_none = (codes < 0).any(axis=1, keepdims=True)
    return np.where(codes < 0, 0, ranks - has_none)


def _right_by_answer(codes: NDArray[np.int64], right: Floats, width: int) -> Floats:
    counts, hits = _tally(codes, np.ones_like(right), width), _tally(codes, right, width)
    truth: Floats = np.where(counts > 0, hits / np.maximum(counts, 1), 0.0)
    truth[:, 0] = 0.0
    return truth


def _tally(codes: NDArray[np.int64], weights: Floats, width: int) -> Floats:
    rows = np.arange(len(codes))[:, None] * width
    return np.bincount((rows + codes).ravel(), weights.ravel(), len(codes) * width).reshape(len(codes), width)


def _one_order(
    codes: NDArray[np.int64], weights: Floats, truth: Floats, ns: Sequence[int], order: NDArray[np.int64]
) -> Floats:
    """The places in one order: who wins after each n of them [problems, len(ns)]."""
    codes, weights = codes[:, order], weights[:, order]
    tally, done, won = np.zeros_like(truth), 0, np.empty((len(codes), len(ns)))
    for i in np.argsort(ns):
        tally = tally + _tally(codes[:, done : ns[i]], weights[:, done : ns[i]], truth.shape[1])
        done = ns[i]
        won[:, i] = _winners(tally, truth)
    return won


def _winners(tally: Floats, truth: Floats) -> Floats:
    """Expected correctness of the answer with the greatest tally; equal ones share; no vote at all is wrong."""
    tally = tally.copy()
    tally[:, 0] = -np.inf
    top = tally >= tally.max(axis=1, keepdims=True) * (1 - 1e-12)
    top &= tally > 0
    return (truth * top).sum(axis=1) / np.maximum(top.sum(axis=1), 1)  # type: ignore[no-any-return]
