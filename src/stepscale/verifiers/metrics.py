"""How well a verifier judges steps: numbers from its scores and the labels, no model and no tables.

In: step scores, and the examples or first errors they are compared with. Out: plain numbers; ``x_low`` and ``x_high`` are the
95 % interval of ``x`` over problems. Calibration and solution scores are in other files. ``verifiers.processbench`` chooses a
threshold other than 1/2.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.clustered import (
    auroc_interval,
    checked_ranking,
    f1_interval,
    problem_resamples,
    share_with_bounds,
    with_bounds,
)
from stepscale.verifiers.contract import FloatArray, StepScores
from stepscale.verifiers.examples import RATING_CLASSES, Example
from stepscale.verifiers.processbench import NO_ERROR, processbench_score

_MAX_NEGATIVE_PROBABILITY = 0.5  # a step whose P(negative) is above this is called wrong


def auroc(scores: Sequence[float] | FloatArray, positive: Sequence[bool] | NDArray[np.bool_]) -> float:
    """Probability that a positive item scores above a negative one, ties half; nan if one kind is missing.

    Args:
        scores: The higher, the surer that an item is positive [items].
        positive: Whether it is [items].

    Raises:
        InputError: The lengths differ, a score is NaN, or something else is not a number.
    """
    from sklearn.metrics import roc_auc_score

    values, truth = checked_ranking(scores, positive)
    if truth.all() or not truth.any():
        return float("nan")
    ranks = np.unique(values, return_inverse=True)[1]  # scikit-learn takes no infinite scores
    return float(roc_auc_score(truth, ranks))


def predicted_first_error(score: StepScores) -> int:
    """Index of the first step that is likelier negative than not; -1 if none is.

    Args:
        score: A score per step.

    Raises:
        InputError: A step's score is NaN.
    """
    if np.isnan(score.negative).any():
        raise InputError("P(negative) is NaN for a step; score every step, or leave the solution out")
    above = np.flatnonzero(score.negative > _MAX_NEGATIVE_PROBABILITY)
    return int(above[0]) if len(above) else NO_ERROR


def prm_metrics(
    scores: Sequence[StepScores],
    examples: Sequence[Example],
    scored_solutions: Sequence[tuple[StepScores, Example]] | None = None,
) -> dict[str, float]:
    """Step and first-error metrics of a PRM.

    Args:
        scores: Its step scores of each example [examples].
        examples: Labeled examples, whose targets are rating classes [examples].
        scored_solutions: Whole solutions with their scores, for the first errors (``verifiers.first_error_examples``);
            None: the examples are whole solutions themselves.

    Returns:
        Numbers by name. step_auroc: P(negative) ranks negative steps above others. step_accuracy: the likeliest class is the
        label. share_negative, share_neutral, share_positive: class balance. first_error_accuracy and ProcessBench's three are
        of solutions. n_problems: those with a labeled step; first_error_n_problems and first_error_n_solutions: of the first
        errors.

    Raises:
        InputError: There is not one score for each example and step, or one is NaN.
    """
    _check_same(scores, examples)
    items = [
        (example.problem_id, score.negative[i], score.neutral[i], int(target))
        for score, example in zip(scores, examples, strict=True)
        for i, target in enumerate(example.targets)
        if target is not None
    ]
    problem_ids = [item[0] for item in items]
    negative, neutral = np.array([item[1] for item in items]), np.array([item[2] for item in items])
    label = np.array([item[3] for item in items])
    predicted = np.stack([negative, neutral, 1 - negative - neutral], -1).argmax(-1)
    wrong = label == RATING_CLASSES[-1]
    resamples = problem_resamples(problem_ids)
    metrics = with_bounds("step_auroc", auroc(negative, wrong), auroc_interval(resamples, negative, wrong))
    metrics |= share_with_bounds("step_accuracy", resamples, predicted == label)
    for i, name in enumerate(("negative", "neutral", "positive")):
        metrics |= share_with_bounds(f"share_{name}", resamples, label == i)
    solutions = list(zip(scores, examples, strict=True)) if scored_solutions is None else scored_solutions
    return {"n_problems": float(len(set(problem_ids)))} | metrics | _first_error_metrics(solutions)


def _first_error_metrics(solutions: Sequence[tuple[StepScores, Example]]) -> dict[str, float]:
    """How often the first wrong step, or its absence, is found; nan without solutions."""
    problem_ids = [example.problem_id for _, example in solutions]
    truth = np.array([_first_negative(example) for _, example in solutions], int)
    predicted = np.array([predicted_first_error(score) for score, _ in solutions], int)
    hit, wrong = predicted == truth, truth != NO_ERROR
    resamples = problem_resamples(problem_ids)
    f1 = processbench_score(truth, predicted).f1
    return {
        "first_error_n_problems": float(len(set(problem_ids))),
        "first_error_n_solutions": float(len(problem_ids)),
        **share_with_bounds("first_error_accuracy", resamples, hit),
        **share_with_bounds("processbench_erroneous", resamples, hit, wrong),
        **share_with_bounds("processbench_correct", resamples, hit, ~wrong),
        **with_bounds("processbench_f1", f1, f1_interval(resamples, hit, wrong)),
    }


def value_metrics(scores: Sequence[StepScores], examples: Sequence[Example]) -> dict[str, float]:
    """Metrics of an ORM or a soft PRM: at every step with a target, and at the last step alone (the solution's score).

    Args:
        scores: Step scores of each example [examples].
        examples: Examples whose targets are shares in [0, 1] [examples].

    Returns:
        Numbers by name. brier: mean squared error of P(right). auroc: against targets above a half. share_right: mean target.
        n_problems: those with a target.

    Raises:
        InputError: There is not one score for each example and step, or one is NaN.
    """
    _check_same(scores, examples)
    with_targets = [(score, example) for score, example in zip(scores, examples, strict=True) if example.targets]
    last = [(e.problem_id, 1 - s.negative[-1], e.targets[-1]) for s, e in with_targets]
    rows = [(e.problem_id, 1 - s.negative[i], t) for s, e in with_targets for i, t in enumerate(e.targets)]
    result = {"n_problems": float(len({problem for problem, _, target in rows if target is not None}))}
    for name, items in (("step", rows), ("solution", last)):
        labeled = [item for item in items if item[2] is not None]
        predicted = np.array([probability for _, probability, _ in labeled], float)
        target = np.array([target for _, _, target in labeled], float)
        right, resamples = target > 0.5, problem_resamples([problem for problem, _, _ in labeled])
        bounds = auroc_interval(resamples, predicted, right) if labeled else (float("nan"), float("nan"))
        result |= with_bounds(f"{name}_auroc", auroc(predicted, right), bounds)
        result |= share_with_bounds(f"{name}_accuracy", resamples, (predicted > 0.5) == right)
        result |= share_with_bounds(f"{name}_brier", resamples, (predicted - target) ** 2)
        result |= share_with_bounds(f"{name}_share_right", resamples, target)
    return result


def _check_same(scores: Sequence[StepScores], examples: Sequence[Example]) -> None:
    if len(scores) != len(examples):
        raise InputError(f"{len(scores)} scored solutions for {len(examples)} examples; score the same ones")
    for score, example in zip(scores, examples, strict=True):
        if not len(score.negative) == len(score.neutral) == len(example.targets):
            raise InputError(
                f"problem {example.problem_id!r}: {len(score.negative)} scores for {len(example.targets)} steps; score each step"
            )
        if np.isnan(score.negative).any() or np.isnan(score.neutral).any():
            raise InputError(
                f"problem {example.problem_id!r}: the score of a step is NaN; score it again or leave it out"
            )


def _first_negative(example: Example) -> int:
    wrong = RATING_CLASSES[-1]
    return next((i for i, target in enumerate(example.targets) if target == wrong), NO_ERROR)
