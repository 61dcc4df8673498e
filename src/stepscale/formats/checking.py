"""How a frame is held against a declared table: dtypes converted where nothing is lost, then pandera's checks, then
keys.

In: a frame and a `Table`. Out: the frame with the declared dtypes, or InputError of one line. It knows no particular
table. pandera is imported at the first check, not before.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from stepscale.errors import InputError

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema

Kind = Literal[
    "str", "Int64", "int64", "Int8", "Float64", "float64", "boolean", "bool", "list[str]", "list[int]", "list[float]"
]
"""What a column holds; ``Int64``, ``Int8``, ``Float64`` and ``boolean`` are pandas' dtypes with nulls."""

_PLURAL = {"str": "strings", "int": "integers", "float": "numbers"}
_ELEMENT: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int, np.integer),
    "float": (float, int, np.floating, np.integer),
}


@dataclass(frozen=True)
class Column:
    """One declared column. A frame may lack ``nullable`` ones (nulls or empty lists are added) and ``optional``
    ones.
    """

    kind: Kind
    nullable: bool = False
    optional: bool = False
    low: float | None = None
    high: float | None = None

    def wanted(self) -> str:
        """The declaration in words, for messages."""
        bounds = [f"{sign} {bound:g}" for sign, bound in ((">=", self.low), ("<=", self.high)) if bound is not None]
        return f"{self.kind}{' ' + ' and '.join(bounds) if bounds else ''}{' or null' if self.nullable else ''}"


