"""How well a verifier judges steps: numbers from its scores and the labels, no model and no tables.

In: step scores, and the examples or first errors they are held against. Out: plain numbers; ``x_low`` and ``x_high`` are the 95 %
interval of ``x`` over problems. Calibration and solution scores
live elsewhere; a threshold other than 1/2 is chosen by ``scaling.processbench``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.clustered import auroc_interval, draws, f1_interval, told_share, with_bounds
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
        """Harmonic mean of the two accuracies; 0 if both are, nan if one is."""
        total = self.erroneous + self.correct
        return 2 * self.erroneous * self.correct / total if total != 0 else 0.0


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


def prm_metrics(
    scores: Sequence[StepScores], examples: Sequence[Example], whole: Sequence[tuple[StepScores, Example]] | None = None
) -> dict[str, float]:
    """Step and first-error metrics of a PRM from its scores of labelled examples (targets are rating classes), one each.

    step_auroc: P(negative) ranks negative steps above others. step_accuracy: the likeliest class is the label.
    share_negative / neutral / positive: class balance. first_error_accuracy, and ProcessBench's three, are of solutions:
    ``whole`` (``examples.first_error_examples`` with their scores); None where the examples are whole solutions themselves.
    n_problems: those with a labelled step; first_error_n_problems and first_error_n_solutions: of the first errors.
    """
    items = [
        (example.problem_id, score.negative[i], score.neutral[i], int(target))
        for score, example in zip(scores, examples, strict=True)
        for i, target in enumerate(example.targets)
        if target is not None
    ]
    of = [item[0] for item in items]
    negative, neutral = np.array([item[1] for item in items]), np.array([item[2] for item in items])
    label = np.array([item[3] for item in items])
    predicted = np.stack([negative, neutral, 1 - negative - neutral], -1).argmax(-1)
    wrong = label == RATING_CLASSES[-1]
    drawn = draws(of)
    found = with_bounds("step_auroc", auroc(negative, wrong), auroc_interval(drawn, negative, wrong))
    found |= told_share("step_accuracy", drawn, predicted == label)
    for i, name in enumerate(("negative", "neutral", "positive")):
        found |= told_share(f"share_{name}", drawn, label == i)
    own = list(zip(scores, examples, strict=True)) if whole is None else whole
    return {"n_problems": float(len(set(of)))} | found | _first_error_metrics(own)


def _first_error_metrics(solutions: Sequence[tuple[StepScores, Example]]) -> dict[str, float]:
    """How well the first wrong step, or that there is none, is named; nan where there is nothing to name."""
    of = [example.problem_id for _, example in solutions]
    truth = np.array([_first_negative(example) for _, example in solutions], int)
    hit = np.array([first_error(score) for score, _ in solutions], int) == truth
    wrong = truth != _NO_ERROR
    bench = process_bench([score for score, _ in solutions], truth.tolist())
    drawn = draws(of)
    return {
        "first_error_n_problems": float(len(set(of))),
        "first_error_n_solutions": float(len(of)),
        **told_share("first_error_accuracy", drawn, hit),
        **told_share("processbench_erroneous", drawn, hit, wrong),
        **told_share("processbench_correct", drawn, hit, ~wrong),
        **with_bounds("processbench_f1", bench.f1, f1_interval(drawn, hit, wrong)),
    }


def value_metrics(scores: Sequence[StepScores], examples: Sequence[Example]) -> dict[str, float]:
    """Metrics of an ORM or a soft PRM from its scores of examples, one each: at every step with a target, and at the last
    step alone (the solution's score).

    brier: mean squared error of P(right). auroc: against targets above a half. share_right: mean target. n_problems: those
    with a target.
    """
    both = list(zip(scores, examples, strict=True))
    last = [(e.problem_id, 1 - s.negative[-1], e.targets[-1]) for s, e in both]
    every = [(e.problem_id, 1 - s.negative[i], t) for s, e in both for i, t in enumerate(e.targets)]
    result = {"n_problems": float(len({problem for problem, _, target in every if target is not None}))}
    for name, items in (("step", every), ("solution", last)):
        of = [problem for problem, _, target in items if target is not None]
        known = np.array([(p, t) for _, p, t in items if t is not None], float).reshape(-1, 2)
        right = known[:, 1] > 0.5
        drawn = draws(of)
        bounds = auroc_interval(drawn, known[:, 0], right) if of else (float("nan"), float("nan"))
        result |= with_bounds(f"{name}_auroc", auroc(known[:, 0], right), bounds)
        result |= told_share(f"{name}_accuracy", drawn, (known[:, 0] > 0.5) == right)
        result |= told_share(f"{name}_brier", drawn, (known[:, 0] - known[:, 1]) ** 2)
        result |= told_share(f"{name}_share_right", drawn, known[:, 1])
    return result


def _first_negative(example: Example) -> int:
    wrong = RATING_CLASSES[-1]
    return next((i for i, target in enumerate(example.targets) if target == wrong), _NO_ERROR)
