"""How well a verifier judges steps: numbers from its scores and the labels, no model and no tables.

In: step scores, and the examples or first errors they are held against. Out: plain numbers. Calibration and solution scores
live elsewhere; a threshold other than 1/2 is chosen by ``scaling.processbench``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.verifiers.contract import FloatArray, StepScores
from stepscale.verifiers.examples import RATING_CLASSES, Example

_NO_ERROR = -1
_WRONG = 0.5  # a step whose P(negative) is above this is called wrong


@dataclass(frozen=True)
class ProcessBench:
    """Accuracies of naming the first wrong step (ProcessBench): of solutions with an error, without one, and their F1."""

    erroneous: float
    correct: float

    @property
    def f1(self) -> float:
        """Harmonic mean of the two accuracies; 0 if both are."""
        total = self.erroneous + self.correct
        return 2 * self.erroneous * self.correct / total if total > 0 else 0.0


def auroc(scores: Sequence[float] | FloatArray, positive: Sequence[bool] | NDArray[np.bool_]) -> float:
    """Probability that a positive item scores above a negative one, ties half; nan if one kind is missing."""
    from sklearn.metrics import roc_auc_score

    truth = np.asarray(positive, bool)
    if truth.all() or not truth.any():
        return float("nan")
    return float(roc_auc_score(truth, np.asarray(scores)))


def first_error(score: StepScores) -> int:
    """Index of the first step that is likelier negative than not; -1 if none is."""
    above = np.flatnonzero(score.negative > _WRONG)
    return int(above[0]) if len(above) else _NO_ERROR


def process_bench(scores: Sequence[StepScores], first_errors: Sequence[int]) -> ProcessBench:
    """Compare predicted with true first errors (-1: none), one a solution. An accuracy over no solution is nan.

    Raises InputError if the numbers of solutions differ.
    """
    if len(scores) != len(first_errors):
        raise InputError(f"{len(scores)} scored solutions but {len(first_errors)} first errors; pass one for each")
    truth = np.asarray(first_errors, int)
    hit = np.array([first_error(score) for score in scores], int) == truth
    wrong = truth != _NO_ERROR
    return ProcessBench(*(float(hit[kind].mean()) if kind.any() else float("nan") for kind in (wrong, ~wrong)))


def prm_metrics(scores: Sequence[StepScores], examples: Sequence[Example]) -> dict[str, float]:
    """Step and first-error metrics of a PRM from its scores of labelled examples (targets are rating classes), one each.

    step_auroc: P(negative) ranks negative steps above others. step_accuracy: the likeliest class is the label.
    share_negative / neutral / positive: class balance. first_error_accuracy, and ProcessBench's three.
    """
    pairs = [
        (score.negative[i], score.neutral[i], int(target))
        for score, example in zip(scores, examples, strict=True)
        for i, target in enumerate(example.targets)
        if target is not None
    ]
    negative, neutral = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    label = np.array([p[2] for p in pairs])
    predicted = np.stack([negative, neutral, 1 - negative - neutral], -1).argmax(-1)
    truth = [_first_negative(example) for example in examples]
    bench = process_bench(scores, truth)
    return {
        "step_auroc": auroc(negative, label == RATING_CLASSES[-1]),
        "step_accuracy": float((predicted == label).mean()),
        **{f"share_{name}": float((label == i).mean()) for i, name in enumerate(("negative", "neutral", "positive"))},
        "first_error_accuracy": float(np.mean([first_error(s) == t for s, t in zip(scores, truth, strict=True)])),
        "processbench_erroneous": bench.erroneous,
        "processbench_correct": bench.correct,
        "processbench_f1": bench.f1,
    }


def value_metrics(scores: Sequence[StepScores], examples: Sequence[Example]) -> dict[str, float]:
    """Metrics of an ORM or a soft PRM from its scores of examples, one each: at every step with a target, and at the last
    step alone (the solution's score).

    brier: mean squared error of P(right). auroc: against targets above a half. share_right: mean target.
    """
    result: dict[str, float] = {}
    last = [(1 - s.negative[-1], e.targets[-1]) for s, e in zip(scores, examples, strict=True)]
    every = [(1 - s.negative[i], t) for s, e in zip(scores, examples, strict=True) for i, t in enumerate(e.targets)]
    for name, pairs in (("step", every), ("solution", last)):
        known = np.array([(p, t) for p, t in pairs if t is not None], float).reshape(-1, 2)
        result[f"{name}_auroc"] = auroc(known[:, 0], known[:, 1] > 0.5)
        result[f"{name}_accuracy"] = float(((known[:, 0] > 0.5) == (known[:, 1] > 0.5)).mean())
        result[f"{name}_brier"] = float(((known[:, 0] - known[:, 1]) ** 2).mean())
        result[f"{name}_share_right"] = float(known[:, 1].mean())
    return result


def _first_negative(example: Example) -> int:
    wrong = RATING_CLASSES[-1]
    return next((i for i, target in enumerate(example.targets) if target == wrong), _NO_ERROR)
