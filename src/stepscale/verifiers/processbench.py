"""ProcessBench's measure (Zheng et al. 2024): does a verifier find the first wrong step?

In: the true first wrong step of each solution and what is predicted, counted from 0, -1 for "all right". Out: the accuracy on
wrong solutions, on right ones, and F1, their harmonic mean. A verifier predicts by a threshold on P(negative). It is 1/2 in
``metrics``; here it can be chosen on a part that the caller names and then held fixed. Reads no files and needs no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.checking import checked_rows, without_tensors

NO_ERROR = -1
_MAX_THRESHOLDS = 1000  # tried; beyond as many distinct probabilities, their quantiles


@dataclass(frozen=True)
class ProcessBenchScore:
    """Accuracies of naming the first wrong step.

    Attributes:
        error: Share in [0, 1] of wrong solutions whose very first wrong step is found; nan over none.
        correct: Share of right solutions that are called right; nan over none.
        n_error: Number of wrong solutions.
        n_correct: Number of right solutions.
    """

    error: float
    correct: float
    n_error: int
    n_correct: int

    @property
    def f1(self) -> float:
        """Harmonic mean of the two shares; 0 if both are, nan if one is."""
        total = self.error + self.correct
        return 2 * self.error * self.correct / total if total != 0 else 0.0


def processbench_score(first_error_true: ArrayLike, first_error_pred: ArrayLike) -> ProcessBenchScore:
    """Compare predicted with true first errors. The accuracy over no solution is nan, and so is F1 then.

    Args:
        first_error_true: The first wrong step of each solution, from 0; -1 for none [solutions].
        first_error_pred: What is predicted [solutions].

    Raises:
        InputError: The lengths differ, or something is not a whole number.
    """
    truth, predicted = (
        np.asarray(without_tensors(errors, "first errors")) for errors in (first_error_true, first_error_pred)
    )
    if truth.shape != predicted.shape or truth.ndim != 1:
        raise InputError(f"{predicted.size} predictions for {truth.size} solutions; pass one for each")
    if truth.size and not all(values.dtype.kind in "iu" for values in (truth, predicted)):
        raise InputError("first errors must be whole numbers: the place of the first wrong step, or -1 for none")
    hit, wrong = truth == predicted, truth != NO_ERROR
    error, correct = (float(hit[kind].mean()) if kind.any() else float("nan") for kind in (wrong, ~wrong))
    return ProcessBenchScore(error, correct, int(wrong.sum()), int((~wrong).sum()))


def processbench_f1(first_error_true: Sequence[int], first_error_pred: Sequence[int]) -> ProcessBenchScore:
    """As ``processbench_score``, where F1 must be defined.

    Args:
        first_error_true: Index of the first wrong step of each solution, -1 where there is none [solutions].
        first_error_pred: The same as predicted [solutions].

    Raises:
        InputError: The lengths differ, or one of the two kinds of solutions is absent.
    """
    score = processbench_score(first_error_true, first_error_pred)
    if not score.n_error or not score.n_correct:
        raise InputError(
            "ProcessBench's F1 needs wrong and right solutions: these are all of one kind; choose another part"
        )
    return score


def predict_first_errors(negative: Sequence[Sequence[float]], threshold: float) -> NDArray[np.int64]:
    """The first step of each solution with P(negative) above ``threshold``, -1 where none is: int64 [solutions].

    Args:
        negative: P(negative) of each step [solutions][steps].
        threshold: A number.

    Raises:
        InputError: A score or the threshold is not a number.
    """
    if np.isnan(threshold):
        raise InputError("threshold is NaN; give a probability")
    return _first_above(_padded(negative), threshold)


def choose_threshold(first_error_true: Sequence[int], negative: Sequence[Sequence[float]]) -> float:
    """The threshold on P(negative) with the greatest F1 on these solutions; of several the one in the middle.

    Args:
        first_error_true: As for ``processbench_score`` [solutions].
        negative: P(negative) of each step [solutions][steps].

    Raises:
        InputError: As for ``processbench_f1``, or no step has a score.
    """
    padded = _padded(negative)
    levels = np.unique(padded[np.isfinite(padded)])
    if not len(levels):
        raise InputError("no step has a score: give the P(negative) of each step")
    if len(levels) > _MAX_THRESHOLDS:
        levels = np.quantile(levels, np.linspace(0, 1, _MAX_THRESHOLDS))
    thresholds = np.concatenate([[levels[0] / 2], (levels[1:] + levels[:-1]) / 2, [(levels[-1] + 1) / 2]])
    scores = np.array([processbench_f1(first_error_true, _first_above(padded, t).tolist()).f1 for t in thresholds])
    best = np.flatnonzero(scores == scores.max())
    return float(thresholds[best[len(best) // 2]])


def _padded(negative: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """Ragged rows as [solutions, longest], -inf after the end of each."""
    rows = checked_rows(negative, "P(negative)")
    padded = np.full((len(rows), max(map(len, rows), default=0) or 1), -np.inf)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    if np.isnan(padded).any():
        raise InputError("P(negative) is NaN for a step; score every step, or leave the solution out")
    return padded


def _first_above(padded: NDArray[np.float64], threshold: float) -> NDArray[np.int64]:
    above = padded > threshold
    return np.where(above.any(axis=1), above.argmax(axis=1), NO_ERROR).astype(np.int64)
