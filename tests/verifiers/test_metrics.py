"""Metrics of step judgment on cases small enough to work out by hand."""

import math
from typing import Any

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.estimators.clustered import auroc_interval, problem_resamples
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.examples import Example
from stepscale.verifiers.metrics import auroc, predicted_first_error, prm_metrics, value_metrics


def score(*negative: float) -> StepScores:
    return StepScores(np.array(negative, np.float32), np.zeros(len(negative), np.float32))


def example(*targets: float | None) -> Example:
    return Example("p", Trajectory("P?", tuple("s" * len(targets))), targets)


def test_auroc_counts_ties_half_and_is_undefined_for_one_kind() -> None:
    assert auroc([0.9, 0.5, 0.5, 0.1], [True, True, False, False]) == pytest.approx(0.875)
    assert math.isnan(auroc([0.1, 0.2], [True, True]))


def test_the_first_error_is_the_first_step_that_is_likelier_wrong_than_right() -> None:
    assert predicted_first_error(score(0.1, 0.6, 0.9)) == 1
    assert predicted_first_error(score(0.1, 0.2)) == predicted_first_error(score()) == -1


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


NAN = float("nan")


@pytest.mark.parametrize(
    ("scores", "positive", "message"),
    [
        ([0.1, NAN], [True, False], "a score is NaN"),
        ([NAN, NAN], [True, True], "a score is NaN"),
        ([0.1, None], [True, False], "a score is NaN"),
        ([0.1], [True, False], "1 scores for 2 classes"),
        ([0.1, 0.2, 0.3], [True, False], "3 scores for 2 classes"),
        ([[0.1, 0.2]], [[True, False]], "one of each per item"),
        ([0.1, 0.2], [1, -1], "true or false"),
        ([0.1, 0.2], [True, None], "true or false"),
        (["a", "b"], [True, False], "must be numbers"),
    ],
)
def test_a_ranking_that_is_none_is_one_line(scores: list[object], positive: list[object], message: str) -> None:
    for measure in (
        lambda: auroc(scores, positive),
        lambda: auroc_interval(problem_resamples(["p"] * len(scores)), scores, positive),
    ):
        with pytest.raises(InputError, match=message) as caught:
            measure()
        assert "\n" not in str(caught.value)


def test_infinite_scores_are_ranked_as_any() -> None:
    assert auroc([float("-inf"), 0.0, float("inf")], [False, True, True]) == 1.0
    assert math.isnan(auroc([], []))


@pytest.mark.parametrize("measure", [prm_metrics, value_metrics])
@pytest.mark.parametrize(
    ("negative", "targets", "message"),
    [
        ([0.1, NAN], (2.0, 0.0), "'p': the score of a step is NaN"),
        ([0.1], (2.0, 0.0), "'p': 1 scores for 2 steps"),
        ([0.1, 0.2, 0.3], (2.0, 0.0), "'p': 3 scores for 2 steps"),
    ],
)
def test_scores_that_are_not_one_per_step_name_the_problem(
    measure: Any, negative: list[float], targets: tuple[float, ...], message: str
) -> None:
    numbers = np.array(negative, np.float32)
    scored, example = StepScores(numbers, 0 * numbers), Example("p", Trajectory("?", ("a", "b")), targets)
    with pytest.raises(InputError, match=message):
        measure([scored], [example])
    with pytest.raises(InputError, match="1 scored solutions for 2 examples"):
        measure([scored], [example, example])


def test_no_first_error_is_told_from_a_score_that_is_nan() -> None:
    with pytest.raises(InputError, match="NaN for a step"):
        predicted_first_error(StepScores(np.array([0.1, NAN], np.float32), np.zeros(2, np.float32)))


def test_values_that_do_not_belong_to_the_resampled_items_are_refused() -> None:
    resamples = problem_resamples(["p", "q"])
    with pytest.raises(InputError, match="3 scores for the problems of 2 items"):
        auroc_interval(resamples, [0.1, 0.2, 0.3], [True, False, True])
    with pytest.raises(InputError, match="1 values for the problems of 2 items"):
        resamples.sums([[1.0]])
