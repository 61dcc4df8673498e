"""The step_labels of PRM800K, gathered by record: lists while they grow, Arrow and numpy columns a chunk at a time.

In: the `Groups` of each record with its solution's key. Out: the step_labels table. Only texts, ratings and flags are kept a label;
step, completion and choice follow from the sizes of the groups and are computed for all labels at once.
"""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from stepscale.formats import tables
from stepscale.formats.checking import empty
from stepscale.formats.columns import series_of
from stepscale.formats.prm800k_record import Groups

_CHUNK = 65_536  # labels held as Python objects before they become columns


class LabelColumns:
    """A growing step_labels table."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[Any]] = {}
        self._clear()

    def _clear(self) -> None:
        self._texts: list[str] = []
        self._ratings: list[int | None] = []
        self._flags: list[bool | None] = []
        self._positions: list[int] = []
        self._sizes: list[int] = []
        self._chosen: list[int] = []
        self._human: list[int] = []
        self._records: list[tuple[str, int, str | None, int]] = []  # key, labeler and number of labels

    def add(self, problem_id: str, sample_id: int, labeler: str | None, groups: Groups) -> None:
        """The labels of one record."""
        if groups.human:
            self._human.extend(len(self._texts) + index for index in groups.human)
        self._texts += groups.texts
        self._ratings += groups.ratings
        self._flags += groups.flags
        self._positions += groups.positions
        self._sizes += groups.sizes
        self._chosen += groups.chosen
        self._records.append((problem_id, sample_id, labeler, len(groups.texts)))
        if len(self._texts) >= _CHUNK:
            self._flush()

    def frame(self) -> pd.DataFrame:
        """The table so far, checked."""
        self._flush()
        kinds = {name: column.kind for name, column in tables.STEP_LABELS.columns.items()}
        series = {name: series_of(kinds[name], chunks) for name, chunks in self._chunks.items()}
        return tables.step_labels(pd.DataFrame(series, copy=False) if series else empty(tables.STEP_LABELS))

    def _flush(self) -> None:
        if not self._records:
            return
        problem_ids, sample_ids, labelers, counts = zip(*self._records, strict=True)
        sizes = np.array(self._sizes, dtype=np.int64)
        numbers = _numbers_within(sizes)
        record_of = np.repeat(np.arange(len(counts)), counts)
        source = np.full(len(self._texts), None, dtype=object)
        source[self._human] = "human"
        columns = {
            "problem_id": pa.array(problem_ids, pa.large_string()).take(pa.array(record_of)),
            "sample_id": pa.array(np.array(sample_ids, dtype=np.int64)[record_of]),
            "step": pa.array(np.repeat(np.array(self._positions, dtype=np.int64), sizes)),
            "completion": pa.array(numbers),
            "text": pa.array(self._texts, pa.large_string()),
            "rating": pa.array(self._ratings, pa.int8()),
            "is_chosen": pa.array(numbers == np.repeat(np.array(self._chosen, dtype=np.int64), sizes)),
            "labeler": pa.array(labelers, pa.large_string()).take(pa.array(record_of)),
            "source": pa.array(source, pa.large_string()),
            "flagged": pa.array(self._flags, pa.bool_()),
        }
        for name, column in columns.items():
            self._chunks.setdefault(name, []).append(column)
        self._clear()


def _numbers_within(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1 ... size - 1 for each size, one after the other."""
    ends = np.cumsum(sizes)
    return np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(ends - sizes, sizes)
