"""Metrics of step judgment on cases small enough to work out by hand."""

import math

import numpy as np
import pytest

from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.examples import Example
from stepscale.verifiers.metrics import auroc, first_error, prm_metrics, value_metrics


def score(*negative: float) -> StepScores:
    return StepScores(np.array(negative, np.float32), np.zeros(len(negative), np.float32))


def example(*targets: float | None) -> Example:
    return Example("p", Trajectory("P?", tuple("s" * len(targets))), targets)


def test_auroc_counts_ties_half_and_is_undefined_for_one_kind() -> None:
    assert auroc([0.9, 0.5, 0.5, 0.1], [True, True, False, False]) == pytest.approx(0.875)
    assert math.isnan(auroc([0.1, 0.2], [True, True]))


def test_the_first_error_is_the_first_step_that_is_likelier_wrong_than_right() -> None:
    assert first_error(score(0.1, 0.6, 0.9)) == 1
    assert first_error(score(0.1, 0.2)) == first_error(score()) == -1


def test_prm_metrics_by_hand() -> None:
    neutral_last = StepScores(np.array([0.2, 0.1], np.float32), np.array([0.1, 0.7], np.float32))
    scores = [score(0.1, 0.8), neutral_last, score(0.6)]
    metrics = prm_metrics(scores, [example(2.0, 0.0), example(2.0, 1.0), example(2.0)])
    assert metrics["step_auroc"] == 1.0
    assert metrics["step_accuracy"] == pytest.approx(4 / 5)
    assert metrics["share_negative"] == pytest.approx(1 / 5)
    assert metrics["share_neutral"] == pytest.approx(1 / 5)
    assert metrics["share_positive"] == pytest.approx(3 / 5)
    assert metrics["first_error_accuracy"] == pytest.approx(2 / 3)
    assert (metrics["processbench_erroneous"], metrics["processbench_correct"]) == (1.0, 0.5)


def test_first_errors_are_named_in_whole_solutions_where_these_are_told_apart() -> None:
    steps, sibling = (score(0.1), example(2.0)), (score(0.1, 0.2), example(None, 0.0))
    scores, examples = zip(steps, sibling, strict=True)
    metrics = prm_metrics(scores, examples, [sibling])
    assert metrics["step_accuracy"] == 0.5, "steps and their alternatives as before"
    assert metrics["first_error_accuracy"] == metrics["processbench_erroneous"] == 0
    assert math.isnan(metrics["processbench_correct"]) and math.isnan(metrics["processbench_f1"])
    assert (metrics["n_problems"], metrics["first_error_n_problems"], metrics["first_error_n_solutions"]) == (1, 1, 1)
    nothing = prm_metrics(scores, examples, [])
    assert nothing["first_error_n_solutions"] == 0 and math.isnan(nothing["first_error_accuracy"])


def test_value_metrics_by_hand() -> None:
    scores = [score(0.5, 0.1), score(0.4, 0.8)]
    metrics = value_metrics(scores, [example(1.0, 1.0), example(None, 0.0)])
    assert metrics["solution_auroc"] == 1.0
    assert metrics["solution_accuracy"] == 1.0
    assert metrics["solution_brier"] == pytest.approx((0.1**2 + 0.2**2) / 2)
    assert metrics["step_accuracy"] == pytest.approx(2 / 3)
    assert metrics["step_share_right"] == pytest.approx(2 / 3)
