"""Numbers and labels out of tensors, masked arrays and nested lists: read as what they hold, or refused in one line."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from stepscale.errors import InputError
from stepscale.estimators import (
    best_of_n,
    bootstrap_interval,
    majority,
    pass_at_k,
    quantile_bins,
    sample_grid,
    weighted,
)
from stepscale.estimators.checking import checked_count, checked_rows
from stepscale.estimators.clustered import problem_resamples

torch = pytest.importorskip("torch")


def tensors(row: list[Any]) -> list[Any]:
    return [torch.tensor(value) for value in row]


def arrays(row: list[Any]) -> list[Any]:
    return [np.array(value) for value in row]


def whole(row: list[Any]) -> Any:
    return torch.tensor(row)


def objects(rows: list[list[Any]]) -> Any:
    """An array of objects, whatever the cells are."""
    table = np.empty((len(rows), len(rows[0])), object)
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            table[i : i + 1, j] = [cell]
    return table


@pytest.mark.parametrize("cells", [list, tuple, tensors, arrays, whole, np.array])
@pytest.mark.parametrize("kind", [int, float])
def test_answers_in_cells_of_every_kind_are_the_numbers_they_hold(cells: Callable[..., Any], kind: type) -> None:
    same, unanswered = [kind(1), kind(1), kind(2)], [kind(-1), kind(-1), kind(2)]
    for form in ([cells(same)], (cells(same),), pd.DataFrame(objects([cells(same)])), objects([cells(same)])):
        assert majority(form, [[1, 1, 0]], [3]).tolist() == [1.0]
        assert weighted(form, [tensors([0.5, 0.5, 0.5])], [[1, 1, 0]], [3]).tolist() == [1.0]
    for form in ([cells(unanswered)], objects([cells(unanswered)])):
        assert majority(form, [[0, 0, 1]], [3]).tolist() == [1.0]


@pytest.mark.parametrize("cells", [tensors, arrays, whole])
def test_verdicts_scores_and_masks_in_such_cells_are_read(cells: Callable[..., Any]) -> None:
    verdicts, mask = [cells([True, False, True])], [cells([True, True, False])]
    assert pass_at_k(verdicts, [1]) == pytest.approx(pass_at_k([[1, 0, 1]], [1]))
    scores = [cells([0.25, 0.5, 0.75])]
    assert best_of_n(scores, verdicts, [1, 2], mask) == pytest.approx(
        best_of_n([[0.25, 0.5, 0.75]], [[1, 0, 1]], [1, 2], [[1, 1, 0]])
    )


@pytest.mark.parametrize("answers", [[(1, 2), (1, 2), (3, 4)], [(1, 2), (1, 2), (3,)], ((1, 2), (1, 2), (3, 4))])
def test_a_tuple_is_one_label(answers: Any) -> None:
    assert majority([answers], [[1, 1, 0]], [3]).tolist() == [1.0]
    assert majority((answers, answers), [[1, 1, 0]] * 2, [3]).tolist() == [1.0]


@pytest.mark.parametrize(
    "answers", [[[1, 2], [3]], ["ab"], [{1, 2}], [[[1], [1]]], [{"a": 1, "b": 2}], [1, 2], np.ones((1, 2, 1))]
)
def test_rows_that_hold_no_labels_are_refused_in_one_line(answers: Any) -> None:
    with pytest.raises(InputError, match="answers must be"):
        majority(answers, [[1, 0]], [1])


# --- budgets and counts


@pytest.mark.parametrize("ns", [torch.tensor([1.0, 2.0]), torch.tensor([1, 2], dtype=torch.uint8), arrays([1, 2.0])])
def test_whole_floats_in_tensors_are_budgets(ns: Any) -> None:
    assert pass_at_k([[1, 0]], ns).tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    "ns",
    [
        torch.tensor([True]),
        torch.tensor([1.5]),
        torch.tensor([float("nan")]),
        [torch.tensor([1])],
        [np.array([1])],
        [np.ma.masked],
    ],
)
def test_booleans_and_fractions_in_tensors_are_none(ns: Any) -> None:
    with pytest.raises(InputError, match="budgets must be whole numbers in a list"):
        pass_at_k([[1, 0]], ns)


def test_a_count_may_be_a_tensor_but_no_flag() -> None:
    assert [checked_count(value, "n") for value in (torch.tensor(5.0), torch.tensor(5), np.array(5.0))] == [5, 5, 5]
    for wrong in (torch.tensor(True), np.array(True), torch.tensor(0.5)):
        with pytest.raises(InputError, match="n must be a whole number"):
            checked_count(wrong, "n")


# --- gradients and what NumPy cannot hold


def test_a_gradient_does_not_matter() -> None:
    scores = torch.tensor([[0.25, 0.5]], requires_grad=True)
    for form in (scores, [scores[0]], [[scores[0, 0], scores[0, 1]]], list(scores)):
        assert best_of_n(form, [[0, 1]], [2]).tolist() == [1.0]
    assert bootstrap_interval(scores[0], resamples=5).mean == pytest.approx(0.375)


@pytest.mark.parametrize("change", [lambda t: t.bfloat16(), lambda t: t.to("meta"), lambda t: t.to_sparse()])
def test_a_tensor_that_numpy_cannot_hold_is_refused_as_such(change: Callable[..., Any]) -> None:
    scores = torch.tensor([[0.25, 0.5]])
    for form in (change(scores), [change(scores[0])]):
        with pytest.raises(InputError, match="scores is a tensor that NumPy cannot hold") as caught:
            best_of_n(form, [[0, 1]], [1])
        assert "\n" not in str(caught.value)


# --- masks


def test_a_mask_of_a_row_or_of_a_cell_is_not_lost() -> None:
    row = np.ma.array([1.0, 2.0], mask=[0, 1])
    for form in (row[None], [row], [[1.0, np.ma.masked]], (row,)):
        for estimate in (
            lambda f: best_of_n(f, [[0, 1]], [1]),
            lambda f: majority(f, [[0, 1]], [1]),
            lambda f: checked_rows(f, "values"),
        ):
            with pytest.raises(InputError, match="mask"):
                estimate(form)
    with pytest.raises(InputError):
        majority(objects([[1.0, np.ma.masked]]), [[0, 1]], [1])


# --- ids and tables


def test_ids_that_are_tensors_or_tuples_are_what_they_hold() -> None:
    plain = quantile_bins([0.1, 0.1, 0.2], [7, 8, 9], 3)
    assert quantile_bins([0.1, 0.1, 0.2], torch.tensor([7, 8, 9]), 3).tolist() == plain.tolist()
    assert problem_resamples([(1, 2), (1, 3), (1, 2)]).problem.tolist() == [0, 1, 0]  # type: ignore[list-item]
    assert problem_resamples(["q", "p", "q"]).problem.tolist() == [1, 0, 1]


def test_tensors_in_a_table_of_samples_are_read() -> None:
    table = pd.DataFrame({"problem_id": ["p"] * 3, "sample_id": [0, 1, 2], "is_correct": tensors([False, True, True])})
    grid = sample_grid(pd.DataFrame({"problem_id": ["p"]}), table.assign(answer=tensors([-1, 2, 2])))
    assert grid.mask.tolist() == [[False, True, True]] and grid.answers[0, 1] == grid.answers[0, 2] == 2


def test_a_label_of_nested_tuples_is_one_label_in_lists_as_in_frames() -> None:
    rows = [[((1, 2), (3, 4)), ((1, 2), (3, 4)), ((5, 6), (3, 4))]]
    assert majority(rows, [[1, 1, 0]], [3]).tolist() == [1.0]


def test_a_number_without_axes_is_no_rows() -> None:
    with pytest.raises(InputError, match="must be numbers, a list per row"):
        checked_rows(np.array(0.5), "scores")