@dataclass(frozen=True)
class Table:
    """A declared table: its columns and those that identify a row. Columns beyond the declared ones pass unchecked."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    may_be_empty: bool = True

    def __hash__(self) -> int:
        return hash(self.name)


def check(df: pd.DataFrame, table: Table) -> pd.DataFrame:
    """``df`` with the declared columns (first, in order) and dtypes of ``table``; the frame given is not changed.

    Raises InputError of one line naming the table, the column and the remedy. Of a list cell the first element is
    checked.
    """
    if not isinstance(df, pd.DataFrame):
        raise InputError(f"{table.name}: a pandas DataFrame is needed, got {type(df).__name__}")
    if not len(df) and not table.may_be_empty:
        raise InputError(f"{table.name}: the table has no rows; check the path, filters and limits that made it")
    df = complete(df, table)
    present = {name: column for name, column in table.columns.items() if name in df.columns}
    with collector_paused():
        df = df.assign(**{name: _converted(df[name], column, table.name) for name, column in present.items()})
    _hold_against_pandera(df, table)
    key = [name for name in table.key if name in df.columns]
    repeated = df.duplicated(subset=key)
    if repeated.any():
        row = df.loc[repeated, key].iloc[0].to_dict()
        raise InputError(f"{table.name}: two rows have the key {row}; keep one row for each ({', '.join(key)})")
    return df


def complete(df: pd.DataFrame, table: Table) -> pd.DataFrame:
    """`df` with the nullable columns it lacks added as nulls, the declared columns first and in order; nothing is
    checked.

    Raises InputError if a column that is needed is missing.
    """
    absent = {name: column for name, column in table.columns.items() if name not in df.columns and not column.optional}
    required = [name for name, column in absent.items() if not column.nullable]
    if required:
        needed = ", ".join(name for name, column in table.columns.items() if not column.nullable)
        raise InputError(f"{table.name}: column {required[0]!r} is missing; the table needs {needed}")
    df = df.assign(**{name: _nulls(column.kind, df.index) for name, column in absent.items()})
    declared = [name for name in table.columns if name in df.columns]
    return df[[*declared, *(name for name in df.columns if name not in table.columns)]]


def empty(table: Table) -> pd.DataFrame:
    """A frame of no rows with the declared columns of ``table`` (optional ones left out)."""
    kinds = {name: column.kind for name, column in table.columns.items() if not column.optional}
    return pd.DataFrame({name: pd.Series([], dtype=_dtype(kind)) for name, kind in kinds.items()})


def same_length(df: pd.DataFrame, table: str, column: str, other: str, *, or_empty: bool) -> None:
    """Raises InputError unless each list of ``column`` is as long as that of ``other`` (or, at choice, empty)."""
    for row, (cell, expected) in enumerate(zip(df[column], df[other], strict=True)):
        if len(cell) != len(expected) and not (or_empty and not cell):
            raise InputError(
                f"{table}: column {column!r} has {len(cell)} entries where {other!r} has {len(expected)} in row {row};"
                " give one a step"
            )


@cache
def pandera_schema(table: Table) -> "DataFrameSchema":
    """The declaration as a pandera schema (strings may also be categorical; list cells are checked outside pandera)."""
    import pandera.pandas as pa

    columns = {}
    for name, column in table.columns.items():
        checks = [] if column.low is None else [pa.Check.ge(column.low)]
        checks += [] if column.high is None else [pa.Check.le(column.high)]
        dtype = None if column.kind == "str" else _dtype(column.kind)
        columns[name] = pa.Column(dtype, checks, nullable=column.nullable, required=not column.optional)
    return pa.DataFrameSchema(columns, name=table.name, strict=False)


def _hold_against_pandera(df: pd.DataFrame, table: Table) -> None:
    schema = pandera_schema(table)
    from pandera.errors import SchemaError

    try:
        schema.validate(df)
    except SchemaError as error:
        name = str(getattr(error.schema, "name", None))
        cases = error.failure_cases
        failing = cases["failure_case"].head(3).tolist() if isinstance(cases, pd.DataFrame) else [cases]
        wanted = table.columns[name].wanted() if name in table.columns else str(error.check)
        raise InputError(
            f"{table.name}: column {name!r} holds {failing} where {wanted} is needed; correct it"
        ) from None


def _nulls(kind: Kind, index: "pd.Index[Any]") -> "pd.Series[Any]":
    """A column that says nothing: nulls, or empty lists."""
    if kind.startswith("list"):
        return object_series([[] for _ in range(len(index))], index)
    one: Any = pd.array([None], dtype=_dtype(kind))  # pandas looks at each null it is given: given one, at one
    return pd.Series(one.repeat(len(index)), index=index)


def object_series(cells: list[Any], index: "pd.Index[Any] | None" = None) -> "pd.Series[Any]":
    """A column of Python objects; `np.array` would read lists of one length as a second dimension."""
    return pd.Series(np.fromiter(cells, dtype=object, count=len(cells)), index=index)


def _dtype(kind: Kind) -> Any:
    return "object" if kind.startswith("list") else kind


def _converted(series: "pd.Series[Any]", column: Column, table: str) -> "pd.Series[Any]":
    """The column in its declared dtype. Raises InputError for cells of another kind."""
    where = f"{table}: column {series.name!r}"
    if column.kind.startswith("list"):
        return _list_column(series, column.kind[5:-1], where)
    if not column.nullable and series.isna().any():
        raise InputError(f"{where} is null in row {int(np.argmax(series.isna()))}; give every row a value")
    if column.kind == "str":
        return _string_column(series, where)
    if series.dtype == column.kind:
        return series
    boolean = column.kind in ("bool", "boolean")
    if boolean and pd.api.types.infer_dtype(series, skipna=True) not in ("boolean", "empty"):
        raise InputError(f"{where} holds {series.dtype} where {column.wanted()} is needed; give True or False")
    try:  # by way of the dtype with nulls: it refuses to cut 1.7 to 1, which numpy's does not
        return series.astype("Int64").astype("int64") if column.kind == "int64" else series.astype(_dtype(column.kind))
    except (TypeError, ValueError):
        raise InputError(f"{where} holds {series.dtype} where {column.wanted()} is needed; convert it") from None


def _string_column(series: "pd.Series[Any]", where: str) -> "pd.Series[Any]":
    if isinstance(series.dtype, pd.StringDtype | pd.CategoricalDtype):
        return series
    if pd.api.types.infer_dtype(series, skipna=True) not in ("string", "empty"):
        raise InputError(f"{where} holds {series.dtype} values that are not strings; convert them with str()")
    return series.astype("str")


def _list_column(series: "pd.Series[Any]", element: str, where: str) -> "pd.Series[Any]":
    """Cells as lists: Parquet gives numpy arrays back, and ``if steps:`` on one of those raises."""
    cells = series.tolist()
    allowed = _ELEMENT[element]
    for row, cell in enumerate(cells):
        if type(cell) is not list:
            if not isinstance(cell, np.ndarray | tuple):
                raise InputError(f"{where} holds {type(cell).__name__} in row {row}; give a list of {_PLURAL[element]}")
            cell = cells[row] = cell.tolist() if isinstance(cell, np.ndarray) else list(cell)
        if cell and not isinstance(cell[0], allowed):
            raise InputError(f"{where} holds {type(cell[0]).__name__} in a list in row {row}; give {_PLURAL[element]}")
    return object_series(cells, series.index)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while many lists are made: none of them can be garbage yet, and looking costs more than
    making. Nor at the end: what was made is counted among the old objects, as if it had been looked through.
    """
    import gc

    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():  # the program's own frozen objects would be thawed
                gc.freeze()
                gc.unfreeze()
            gc.enable()
