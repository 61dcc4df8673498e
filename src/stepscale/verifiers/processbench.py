"""ProcessBench's measure (Zheng et al. 2024): does a verifier find the first wrong step?

In: the true first wrong step of each solution and what is predicted, counted from 0, -1 for "all right". Out: the
accuracy on wrong solutions, on right ones, and F1, their harmonic mean. A verifier predicts by a threshold on
P(negative), which is chosen on a part that the caller names and then held fixed. It does not know files or models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError

_MOST_THRESHOLDS = 1000  # tried; beyond as many distinct probabilities, their quantiles


@dataclass(frozen=True)
class ProcessBenchScore:
    """Shares in [0, 1]; `error` over `n_error` wrong solutions, `correct` over `n_correct` right ones, `f1` of both."""

    f1: float
    error: float
    correct: float
    n_error: int
    n_correct: int


def processbench_f1(first_error_true: Sequence[int], first_error_pred: Sequence[int]) -> ProcessBenchScore:
    """F1 of predictions, int [solutions] each. A wrong solution counts when the very step is found.

    Raises InputError if the lengths differ or one of the two kinds of solutions is absent (F1 is then undefined).
    """
    truth, predicted = np.asarray(first_error_true), np.asarray(first_error_pred)
    if truth.shape != predicted.shape or truth.ndim != 1:
        raise InputError(f"{predicted.size} predictions for {truth.size} solutions: give one a solution")
    wrong = truth >= 0
    if wrong.all() or not wrong.any():
        raise InputError(
            "ProcessBench's F1 needs wrong and right solutions: these are all of one kind; choose another part"
        )
    hit = truth == predicted
    error, correct = float(hit[wrong].mean()), float(hit[~wrong].mean())
    f1 = 2 * error * correct / (error + correct) if error + correct else 0.0
    return ProcessBenchScore(f1, error, correct, int(wrong.sum()), int((~wrong).sum()))


def predict_first_errors(negative: Sequence[Sequence[float]], threshold: float) -> NDArray[np.int64]:
    """The first step of each solution with P(negative) above `threshold`, -1 where none is: int64 [solutions]."""
    return _first_above(_padded(negative), threshold)


def choose_threshold(first_error_true: Sequence[int], negative: Sequence[Sequence[float]]) -> float:
    """The threshold on P(negative) with the greatest F1 on these solutions; of several the one in the middle.

    `negative` is float [solutions][steps]. Raises InputError as `processbench_f1` does.
    """
    padded = _padded(negative)
    levels = np.unique(padded[np.isfinite(padded)])
    if not len(levels):
        raise InputError("no step has a score: give the P(negative) of each step")
    if len(levels) > _MOST_THRESHOLDS:
        levels = np.quantile(levels, np.linspace(0, 1, _MOST_THRESHOLDS))
    thresholds = np.concatenate([[levels[0] / 2], (levels[1:] + levels[:-1]) / 2, [(levels[-1] + 1) / 2]])
    scores = np.array([processbench_f1(first_error_true, _first_above(padded, t).tolist()).f1 for t in thresholds])
    best = np.flatnonzero(scores == scores.max())
    return float(thresholds[best[len(best) // 2]])


def _padded(negative: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Ragged rows as [solutions, longest], -inf after each one's end."""
    padded = np.full((len(negative), max((len(row) for row in negative), default=0) or 1), -np.inf)
    for index, row in enumerate(negative):
        padded[index, : len(row)] = row
    return padded


def _first_above(padded: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    above = padded > threshold
    return np.where(above.any(axis=1), above.argmax(axis=1), -1).astype(np.int64)
