"""Samples of a set of problems as arrays [problems, samples], the form the estimators take."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError


@dataclass(frozen=True)
class SampleGrid:
    """``ids``: problem ids [problems]. The rest [problems, samples]; ``mask``: False where there is no finished sample."""

    ids: tuple[str, ...]
    answers: NDArray[np.object_]
    correct: NDArray[np.bool_]
    mask: NDArray[np.bool_]
    _rows: NDArray[np.int64]
    _columns: NDArray[np.int64]

    def place(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """A value for each row of the solutions table the grid was made from, as [problems, samples] (0 elsewhere)."""
        grid = np.zeros(self.mask.shape)
        grid[self._rows, self._columns] = values
        return grid


def sample_grid(problems: pd.DataFrame, solutions: pd.DataFrame, places: int | None = None) -> SampleGrid:
    """The grid of ``solutions``: rows in the order of ``problems``, columns by sample_id.

    An unfinished solution or one without an answer is masked: it is never chosen. ``places``: samples a problem, of which
    those that are not there count as unanswered; None: as many as the greatest sample_id tells. Raises InputError if there
    is nothing, or a sample beyond ``places``.
    """
    if solutions.empty or problems.empty:
        raise InputError("no samples to measure: run test_time_search first, or check search.samples")
    ids = tuple(problems["problem_id"])
    rows = solutions["problem_id"].map({name: i for i, name in enumerate(ids)}).to_numpy(np.int64)
    columns = solutions["sample_id"].to_numpy(np.int64)
    found = int(columns.max()) + 1
    if places is not None and found > places:
        raise InputError(f"a problem has {found} samples, more than the {places} places stated (given_samples.places)")
    shape = (len(ids), places or found)
    answers, correct, mask = np.full(shape, None, object), np.zeros(shape, bool), np.zeros(shape, bool)
    answered = solutions["answer"].notna().to_numpy()
    answers[rows, columns] = solutions["answer"].where(answered, None).to_numpy(object)
    correct[rows, columns] = solutions["is_correct"].fillna(False).to_numpy(bool)
    mask[rows, columns] = answered
    return SampleGrid(ids, answers, correct & mask, mask, rows, columns)
