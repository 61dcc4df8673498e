"""Ids, names, texts and lists of runs: every ordered container is read, and what is none of them is one line."""

import math

import numpy as np
import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.estimators import (
    StrategyResults,
    accuracy_at_cost,
    bootstrap_interval,
    combined_interval,
    compute_optimal,
    cost_optimal,
    curve,
    groups_interval,
    majority,
    nested_interval,
    probe_easiness,
    quantile_bins,
    sample_grid,
    strategy_results,
    weighted,
)
from stepscale.estimators.flops_match import budget_multiplier, flops_match
from stepscale.estimators.names import checked_ids
from stepscale.estimators.question_difficulty import QuestionDifficulty
from stepscale.estimators.step_confusion import confusion

IDS = [f"p{i}" for i in range(12)]
BINS = [1] * 6 + [2] * 6
EASINESS = np.linspace(0, 1, 12)
ACCURACY = np.random.default_rng(0).random((2, 2, 12))
RESULTS = StrategyResults(("a", "b"), (1, 4), tuple(IDS), ACCURACY, {"tokens": ACCURACY + 0.1})
ROWS = pd.DataFrame(
    [(p, s, n, 0.5) for p in IDS for s in "ab" for n in (1, 4)],
    columns=["problem_id", "strategy", "budget", "accuracy"],
)
PROBLEMS = pd.DataFrame({"problem_id": ["a", "b"]})
SAMPLES = pd.DataFrame(
    {"problem_id": ["a", "a", "b"], "sample_id": [0, 1, 0], "answer": ["1", "2", None], "is_correct": [1, 0, 0]}
)


@pytest.mark.parametrize("ids", [None, 5, "abcdefghijkl", set(IDS), dict.fromkeys(IDS), [[i] for i in IDS], IDS[:3]])
def test_what_is_no_list_of_ids_is_refused_by_every_estimator_that_takes_ids(ids) -> None:
    calls = [
        lambda: quantile_bins(EASINESS, ids),
        lambda: probe_easiness(np.ones((12, 3)), np.ones((12, 3)), ids, 2),
        lambda: StrategyResults(("a", "b"), (1, 4), ids, ACCURACY),
    ]
    for call in calls:
        with pytest.raises(InputError) as caught:
            call()
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("container", [list, tuple, np.array, pd.Series, pd.Index, iter, lambda ids: (i for i in ids)])
def test_ids_of_every_ordered_container_are_read(container) -> None:
    expected = quantile_bins(EASINESS, IDS)
    assert np.array_equal(quantile_bins(EASINESS, container(IDS)), expected)
    assert StrategyResults(("a", "b"), (1, 4), container(IDS), ACCURACY).ids == tuple(IDS)
    assert checked_ids(container(IDS)) == tuple(IDS)


@pytest.mark.parametrize("seed", [None, -1, 1.5, "x"])
def test_a_seed_that_is_no_whole_number_is_refused_where_ties_and_probes_are_drawn(seed) -> None:
    with pytest.raises(InputError, match="seed"):
        quantile_bins(EASINESS, IDS, seed=seed)
    with pytest.raises(InputError, match="seed"):
        probe_easiness(np.ones((12, 3)), np.ones((12, 3)), IDS, 2, seed=seed)


@pytest.mark.parametrize(
    "runs", [None, 5, "ab", {1, 2}, {0: [1.0]}, np.array(3.0), [[[1.0], [0.0]]], [], [[]], [None], (0 for _ in "ab")]
)
def test_runs_that_are_no_list_of_values_are_refused(runs) -> None:
    with pytest.raises(InputError):
        nested_interval(runs)


def test_runs_from_an_iterator_are_those_of_the_list() -> None:
    runs = [[1.0, 0.0], [1.0, 1.0, 0.0]]
    assert nested_interval(iter(runs)).low == nested_interval(runs).low


@pytest.mark.parametrize("resamples", [10**12, 2**31])
def test_resamples_beyond_memory_are_refused_before_it_is_filled(resamples) -> None:
    for call in (
        lambda: bootstrap_interval([1, 0], resamples),
        lambda: combined_interval([1.0, 0.0], [0.1, 0.1], resamples),
    ):
        with pytest.raises(InputError, match=r"resamples must be .* or below"):
            call()


@pytest.mark.parametrize("values", [[[], []], np.zeros((2, 0))])
def test_values_of_no_number_are_refused(values) -> None:
    with pytest.raises(InputError, match="no problems"):
        bootstrap_interval(values)


def test_a_group_that_is_none_is_not_all_problems() -> None:
    with pytest.raises(InputError, match="the first group"):
        groups_interval([1, 0], None, [0, 1])


@pytest.mark.parametrize("places", ["3", 2.5, math.nan, True, 0, -1, 10**12, [3]])
def test_places_that_are_no_number_of_samples_are_refused(places) -> None:
    with pytest.raises(InputError, match="places"):
        sample_grid(PROBLEMS, SAMPLES, places=places)


def test_a_whole_float_is_a_number_of_places() -> None:
    assert sample_grid(PROBLEMS, SAMPLES, places=3.0).mask.shape == (2, 3)


