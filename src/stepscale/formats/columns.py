"""Rows into a declared frame: tuples are collected and turned into Arrow columns, one chunk at a time.

In: tuples in the order of the named columns. Out: a pandas frame in the dtypes its `Table` declares. Text held in Arrow
takes a third of the memory of Python strings; list columns stay Python lists. It does not check keys or bounds
(`checking.check` does).
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from stepscale.formats.checking import check, complete
from stepscale.formats.declarations import Table
from stepscale.formats.dtypes import Kind, object_series

_CHUNK = 1_024  # rows held as Python tuples before they become Arrow columns: more leave the processor's cache
_ARROW = {
    "str": pa.large_string(),
    "int64": pa.int64(),
    "Int64": pa.int64(),
    "Int8": pa.int8(),
    "float64": pa.float64(),
    "Float64": pa.float64(),
    "bool": pa.bool_(),
    "boolean": pa.bool_(),
}


class Columns:
    """A growing table.

    Args:
        table: The declared table.
        names: Its columns in the order of the rows to come. Values must be of the declared kinds: the reader checks.
    """

    def __init__(self, table: Table, *names: str) -> None:
        self.table = table
        self.names = names
        self._rows: list[tuple[Any, ...]] = []
        self._chunks: list[list[Any]] = [[] for _ in names]

    def row(self, *values: Any) -> None:
        """Add one row.

        Args:
            values: In the order of the names; their types are checked by ``frame``.
        """
        self._rows.append(values)
        if len(self._rows) >= _CHUNK:
            self._flush()

    def rows(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add several rows.

        Args:
            rows: Each with its values in the order of the names.
        """
        self._rows.extend(rows)
        if len(self._rows) >= _CHUNK:
            self._flush()

    def frame(self) -> pd.DataFrame:
        """The table so far, checked.

        Raises:
            InputError: As `checking.check`.
        """
        return check(self.unchecked_frame(), self.table)

    def unchecked_frame(self) -> pd.DataFrame:
        """The table so far, in its declared dtypes; for a reader that checked bounds and keys itself.

        Returns:
            All columns that the table declares, nulls in those that were not named.

        Raises:
            InputError: A value is of another type than its column.
        """
        self._flush()
        columns = zip(self.names, self._chunks, strict=True)
        return complete(frame_of({name: series_of(self._kind(name), chunks) for name, chunks in columns}), self.table)

    def _kind(self, name: str) -> Kind:
        return self.table.columns[name].kind

    def _flush(self) -> None:
        if not self._rows:
            return
        for name, chunks, values in zip(self.names, self._chunks, zip(*self._rows, strict=True), strict=True):
            if self._kind(name).startswith("list"):
                chunks.extend(values)
            else:
                chunks.append(arrow_array(values, self._kind(name)))
        self._rows.clear()


def arrow_array(values: Any, kind: Kind) -> Any:
    """An Arrow array of a declared kind.

    In memory of the system's allocator: Arrow's own held a sixth more at the peak.

    Args:
        values: Cells, None for a missing one [rows].
        kind: The declared kind.
    """
    return pa.array(values, _ARROW[kind], memory_pool=pa.system_memory_pool())


def frame_of(columns: "dict[str, pd.Series[Any]]") -> pd.DataFrame:
    """A frame of columns, not copied.

    Args:
        columns: Series of one index, by name.
    """
    return pd.DataFrame(columns, copy=False)


def series_of(kind: Kind, chunks: list[Any]) -> "pd.Series[Any]":
    """The column of a declared kind, without copying text.

    Args:
        kind: The declared kind.
        chunks: Arrow arrays one after another; of a column of lists its cells.
    """
    if kind.startswith("list"):
        return object_series(chunks)
    chunked = pa.chunked_array(chunks, _ARROW[kind])
    if kind in ("int64", "float64", "bool"):
        return pd.Series(chunked.to_numpy())
    dtype: Any = pd.StringDtype(na_value=np.nan) if kind == "str" else pd.api.types.pandas_dtype(kind)
    return pd.Series(dtype.__from_arrow__(chunked))
