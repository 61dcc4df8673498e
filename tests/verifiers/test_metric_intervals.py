"""Intervals of a verifier's metrics: the metric itself on each resample of the problems, and quick."""

import numpy as np
import pytest
from bounded_work import calls

from stepscale.estimators.clustered import (
    auroc_interval,
    f1_interval,
    percentiles,
    problem_resamples,
    share_interval,
    share_with_bounds,
)
from stepscale.verifiers.contract import StepScores, Trajectory
from stepscale.verifiers.examples import Example
from stepscale.verifiers.metrics import auroc, prm_metrics, value_metrics
from stepscale.verifiers.processbench import ProcessBenchScore

RNG = np.random.default_rng(0)
IDS = [f"p{i}" for i in RNG.integers(0, 12, 200)]


def drawn_again(resample: int) -> np.ndarray:
    """The items of a resample, written out as often as their problem is drawn."""
    resamples = problem_resamples(IDS, resamples=50)
    return np.repeat(np.arange(len(IDS)), resamples.counts[resample][resamples.problem])


def test_every_resample_of_a_metric_is_the_metric_of_its_items() -> None:
    scores, positive, whole = RNG.integers(0, 9, 200) / 10, RNG.random(200) < 0.3, RNG.random(200) < 0.5
    resamples = problem_resamples(IDS, resamples=50)
    items = [drawn_again(i) for i in range(50)]
    by_hand = percentiles([auroc(scores[i], positive[i]) for i in items])
    assert auroc_interval(resamples, scores, positive) == pytest.approx(by_hand)
    of_share = percentiles([positive[i][whole[i]].mean() for i in items])
    assert share_interval(resamples, positive & whole, whole) == pytest.approx(of_share)
    f1 = [ProcessBenchScore(positive[i][whole[i]].mean(), positive[i][~whole[i]].mean(), 1, 1).f1 for i in items]
    assert f1_interval(resamples, positive, whole) == pytest.approx(percentiles(f1))


def test_the_same_metric_is_less_sure_where_the_steps_of_a_problem_are_alike() -> None:
    of_problem = np.random.default_rng(1).normal(0, 1, 40)
    scores = np.repeat(of_problem, 50)
    positive = np.repeat(np.random.default_rng(2).random(40) < 1 / (1 + np.exp(-of_problem)), 50)
    by_problem = auroc_interval(problem_resamples([str(i) for i in range(40) for _ in range(50)]), scores, positive)
    by_step = auroc_interval(problem_resamples([str(i) for i in range(2000)]), scores, positive)
    assert by_problem[1] - by_problem[0] > 3 * (by_step[1] - by_step[0])


def test_where_a_kind_is_missing_there_is_no_interval() -> None:
    resamples = problem_resamples(["a", "b"])
    assert np.isnan(auroc_interval(resamples, [0.1, 0.2], [True, True])).all()
    assert np.isnan(f1_interval(resamples, [True, False], [True, True])).all()


def test_a_mean_over_some_items_has_the_interval_of_its_resamples() -> None:
    values, is_counted = RNG.random(200), RNG.random(200) < 0.5
    metrics = share_with_bounds("brier", problem_resamples(IDS, resamples=50), values, is_counted)
    items = [drawn_again(i) for i in range(50)]
    by_hand = percentiles([values[i][is_counted[i]].mean() for i in items])
    assert metrics["brier"] == pytest.approx(values[is_counted].mean())
    assert (metrics["brier_low"], metrics["brier_high"]) == pytest.approx(by_hand)
    assert np.isnan(list(share_with_bounds("none", problem_resamples([]), []).values())).all()


def validation_set(problems: int, solutions: int, steps: int, soft: bool) -> tuple[list[StepScores], list[Example]]:
    rng = np.random.default_rng(0)
    examples, scores = [], []
    for problem in range(problems):
        for _ in range(solutions):
            negative = rng.random(steps).astype(np.float32)
            bad = rng.random(steps) < negative
            targets = tuple(float(not b) if soft else float(2 * (not b)) for b in bad)
            examples.append(Example(f"p{problem}", Trajectory("P?", ("s",) * steps), targets))
            scores.append(StepScores(negative, np.zeros(steps, np.float32)))
    return scores, examples


@pytest.mark.parametrize(
    ("metrics", "names"),
    [
        (
            prm_metrics,
            (
                "step_auroc",
                "step_accuracy",
                "share_negative",
                "first_error_accuracy",
                "processbench_erroneous",
                "processbench_correct",
                "processbench_f1",
            ),
        ),
        (
            value_metrics,
            (
                "step_auroc",
                "solution_auroc",
                "step_accuracy",
                "solution_accuracy",
                "step_brier",
                "solution_brier",
                "solution_share_right",
            ),
        ),
    ],
)
def test_a_validation_set_of_13800_steps_has_its_intervals(metrics, names) -> None:
    got = metrics(*validation_set(150, 23, 4, soft=metrics is value_metrics))
    for name in names:
        assert got[f"{name}_low"] < got[name] < got[f"{name}_high"]
    assert got["n_problems"] == 150


@pytest.mark.parametrize("metrics", [prm_metrics, value_metrics])
def test_the_work_for_intervals_grows_no_faster_than_the_validation_set(metrics) -> None:
    small, twice = (validation_set(n, 23, 4, soft=metrics is value_metrics) for n in (50, 100))
    metrics(*small)  # what is imported on first use
    of_small, of_twice = calls(lambda: metrics(*small)), calls(lambda: metrics(*twice))
    assert of_twice < 2.2 * of_small
    assert of_twice < 20 * 100 * 23 * 4, "a few calls per step"


def test_resamples_are_worked_out_together_and_not_one_by_one() -> None:
    scores, positive = RNG.random(200), RNG.random(200) < 0.3
    few, many = problem_resamples(IDS, resamples=10), problem_resamples(IDS, resamples=1000)
    for interval in (auroc_interval, share_interval, f1_interval):
        arrays = (positive, ~positive) if interval is f1_interval else (scores, positive)
        interval(few, *arrays)
        assert calls(lambda f=interval, g=arrays: f(many, *g)) == calls(lambda f=interval, g=arrays: f(few, *g))