@pytest.mark.parametrize(
    ("problems", "samples", "message"),
    [
        (pd.DataFrame({"problem_id": [["a"], ["b"]]}), SAMPLES, "problem_id must be strings"),
        (PROBLEMS, SAMPLES.assign(problem_id=[["a"]] * 3), "problem_id must be strings"),
        (PROBLEMS, pd.concat([SAMPLES, SAMPLES[["answer"]]], axis=1), "two columns called 'answer'"),
        (PROBLEMS, SAMPLES.assign(problem_id=["a", "a", 1]), "problem 1, which is not among"),
    ],
)
def test_odd_frames_of_samples_are_one_line(problems, samples, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sample_grid(problems, samples)


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u3000"])
def test_blank_text_is_no_answer_and_has_no_vote(blank: str) -> None:
    answers = np.array([[blank, blank, "7"]], dtype=object)
    assert majority(answers, [[0, 0, 1]], [3]) == [1.0]
    assert weighted(answers, [[0.9, 0.9, 0.1]], [[0, 0, 1]], [3]) == [1.0]
    grid = sample_grid(PROBLEMS, SAMPLES.assign(answer=[blank, "2", blank]))
    assert grid.mask.tolist() == [[False, True], [False, False]]
    assert grid.answers.tolist() == [[None, "2"], [None, None]] and not grid.correct.any()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: StrategyResults("ab", (1, 4), tuple(IDS), ACCURACY), "strategies must be a list"),
        (lambda: StrategyResults(("a", "b"), (1, 4), tuple(IDS), ACCURACY, [1]), "costs must be a mapping"),
        (lambda: StrategyResults(("a", "b"), None, tuple(IDS), ACCURACY), "budgets"),
        (lambda: RESULTS.curve("a", ["tokens"]), "no strategy"),
        (lambda: compute_optimal(ROWS, BINS), "StrategyResults are needed, not DataFrame"),
        (lambda: cost_optimal(ROWS, BINS, "a", "tokens"), "StrategyResults are needed, not DataFrame"),
        (lambda: cost_optimal(RESULTS, BINS, "a", ["tokens"]), "no baseline"),
        (lambda: compute_optimal(RESULTS, [1] * 11 + [10**30]), "bins must be 1, 2"),
        (lambda: strategy_results(ROWS, "tokens"), "units must be a list"),
        (lambda: strategy_results(ROWS, None), "units must be a list"),
        (lambda: strategy_results(ROWS.assign(problem_id=[[1]] * len(ROWS))), "problem_id must be strings"),
        (lambda: strategy_results(ROWS.assign(strategy=ROWS["strategy"].replace("a", None))), "without problem_id or"),
        (lambda: strategy_results(pd.concat([ROWS, ROWS[["accuracy"]]], axis=1)), "two columns called 'accuracy'"),
        (lambda: curve([[0.5, 0.6]], [1, 2]).at([[1, 2]]), "spending must be a number or a list"),
        (lambda: accuracy_at_cost(None, "a"), "curves must be a mapping"),
        (lambda: accuracy_at_cost({"a": curve([[0.5, 0.6]], [1, 2])}, ["a"]), "no curve"),
        (lambda: budget_multiplier("4", 1, "v1"), "M must be numbers"),
        (lambda: budget_multiplier(math.nan, 1, "v1"), "M must be a finite"),
        (lambda: budget_multiplier(4, math.inf, "v1"), "R must be a finite"),
        (lambda: budget_multiplier(4, 1, ["v1"]), "version v1 or iclr"),
        (lambda: flops_match(compute_optimal(RESULTS, BINS, 5), None, [0] * 12, 4, "v1"), "bins must be whole"),
        (lambda: flops_match(compute_optimal(RESULTS, BINS, 5), BINS, [0] * 12, 4, "v2"), "version v1 or iclr"),
        (lambda: QuestionDifficulty().fit("a" * 12, [0.5] * 12), "texts must be a list"),
        (lambda: QuestionDifficulty().fit([None] * 12, [0.5] * 12), "texts must be strings"),
        (lambda: QuestionDifficulty().fit(["a", "b"] * 6, [0.1, 0.2] * 6).predict("ab"), "texts must be a list"),
        (lambda: confusion(["False", "True"], [1, 1]), "right must be"),
        (lambda: confusion([math.nan, 0], [1, 1]), "right must be booleans"),
        (lambda: confusion([1, 0], [2, 1]), "accepted must be booleans"),
        (lambda: confusion([[1], [1, 2]], [1, 1]), "right must be"),
    ],
)
def test_what_another_type_would_break_is_one_line(call, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_no_text_has_no_difficulty() -> None:
    assert QuestionDifficulty().fit(["a", "b"] * 6, [0.1, 0.2] * 6).predict([]).shape == (0,)


@pytest.mark.parametrize("odd", [None, 5, "x", [1.0], np.ones(3), pd.DataFrame(), object])
def test_what_is_no_curve_is_one_line_that_names_the_argument(odd: object) -> None:
    from stepscale import estimators

    frame = estimators.curve(np.ones((4, 2)), [1, 2], resamples=50)
    pairs = (
        ("difference", "first", "second"),
        ("efficiency", "baseline", "policy"),
        ("efficiency_table", "baseline", "policy"),
        ("lead_at_own_cost", "first", "second"),
    )
    for name, *arguments in pairs:
        for argument in arguments:
            keywords = {**dict.fromkeys(arguments, frame), argument: odd}
            with pytest.raises(InputError, match=f"^{argument} is .*; give a Curve"):
                getattr(estimators, name)(**keywords)
    with pytest.raises(InputError, match=r"^curves\['b'\] is .*; give a Curve"):
        estimators.accuracy_at_cost({"a": frame, "b": odd}, "a")
    with pytest.raises(InputError, match=r"^policy is .*; give a Curve"):
        estimators.horizontal_shift(frame, odd, [1, 2])
