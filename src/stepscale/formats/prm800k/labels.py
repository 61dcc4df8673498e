"""The step_labels of PRM800K, gathered by record: lists while they grow, Arrow and NumPy columns one chunk at a time.

In: the `Walk` of each record with its solution's key. Out: the step_labels table. Only texts, ratings and flags are
stored per label; step, completion and choice follow from the sizes of the groups, for all labels at once.
"""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from stepscale.formats import tables
from stepscale.formats.checking import complete
from stepscale.formats.columns import arrow_array, frame_of, series_of
from stepscale.formats.prm800k.walk import Walk

_CHUNK = 4_096  # labels held as Python objects before they become columns: more leave the processor's cache
_PER_LABEL = ("step", "completion", "text", "rating", "is_chosen", "source", "flagged")
_PER_RECORD = ("problem_id", "sample_id", "labeler")


class LabelColumns:
    """A growing step_labels table."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[Any]] = {name: [] for name in _PER_LABEL}
        self._problem_ids: list[str] = []  # per record, as the two below and its number of labels
        self._sample_ids: list[int] = []
        self._labelers: list[str | None] = []
        self._counts: list[int] = []
        self._buffer = Walk()

    def add(self, problem_id: str, sample_id: int, labeler: str | None, record: Walk) -> None:
        """The labels of one record.

        Args:
            problem_id: Of the record.
            sample_id: Number of the solution among those of the problem.
            labeler: Who labeled; None: it is not said.
            record: The record, walked through.
        """
        buffer = self._buffer
        if record.human:
            buffer.human.extend(len(buffer.texts) + index for index in record.human)
        buffer.texts += record.texts
        buffer.ratings += record.ratings
        buffer.flagged += record.flagged
        buffer.positions += record.positions
        buffer.sizes += record.sizes
        buffer.chosen += record.chosen
        self._problem_ids.append(problem_id)
        self._sample_ids.append(sample_id)
        self._labelers.append(labeler)
        self._counts.append(len(record.texts))
        if len(buffer.texts) >= _CHUNK:
            self._flush()

    def frame(self) -> pd.DataFrame:
        """The table so far in its declared dtypes; keys and bounds were checked record by record."""
        self._flush()
        record_of = np.repeat(np.arange(len(self._counts)), self._counts)
        for name, values in (("problem_id", self._problem_ids), ("labeler", self._labelers)):
            self._chunks[name] = [arrow_array(values, "str").take(pa.array(record_of))]
        self._chunks["sample_id"] = [pa.array(np.array(self._sample_ids, dtype=np.int64)[record_of])]
        kinds = {name: column.kind for name, column in tables.STEP_LABELS.columns.items()}
        columns = {name: series_of(kinds[name], self._chunks[name]) for name in (*_PER_LABEL, *_PER_RECORD)}
        return complete(frame_of(columns), tables.STEP_LABELS)

    def _flush(self) -> None:
        buffer = self._buffer
        sizes = np.array(buffer.sizes, dtype=np.int64)
        numbers = _numbers_within(sizes)
        source = pa.nulls(len(buffer.texts), pa.large_string())
        if buffer.human:
            human = np.full(len(buffer.texts), None, dtype=object)
            human[buffer.human] = "human"
            source = arrow_array(human, "str")
        columns = (
            pa.array(np.repeat(np.array(buffer.positions, dtype=np.int64), sizes)),
            pa.array(numbers),
            arrow_array(buffer.texts, "str"),
            arrow_array(buffer.ratings, "Int8"),
            pa.array(numbers == np.repeat(np.array(buffer.chosen, dtype=np.int64), sizes)),
            source,
            arrow_array(buffer.flagged, "boolean"),
        )
        for name, column in zip(_PER_LABEL, columns, strict=True):
            self._chunks[name].append(column)
        self._buffer = Walk()


def _numbers_within(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1 ... size - 1 for each size, one after the other."""
    ends = np.cumsum(sizes)
    return np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(ends - sizes, sizes)
