"""Checks a frame against a declared table: pandera converts and checks it, and one line says what is wrong.

In: a frame and a `Table`. Out: the frame with the declared dtypes, or InputError of one line. It works for any
table.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from pandera.errors import SchemaError, SchemaErrors

from stepscale.errors import InputError
from stepscale.formats.declarations import Table
from stepscale.formats.dtypes import Text

_MAX_COLLECTED_OBJECTS = 100_000  # new objects; fewer are collected at once


def check(df: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Check a frame; the frame given is not changed.

    Args:
        df: The frame.
        table: The declared table.

    Returns:
        The frame with the declared columns (first, in order) in their dtypes.

    Raises:
        InputError: One line naming the table, the column, the row (counted from 0) and what is needed.
    """
    if not isinstance(df, pd.DataFrame):
        raise InputError(f"{table.name}: a pandas DataFrame is needed, got {type(df).__name__}")
    if not len(df) and not table.may_be_empty:
        raise InputError(f"{table.name}: the table has no rows; check the path, filters and limits that made it")
    index = df.index
    df = complete(df, table).reset_index(drop=True)  # so that pandera names rows by position
    if not len(df) and all(df[name].dtype == column.dtype.type for name, column in table.columns.items() if name in df):
        return df.set_axis(index)  # as `empty` made it: pandera would take its time to find nothing
    try:
        with collector_paused():
            validated: pd.DataFrame = table.validate(df, lazy=True, inplace=True)  # `complete` made a new frame
        _refuse_blank_keys(validated, table)
        return validated.set_axis(index)
    except SchemaErrors as errors:  # wrong cells before repeated keys, which may follow from them
        of_columns = [error for error in errors.schema_errors if getattr(error.schema, "name", None) in table.columns]
        problem = _problem((of_columns or errors.schema_errors)[0], df, table)
    raise InputError(f"{table.name}: {problem}")


def _refuse_blank_keys(df: pd.DataFrame, table: Table) -> None:
    """Raises InputError if a row is identified by a name that is blank."""
    for name in table.key:
        if name in df.columns and not table.columns[name].nullable and table.columns[name].dtype == Text():
            names = df[name].drop_duplicates().astype("str")
            if (blank := names.str.strip().eq("")).any():
                raise InputError(f"{table.name}: column {name!r} is blank in row {blank.idxmax()}; write a name there")


def complete(df: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Add the nullable columns that a frame lacks, as nulls or empty lists; nothing is checked.

    Args:
        df: The frame.
        table: The declared table.

    Returns:
        A new frame, the declared columns first and in order.

    Raises:
        InputError: A column that is needed is missing, or one is there twice.
    """
    if not df.columns.is_unique:
        twice = df.columns[df.columns.duplicated()][0]
        raise InputError(f"{table.name}: column {twice!r} is there twice; rename or drop one")
    absent = {name: column for name, column in table.columns.items() if name not in df.columns and column.required}
    required = [name for name, column in absent.items() if not column.nullable]
    if required:
        needed = ", ".join(name for name, column in table.columns.items() if column.required and not column.nullable)
        raise InputError(f"{table.name}: column {required[0]!r} is missing; the table needs {needed}")
    df = df.assign(**{name: column.nulls(df.index) for name, column in absent.items()})
    declared = [name for name in table.columns if name in df.columns]
    return df[[*declared, *(name for name in df.columns if name not in table.columns)]]


def empty(table: Table) -> pd.DataFrame:
    """A frame of no rows with the declared columns (optional ones left out).

    Args:
        table: The declared table.
    """
    return table.without_rows.copy(deep=False)  # pandas copies what is written to


def same_length(df: pd.DataFrame, table: str, column: str, measure: str, *, or_empty: bool) -> None:
    """Check that the lists of two columns are of one length in every row.

    Args:
        df: The table.
        table: Its name, for the error.
        column: A column of lists.
        measure: The column that they must be as long as.
        or_empty: Whether a list of ``column`` may be empty instead.

    Raises:
        InputError: One is not.
    """
    for row, (cell, expected) in enumerate(zip(df[column], df[measure], strict=True)):
        if len(cell) != len(expected) and not (or_empty and not cell):
            raise InputError(
                f"{table}: column {column!r} has {len(cell)} entries where {measure!r} has {len(expected)} in row {row};"
                " give one per step"
            )


def _problem(error: SchemaError, df: pd.DataFrame, table: Table) -> str:
    """Pandera's complaint in one line."""
    name = getattr(error.schema, "name", None)
    cases = error.failure_cases
    if name not in table.columns:
        key = [column for column in table.key if column in df.columns]
        repeated = df.loc[df.duplicated(subset=key), key].iloc[0].to_dict()
        return f"two rows have the key {repeated}; keep one row for each ({', '.join(key)})"
    needed = table.columns[name].declaration
    if not isinstance(cases, pd.DataFrame) or not len(cases):
        return f"column {name!r} does not hold {needed}; correct it"
    row, value = cases["index"].iloc[0], cases["failure_case"].iloc[0]
    value = value.item() if isinstance(value, np.generic) else value
    value_text = "null" if pd.api.types.is_scalar(value) and pd.isna(value) else f"{value!r:.60}"
    return f"column {name!r} holds {value_text} in row {row} where {needed} is needed; correct it"


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pauses garbage collection while many lists are made: none of them can be garbage yet, and collecting costs more than
    making them. At the end they are moved to the oldest generation, as if they had been collected.
    """
    import gc

    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            # The program's own frozen objects would be thawed. They are counted one by one, which takes milliseconds.
            if gc.get_count()[0] > _MAX_COLLECTED_OBJECTS and not gc.get_freeze_count():
                gc.freeze()
                gc.unfreeze()
            gc.enable()
