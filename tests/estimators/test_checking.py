"""What users hand to the estimators: every container and type is read the same, and what cannot be read is an InputError."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators import (
    StrategyResults,
    best_of_n,
    bootstrap_interval,
    combined_interval,
    compute_optimal,
    cost_optimal,
    curve,
    efficiency,
    horizontal_shift,
    majority,
    nested_interval,
    oracle_easiness,
    paired_interval,
    pass_at_k,
    power,
    predicted_easiness,
    probe_easiness,
    quantile_bins,
    quantity,
    rank_correlation,
    sample_grid,
    strategy_results,
    weighted,
)
from stepscale.estimators.checking import checked_budgets
from stepscale.estimators.difficulty import bin_borders
from stepscale.estimators.intervals import groups_interval
from stepscale.estimators.resampling import resample_counts

INTEGER_TYPES = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.intp]
ANSWERS = np.random.default_rng(0).integers(0, 9, (10, 60))


def every_estimator(correct, ns, mask=None):
    """Each estimator of budgets on the same samples."""
    shape = (len(correct), len(correct.columns if isinstance(correct, pd.DataFrame) else correct[0]))
    answers, scores = np.ones(shape, int), np.full(shape, 0.5)
    yield lambda: best_of_n(scores, correct, ns, mask)
    yield lambda: pass_at_k(correct, ns, mask)
    yield lambda: majority(answers, correct, ns, mask)
    yield lambda: weighted(answers, scores, correct, ns, mask)


def refuses(estimate) -> None:
    with pytest.raises(InputError) as caught:
        estimate()
    assert "\n" not in str(caught.value)


# --- budgets


@pytest.mark.parametrize("kind", INTEGER_TYPES)
def test_budgets_of_every_integer_type_give_the_numbers_of_python_integers(kind) -> None:
    ns = [1, 3, 12, 16]
    answers = ANSWERS[:3, :16]
    right, scores = answers == 1, np.ones(answers.shape)
    expected = majority(answers, right, ns), weighted(answers, scores, right, ns)
    for budgets in (np.array(ns, kind), [kind(n) for n in ns], pd.Series(ns, dtype=kind), tuple(map(kind, ns))):
        assert np.array_equal(majority(answers, right, budgets), expected[0])
        assert np.array_equal(weighted(answers, scores, right, budgets), expected[1])


def test_a_product_that_would_overflow_never_chooses_to_go_through_all_subsets() -> None:
    answers = np.random.default_rng(1).integers(0, 50, (10, 60))
    assert np.array_equal(majority(answers, answers == 1, np.array([24])), majority(answers, answers == 1, [24]))
    many = np.random.default_rng(2).integers(0, 5, (100, 64))
    assert majority(many, many == 1, 2 ** np.arange(7)).shape == (7,)


@pytest.mark.parametrize(
    "ns",
    [
        [1.5],
        [np.float32(2.5)],
        ["2"],
        "2",
        2,
        None,
        [None],
        [True],
        [np.nan],
        [np.inf],
        {1, 2},
        {1: 2},
        [[1, 2]],
        [1 + 0j],
        np.array([[1, 2]]),
        np.array(2),
        np.ma.array([1, 2], mask=[0, 1]),
        pd.DataFrame({1: [2]}),
        [Fraction(3, 2)],
        [0],
        [-1],
        [5],
    ],
)
def test_budgets_that_are_no_whole_numbers_of_samples_are_refused(ns) -> None:
    for estimate in every_estimator(np.ones((2, 4)), ns):
        refuses(estimate)


def test_a_whole_float_is_a_budget() -> None:
    assert checked_budgets([16.0, np.float64(2)]) == (16, 2) and all(
        type(n) is int for n in checked_budgets(np.arange(1.0, 4))
    )


# --- correctness and masks


@pytest.mark.parametrize(
    "wrong",
    [2, -1, 0.5, np.nan, np.inf, None, pd.NA, "yes", "1", 1 + 1j, np.datetime64("2020"), Decimal("0.5"), {}, [1]],
)
def test_correctness_other_than_0_or_1_is_refused(wrong) -> None:
    table = np.empty((1, 3), object)
    table[0, :] = [1, 0, 0]
    table[0, 2] = wrong
    for correct in (table, table.tolist(), pd.DataFrame(table)):
        for estimate in (*every_estimator(correct, [1, 2]), lambda c=correct: oracle_easiness(c)):
            refuses(estimate)


@pytest.mark.parametrize("dtype", [bool, int, float, np.uint8, np.float16, object])
def test_correctness_of_every_type_that_holds_0_and_1_is_read(dtype) -> None:
    correct = np.array([[1, 0, 1, 1]]).astype(dtype)
    for form in (correct, correct.tolist(), pd.DataFrame(correct), list(correct)):
        assert pass_at_k(form, [1]) == pytest.approx([0.75])


def test_nullable_frames_are_read_and_what_is_missing_in_them_is_refused_unless_it_is_masked() -> None:
    frame = pd.DataFrame({"a": [True, False], "b": [True, None]}, dtype="boolean")
    for estimate in every_estimator(frame, [1]):
        refuses(estimate)
    answered = frame.notna()
    assert pass_at_k(frame, [1, 2], answered) == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    "mask",
    [
        [[1, np.nan]],
        [["False", "True"]],
        [[None, True]],
        [[2, 1]],
        [[True]],
        [True, False],
        [[0.5, 1]],
        [[True], [True, False]],
    ],
)
def test_a_mask_that_is_not_boolean_is_refused(mask) -> None:
    for estimate in every_estimator([[1, 0]], [1], mask):
        refuses(estimate)


def test_a_mask_of_0_and_1_is_one_of_booleans() -> None:
    assert pass_at_k([[1, 0]], [2], [[0, 1]]) == pytest.approx([0.0])


def test_masked_arrays_are_refused_for_their_mask_would_be_lost() -> None:
    hidden = np.ma.array([[1, 0]], mask=[[1, 0]])
    for estimate in (*every_estimator(hidden, [1]), *every_estimator([[1, 0]], [1], hidden)):
        refuses(estimate)
    refuses(lambda: majority(hidden, [[1, 0]], [1]))


# --- shapes and scores


@pytest.mark.parametrize(
    "correct", [[[1, 0], [1]], [1, 0], [], [[]], 1, None, "10", np.ones((1, 2, 2)), {1: [1]}, [[[1], [0]], [[1]]]]
)
def test_correctness_of_another_shape_is_refused(correct) -> None:
    refuses(lambda: pass_at_k(correct, [1]))
    refuses(lambda: best_of_n([[1, 0]], correct, [1]))
    refuses(lambda: majority([[1, 0]], correct, [1]))


@pytest.mark.parametrize(
    "scores",
    [[[0.1], [0.2, 0.3]], [[0.1]], [["0.1", "0.2"]], [[None, 0.1]], [[np.nan, 0.1]], [[1j, 0]], None, [[pd.NA, 1]]],
)
def test_scores_that_are_not_one_number_per_sample_are_refused(scores) -> None:
    refuses(lambda: best_of_n(scores, [[1, 0]], [1]))
    refuses(lambda: weighted([[1, 2]], scores, [[1, 0]], [1]))
    refuses(lambda: predicted_easiness(scores, [[True, True]]))


def test_tensors_are_read_and_those_numpy_cannot_hold_are_refused() -> None:
    torch = pytest.importorskip("torch")
    scores = torch.tensor([[0.1, 0.2]])
    assert best_of_n(scores, torch.tensor([[False, True]]), torch.tensor([2])) == pytest.approx([1.0])
    refuses(lambda: best_of_n(scores.to(torch.bfloat16), [[0, 1]], [1]))
    refuses(lambda: pass_at_k(scores.to(torch.bfloat16) > 1e9, [1.5]))
    assert best_of_n(scores.requires_grad_(), [[0, 1]], [2]) == pytest.approx([1.0])


# --- answers


@pytest.mark.parametrize(
    "missing", [None, np.nan, float("nan"), pd.NA, pd.NaT, -1, -1.0, np.int8(-1), np.float32(-1), Decimal(-1)]
)
@pytest.mark.parametrize("answer", [2, "2", 2.5, (1, 2)])
def test_an_unanswered_sample_has_no_vote_in_any_container(missing, answer) -> None:
    table = np.empty((1, 4), object)
    for place, value in enumerate([missing, missing, answer, missing]):
        table[0, place] = value
    frame = pd.DataFrame(table)
    for answers in (
        (table, frame) if isinstance(answer, tuple) else (table, table.tolist(), frame, frame.convert_dtypes())
    ):
        assert majority(answers, [[0, 0, 1, 0]], [4]) == pytest.approx([1.0])
        assert weighted(answers, np.ones((1, 4)), [[0, 0, 1, 0]], [4]) == pytest.approx([1.0])


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.float16, np.float64, object, "Int64", "Float64"])
def test_minus_one_is_no_answer_in_arrays_of_every_type(dtype) -> None:
    answers = pd.DataFrame([[-1, -1, 2, 2, 3]]).astype(dtype)
    assert majority(answers, [[0, 0, 1, 1, 0]], [5]) == pytest.approx([1.0])
    assert majority(answers.to_numpy(), [[0, 0, 1, 1, 0]], [5]) == pytest.approx([1.0])


def test_the_text_minus_one_is_an_answer() -> None:
    assert majority([["-1", "-1", "2"]], [[1, 1, 0]], [3]) == pytest.approx([1.0])


@pytest.mark.parametrize(
    "answers", [[[{"a": 1}, {"a": 1}]], [[[1], [1]]], [["a"]], [["a"], ["b", "c"]], None, [[{1}, {2}]]]
)
def test_answers_that_are_no_table_of_labels_are_refused(answers) -> None:
    refuses(lambda: majority(answers, [[1, 0]], [1]))


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=4, max_size=4), min_size=1, max_size=3))
def test_lists_arrays_and_frames_of_the_same_answers_give_the_same_accuracy(rows) -> None:
    correct = [[answer == "a" for answer in row] for row in rows]
    expected = majority(np.array(rows, object), correct, [1, 2, 3, 4])
    for form in (rows, pd.DataFrame(rows), pd.DataFrame(rows, dtype="string"), pd.DataFrame(rows).astype("category")):
        assert np.array_equal(majority(form, correct, [1, 2, 3, 4]), expected)


# --- intervals


@pytest.mark.parametrize("values", [[1, np.nan, 0], [np.inf], [], None, 1.0, ["a"], [[1], [1, 2]], [1, None]])
def test_values_that_are_not_finite_numbers_have_no_interval(values) -> None:
    refuses(lambda: bootstrap_interval(values))
    refuses(lambda: paired_interval(values, values))
    refuses(lambda: curve(values, [1.0]))
    refuses(lambda: groups_interval(values, [True], [True]))
    refuses(lambda: nested_interval([[1.0]] + ([values] if isinstance(values, list) else [[np.nan]])))


@pytest.mark.parametrize("level", [95, -1, 0, 1, np.nan, None, "0.95", [0.95]])
def test_a_level_that_is_no_share_is_refused(level) -> None:
    refuses(lambda: bootstrap_interval([1.0, 0.0], level=level))
    refuses(lambda: paired_interval([1.0, 0.0], [0.0, 0.0], level=level))


@pytest.mark.parametrize("resamples", [0, -5, 1.5, None, "2000", True])
def test_a_number_of_resamples_below_one_is_refused(resamples) -> None:
    refuses(lambda: bootstrap_interval([1.0, 0.0], resamples=resamples))
    refuses(lambda: resample_counts(2, resamples, 0))
    refuses(lambda: bootstrap_interval([1.0, 0.0], seed=-1))
    refuses(lambda: combined_interval([0.5, 0.6], [0.1, 0.1], resamples=resamples))
    refuses(lambda: combined_interval([0.5, 0.6], [0.1, 0.1], seed=-1))


def test_runs_that_are_no_lists_of_values_have_no_interval() -> None:
    refuses(lambda: nested_interval([0.5, 0.6]))
    refuses(lambda: nested_interval([[], []]))


def test_parts_of_a_claim_with_other_resamples_have_no_common_power() -> None:
    few, many = (quantity(bootstrap_interval([0.5, 0.4, 0.1], resamples), 0.1) for resamples in (100, 200))
    refuses(lambda: power([few, many]))


# --- policies


@pytest.mark.parametrize("bins", [[1, 1, 1, 1.5], [1, 1, 2], ["a"] * 4, None, [np.nan] * 4, [0, 0, 1, 1], [1, 1, 3, 3]])
def test_bins_that_are_not_one_two_and_so_on_are_refused(bins) -> None:
    results = StrategyResults(("a",), (1, 2), tuple("pqrs"), np.ones((1, 2, 4)), {"flops": np.ones((1, 2, 4))})
    refuses(lambda: compute_optimal(results, bins))
    refuses(lambda: cost_optimal(results, bins, "a", "flops"))
    assert compute_optimal(results, np.array([1, 1, 1, 1], np.int8), np.int64(5)).per_problem.shape == (4, 2)


def test_tables_and_settings_of_policies_are_checked_as_samples_are() -> None:
    table = pd.DataFrame({"strategy": ["a"], "problem_id": ["p"], "budget": [1.5], "accuracy": [1.0]})
    line = curve([[0.1, 0.2], [0.2, 0.4]], [1, 2], resamples=5)
    for estimate in (
        lambda: strategy_results(table),
        lambda: strategy_results(table.drop(columns="budget")),
        lambda: StrategyResults(("a",), (1,), ("p",), [["x"]]),
        lambda: efficiency(line, line, at=1.5),
        lambda: efficiency(line, line, at=2),
        lambda: line.at(["x"]),
        lambda: quantile_bins([1, 2], ["p", "q"], 1.5),
        lambda: bin_borders([np.nan, 1.0]),
        lambda: rank_correlation([1, 2, 3], [1, 2, np.nan]),
        lambda: probe_easiness([[1, 2]], [[1, np.nan]], ["p"], 1),
    ):
        refuses(estimate)


RESULTS = np.full((2, 2, 4), 0.5)


@pytest.mark.parametrize(
    ("strategies", "budgets", "ids", "accuracy"),
    [
        (("a", "a"), (1, 2), "pqrs", RESULTS),
        (("a", "b"), (1, 2), "pqrp", RESULTS),
        (("a", "b"), (2, 1), "pqrs", RESULTS),
        (("a", "b"), (2, 2), "pqrs", RESULTS),
        (("a", "b"), (1, 2), "pqrs", np.full((2, 2, 4), np.inf)),
    ],
)
def test_results_of_two_of_one_name_or_of_budgets_that_do_not_rise_are_refused(
    strategies, budgets, ids, accuracy
) -> None:
    refuses(lambda: StrategyResults(strategies, budgets, tuple(ids), accuracy))


def test_a_table_of_results_that_holds_no_numbers_or_is_none_is_refused() -> None:
    refuses(lambda: strategy_results([1, 2]))
    rows = {"strategy": ["a"], "problem_id": ["p"], "budget": [1], "accuracy": ["high"]}
    refuses(lambda: strategy_results(pd.DataFrame(rows)))


def test_budgets_of_a_curve_and_of_a_shift_rise() -> None:
    accuracy = np.tile([0.1, 0.3, 0.5, 0.7], (5, 1))
    refuses(lambda: curve(accuracy, [8, 4, 2, 1]))
    refuses(lambda: curve(accuracy, [1, 2, 2, 4]))
    line = curve(accuracy, [1, 2, 4, 8], resamples=5)
    for budgets in ([4, 2], [2, 2], [1.5], ["2"]):
        refuses(lambda: horizontal_shift(line, line, budgets))  # noqa: B023
    shifts = [horizontal_shift(line, line, budgets) for budgets in ([2, 4], np.array([2, 4], np.int8), [2.0, 4.0])]
    assert {shift.compared for shift in shifts} == {shifts[0].compared}


# --- tables of samples

PROBLEMS = pd.DataFrame({"problem_id": ["p", "q"]})
SOLUTIONS = pd.DataFrame(
    {
        "problem_id": ["p", "p", "q", "q"],
        "sample_id": [0, 1, 0, 1],
        "answer": ["1", "2", "1", None],
        "is_correct": [True, False, True, None],
    }
)


@pytest.mark.parametrize("wrong", [["True", "False"] * 2, [2, 0, 1, 0], [1, -1, 1, 0], [0.5, 0, 1, 0], [1j, 0, 1, 0]])
def test_a_table_s_verdicts_other_than_0_or_1_are_refused(wrong) -> None:
    refuses(lambda: sample_grid(PROBLEMS, SOLUTIONS.assign(is_correct=wrong)))


@pytest.mark.parametrize("right", [[1, 0, 1, 0], [1.0, np.nan, 1, 0], pd.array([True, None, True, False], "boolean")])
def test_a_table_s_verdicts_of_every_type_are_read_and_a_missing_one_is_wrong(right) -> None:
    grid = sample_grid(PROBLEMS, SOLUTIONS.assign(is_correct=right))
    assert grid.correct.tolist() == [[True, False], [True, False]]


@pytest.mark.parametrize(
    "wrong", [[0, 0, 0, 1], [0, -1, 0, 1], [0, 1.5, 0, 1], [0, np.nan, 0, 1], [0, 10**12, 0, 1], list("0101")]
)
def test_sample_ids_that_are_no_places_of_their_own_are_refused(wrong) -> None:
    refuses(lambda: sample_grid(PROBLEMS, SOLUTIONS.assign(sample_id=wrong)))


def test_a_table_without_a_column_or_with_a_problem_twice_is_refused() -> None:
    for name in SOLUTIONS.columns:
        refuses(lambda: sample_grid(PROBLEMS, SOLUTIONS.drop(columns=name)))  # noqa: B023
    refuses(lambda: sample_grid(pd.DataFrame({"problem_id": ["p", "q", "p"]}), SOLUTIONS))
    refuses(lambda: sample_grid(PROBLEMS[[]], SOLUTIONS))


@pytest.mark.parametrize("answers", [[1, -1, 1, 2], [1.0, -1.0, 1, 2], [1.0, np.nan, 1, 2], pd.array([1, None, 1, 2])])
def test_a_table_s_minus_one_is_no_answer_as_in_arrays(answers) -> None:
    grid = sample_grid(PROBLEMS, SOLUTIONS.assign(answer=answers))
    assert grid.mask.tolist() == [[True, False], [True, True]]
