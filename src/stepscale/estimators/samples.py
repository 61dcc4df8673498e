"""Samples of a set of problems as arrays [problems, samples], the form the estimators take."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.checking import (
    MAX_PLACES,
    cell_values,
    check_columns,
    checked_count,
    checked_places,
    checked_verdicts,
    is_no_answer,
)
from stepscale.estimators.names import checked_ids

if TYPE_CHECKING:
    from stepscale.grading import Rules


@dataclass(frozen=True)
class SampleGrid:
    """Samples as arrays.

    Attributes:
        ids: Problem ids [problems].
        answers: One spelling per answer of a problem [problems, samples]; None for none (NaN, the number -1 or blank text).
        correct: Whether the answer is right [problems, samples].
        mask: False where there is no finished sample with an answer [problems, samples].
    """

    ids: tuple[str, ...]
    answers: NDArray[np.object_]
    correct: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    _rows: NDArray[np.int64]
    _columns: NDArray[np.int64]

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the solutions that the grid was made from, laid on the grid.

        Args:
            values: One per row of the solutions table [rows].

        Returns:
            [problems, samples], 0 where there is no solution.
        """
        grid = np.zeros(self.mask.shape)
        grid[self._rows, self._columns] = values
        return grid


def sample_grid(
    problems: pd.DataFrame, solutions: pd.DataFrame, places: int | None = None, rules: "Rules | None" = "prm800k"
) -> SampleGrid:
    """The grid of ``solutions``: rows in the order of ``problems``, columns by sample_id.

    An unfinished solution or one without an answer is masked: it is never chosen. Answers of a problem that are equal under the
    grading rules get one spelling, so that votes count answers.

    Args:
        problems: Table with problem_id.
        solutions: Table with problem_id, sample_id, answer and is_correct.
        places: Samples per problem, of which those that are not there count as unanswered; None: as many as the greatest
            sample_id says.
        rules: The grading rules of the run; None: equal answers are equal strings already.

    Returns:
        The samples as arrays [problems, samples].

    Raises:
        InputError: There is nothing, a column is absent, or two problems or two samples of a problem have one id. Or a sample
            is of an unknown problem or beyond ``places``, or a verdict is not 0, 1 or a boolean.
    """
    check_columns(problems, ("problem_id",), "problems")
    check_columns(solutions, ("problem_id", "sample_id", "answer", "is_correct"), "solutions")
    if solutions.empty or problems.empty:
        raise InputError("no samples to measure: run test_time_search first, or check search.samples")
    stated = None if places is None else checked_count(places, "places (given_samples.places)", most=MAX_PLACES)
    ids = _distinct_ids(problems)
    rows, columns = _places(ids, solutions)
    width = int(columns.max()) + 1
    if stated is not None and width > stated:
        raise InputError(f"a problem has {width} samples, more than the {stated} places stated (given_samples.places)")
    shape = (len(ids), stated or width)
    answers, correct, mask = np.full(shape, None, object), np.zeros(shape, bool), np.zeros(shape, bool)
    cells = cell_values(solutions["answer"].to_numpy(object))
    answered = np.array([not is_no_answer(answer) for answer in cells], bool) & pd.Series(cells).notna().to_numpy()
    answers[rows[answered], columns[answered]] = cells[answered]
    correct[rows, columns] = checked_verdicts(solutions["is_correct"], "is_correct")
    mask[rows, columns] = answered
    answers = answers if rules is None else group_answers_by_problem(answers, mask, rules)
    return SampleGrid(ids, answers, correct & mask, mask, rows, columns)


def _distinct_ids(problems: pd.DataFrame) -> tuple[str, ...]:
    ids = checked_ids(problems["problem_id"], "problem_id")
    if len(set(ids)) < len(ids):
        twice = next(problem_id for problem_id in ids if ids.count(problem_id) > 1)
        raise InputError(f"two problems are called {twice!r}; give each its own id")
    return ids


def _places(ids: tuple[str, ...], solutions: pd.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each sample in the grid."""
    row_of = {name: row for row, name in enumerate(ids)}
    owners = checked_ids(solutions["problem_id"], "problem_id")
    if (unknown := next((owner for owner in owners if owner not in row_of), ids)) is not ids:
        raise InputError(
            f"a sample is of problem {unknown!r}, which is not among the problems; give its row in problems"
        )
    rows = np.array([row_of[owner] for owner in owners], np.int64)
    columns = checked_places(solutions["sample_id"], "sample_id")
    twice = np.flatnonzero(pd.Series(rows * (int(columns.max()) + 1) + columns).duplicated())
    if len(twice):
        place = twice[0]
        raise InputError(
            f"problem {ids[rows[place]]!r} has two samples {columns[place]}; give each a sample_id of its own"
        )
    return rows, columns


def group_answers_by_problem(
    answers: NDArray[np.object_], mask: NDArray[np.bool_], rules: "Rules" = "prm800k"
) -> NDArray[np.object_]:
    """Answers [problems, samples] in which those of one problem that are equal under the rules are the same string.

    What is masked, or is not a string (None, a number as label), stays as it is.

    Args:
        answers: Strings, labels, or None [problems, samples].
        mask: Which samples are answered [problems, samples].
        rules: The grading rules that say which answers are equal.

    Raises:
        InputError: The rules are unknown.
    """
    from stepscale.grading.answer_groups import group_equal_answers

    spelled = np.array(answers, dtype=object)
    for row, answered in zip(spelled, mask, strict=True):
        texts = [i for i in np.flatnonzero(answered) if isinstance(row[i], str)]
        row[texts] = group_equal_answers([row[i] for i in texts], rules)
    return spelled
