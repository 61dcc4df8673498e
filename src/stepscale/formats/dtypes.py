"""What a cell of a declared table may hold, as pandera data types that never change a value while converting it.

pandera's own types cut 1.7 to 1 and take "no" for True. These refuse such cells and name their rows.
"""

from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from pandera.dtypes import immutable
from pandera.engines.pandas_engine import DataType
from pandera.errors import ParserError

Kind = Literal[
    "str", "Int64", "int64", "Int8", "Float64", "float64", "boolean", "bool", "list[str]", "list[int]", "list[float]"
]
"""What a column holds; ``Int64``, ``Int8``, ``Float64`` and ``boolean`` are pandas' dtypes with nulls."""

ELEMENTS: dict[str, tuple[tuple[type, ...], str]] = {
    "list[str]": ((str,), "strings"),
    "list[int]": ((int, np.integer), "integers"),
    "list[float]": ((float, int, np.floating, np.integer), "numbers"),
}
_NUMBERS = ("integer", "floating", "mixed-integer-float", "empty")
_BOOLEANS = ("boolean", "empty")


@immutable(init=True)
class Text(DataType):
    """Strings, or categories of strings; pandas' own conversion would write "3" for 3."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", pd.StringDtype(na_value=np.nan))

    def try_coerce(self, data_container: "pd.Series[Any]") -> "pd.Series[Any]":
        """The column as strings.

        Raises:
            ParserError: Some rows hold something else; it names them.
        """
        series = data_container
        if isinstance(series.dtype, pd.StringDtype | pd.CategoricalDtype):
            return series
        if pd.api.types.infer_dtype(series, skipna=True) not in ("string", "empty"):
            _refuse(series, [not isinstance(cell, str) and not _is_null(cell) for cell in series])
        return series.astype("str")

    def check(self, pandera_dtype: DataType, data_container: Any = None) -> bool:
        """True: `try_coerce` has looked at every cell."""
        return True

    def __str__(self) -> str:
        return "str"


@immutable(init=True)
class Value(DataType):
    """Numbers or booleans of a pandas dtype."""

    kind: str = "Float64"

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", pd.api.types.pandas_dtype(self.kind))

    def try_coerce(self, data_container: "pd.Series[Any]") -> "pd.Series[Any]":
        """The column in its dtype.

        Raises:
            ParserError: Some values would change; it names their rows.
        """
        series = data_container
        if series.dtype == self.kind:
            return series
        # by way of the dtype with nulls: it refuses to cut 1.7 to 1, which NumPy's does not
        nullable = {"int64": "Int64", "float64": "Float64", "bool": "boolean"}.get(self.kind, self.kind)
        types = _BOOLEANS if nullable == "boolean" else _NUMBERS
        try:
            if pd.api.types.infer_dtype(series, skipna=True) not in types:
                raise TypeError
            converted = series.astype(cast(Any, nullable))
            return converted if self.kind == nullable else converted.astype(cast(Any, self.kind))
        except (TypeError, ValueError, OverflowError):
            return _refuse(series, [not self._fits(cell, types, nullable) for cell in series])

    def _fits(self, cell: object, types: tuple[str, ...], nullable: str) -> bool:
        if _is_null(cell):
            return self.kind in (nullable, "float64")
        try:
            pd.array([cell], dtype=cast(Any, nullable))
        except (TypeError, ValueError, OverflowError):
            return False
        return pd.api.types.infer_dtype([cell]) in types

    def check(self, pandera_dtype: DataType, data_container: Any = None) -> bool:
        """Whether the column has the dtype."""
        return data_container is None or bool(data_container.dtype == self.kind)

    def __str__(self) -> str:
        return self.kind


@immutable(init=True)
class CellList(DataType):
    """Lists of strings, integers or numbers. Parquet gives NumPy arrays back, and ``if steps:`` raises on those."""

    kind: str = "list[str]"

    def __post_init__(self) -> None:
        object.__setattr__(self, "type", np.dtype(object))

    def try_coerce(self, data_container: "pd.Series[Any]") -> "pd.Series[Any]":
        """The cells as lists.

        Raises:
            ParserError: Some rows hold something else; it names the first.
        """
        cells = data_container.tolist()
        types = ELEMENTS[self.kind][0]
        fitting = set[type]()
        for row, cell in enumerate(cells):
            if type(cell) is not list:
                if not isinstance(cell, np.ndarray | tuple):
                    return _refuse(data_container, [place == row for place in range(len(cells))])
                cell = cells[row] = cell.tolist() if isinstance(cell, np.ndarray) else list(cell)
            new = {*map(type, cell)} - fitting
            if any(kind is bool or not issubclass(kind, types) for kind in new):  # a flag is not a number
                return _refuse(data_container, [place == row for place in range(len(cells))])
            fitting |= new
        return object_series(cells, data_container.index)

    def check(self, pandera_dtype: DataType, data_container: Any = None) -> bool:
        """True: `try_coerce` has looked at the cells."""
        return True

    def __str__(self) -> str:
        return self.kind


def object_series(cells: list[Any], index: "pd.Index[Any] | None" = None) -> "pd.Series[Any]":
    """A column of Python objects; ``np.array`` would read lists of one length as a second dimension.

    Args:
        cells: The objects [rows].
        index: The column's; None: 0, 1, ...
    """
    return pd.Series(np.fromiter(cells, dtype=object, count=len(cells)), index=index)


def _is_null(cell: object) -> bool:
    return cell is None or cell is pd.NA or cell is pd.NaT or (isinstance(cell, float) and cell != cell)


def _refuse(series: "pd.Series[Any]", wrong: list[bool]) -> "pd.Series[Any]":
    """Raises ParserError with the wrong cells and their rows (counted from 0, whatever the index)."""
    rows = [row for row, is_wrong in enumerate(wrong) if is_wrong]
    cases = pd.DataFrame({"index": rows, "failure_case": object_series([series.iloc[row] for row in rows])})
    raise ParserError("cells of another kind", failure_cases=cases)
