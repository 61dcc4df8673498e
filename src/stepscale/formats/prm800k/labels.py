"""The step_labels of PRM800K, gathered by record: lists while they grow, Arrow and numpy columns a chunk at a time.

In: the `Groups` of each record with its solution's key. Out: the step_labels table. Only texts, ratings and flags are
kept a label; step, completion and choice follow from the sizes of the groups and are computed for all labels at once.
"""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from stepscale.formats import tables
from stepscale.formats.checking import complete
from stepscale.formats.columns import arrow_array, frame_of, series_of
from stepscale.formats.prm800k.record import Groups, Rated

_CHUNK = 4_096  # labels held as Python objects before they become columns: more, and they leave the processor's cache
_FLAT = ("step", "completion", "text", "rating", "is_chosen", "source", "flagged")
_OF_RECORD = ("problem_id", "sample_id", "labeler")


class LabelColumns:
    """A growing step_labels table."""

    def __init__(self) -> None:
        self._chunks: dict[str, list[Any]] = {}
        self._problem_ids: list[str] = []  # of each record, as the two below and the number of its labels
        self._sample_ids: list[int] = []
        self._labelers: list[str | None] = []
        self._counts: list[int] = []
        self._clear()

    def _clear(self) -> None:
        self._labels: list[Rated] = []
        self._positions: list[int] = []
        self._sizes: list[int] = []
        self._chosen: list[int] = []
        self._human: list[int] = []

    def add(self, problem_id: str, sample_id: int, labeler: str | None, groups: Groups) -> None:
        """The labels of one record."""
        if groups.human:
            self._human.extend(len(self._labels) + index for index in groups.human)
        self._labels += groups.labels
        self._positions += groups.positions
        self._sizes += groups.sizes
        self._chosen += groups.chosen
        self._problem_ids.append(problem_id)
        self._sample_ids.append(sample_id)
        self._labelers.append(labeler)
        self._counts.append(len(groups.labels))
        if len(self._labels) >= _CHUNK:
            self._flush()

    def frame(self) -> pd.DataFrame:
        """The table so far, in its declared dtypes; keys and bounds were seen to a label at a time."""
        self._flush()
        record_of = np.repeat(np.arange(len(self._counts)), self._counts)
        for name, values in (("problem_id", self._problem_ids), ("labeler", self._labelers)):
            self._chunks[name] = [arrow_array(values, "str").take(pa.array(record_of))]
        self._chunks["sample_id"] = [pa.array(np.array(self._sample_ids, dtype=np.int64)[record_of])]
        kinds = {name: column.kind for name, column in tables.STEP_LABELS.columns.items()}
        columns = {name: series_of(kinds[name], self._chunks.get(name, [])) for name in (*_FLAT, *_OF_RECORD)}
        return complete(frame_of(columns), tables.STEP_LABELS)

    def _flush(self) -> None:
        labels = self._labels
        if not labels:
            return
        sizes = np.array(self._sizes, dtype=np.int64)
        numbers = _numbers_within(sizes)
        source = pa.nulls(len(labels), pa.large_string())
        if self._human:
            human = np.full(len(labels), None, dtype=object)
            human[self._human] = "human"
            source = arrow_array(human, "str")
        columns = (
            pa.array(np.repeat(np.array(self._positions, dtype=np.int64), sizes)),
            pa.array(numbers),
            arrow_array([label.text for label in labels], "str"),
            arrow_array([label.rating for label in labels], "Int8"),
            pa.array(numbers == np.repeat(np.array(self._chosen, dtype=np.int64), sizes)),
            source,
            arrow_array([label.flagged for label in labels], "boolean"),
        )
        for name, column in zip(_FLAT, columns, strict=True):
            self._chunks.setdefault(name, []).append(column)
        self._clear()


def _numbers_within(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1 ... size - 1 for each size, one after the other."""
    ends = np.cumsum(sizes)
    return np.arange(int(sizes.sum()), dtype=np.int64) - np.repeat(ends - sizes, sizes)
