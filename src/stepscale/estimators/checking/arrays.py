"""Any container as a checked array: numbers, flags, verdicts, places; and frames whose columns are there."""

from collections.abc import Collection, Iterable, Mapping, Set
from contextlib import suppress
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError, in_short
from stepscale.estimators.arrays import Bools, Codes, Floats
from stepscale.estimators.checking.single_values import cell_values, label_table, without_tensors

_NUMERIC_KINDS = "biuf"  # booleans, integers, unsigned integers and floats
MAX_PLACES = 1 << 20
"""Most samples of a problem: a number beyond is a slip of the pen, and a table of its size fills memory."""
CANNOT_CONVERT = (TypeError, ValueError, RuntimeError, OverflowError, AttributeError)


def checked_numbers(values: ArrayLike, name: str) -> Floats:
    """Numbers of any shape as floats; booleans count as 0 and 1, and None and pandas NA become NaN.

    Args:
        values: The numbers.
        name: What they are called in an error.

    Raises:
        InputError: The values are ragged, masked, or no real numbers.
    """
    table = as_array(values, name)
    if table.dtype.kind in _NUMERIC_KINDS:
        return np.asarray(table, float)
    if table.dtype.kind != "O" or not all(_is_real_or_missing(cell) for cell in table.ravel()):
        raise InputError(f"{name} must be numbers in rows of one length, not {in_short(values)}")
    try:
        return np.asarray(np.where(np.asarray(pd.isna(table), bool), np.nan, table), float)
    except CANNOT_CONVERT:
        raise InputError(f"{name} must be numbers that a float can hold, not {in_short(values)}") from None


def checked_rows(values: Any, name: str) -> list[Floats]:
    """Numbers in lists of any length, such as those of the steps of each solution, as floats [rows][numbers].

    Args:
        values: A list, array or tensor per row.
        name: What they are called in an error.

    Raises:
        InputError: They are not rows of real numbers, or masked.
    """
    given = values if isinstance(values, list) else without_tensors(values, name)
    if isinstance(given, pd.DataFrame):  # it would give the names of its columns
        given = given.to_numpy()
    is_list = isinstance(given, Iterable) and not isinstance(given, str | bytes | Set | Mapping)
    is_list = is_list and getattr(given, "ndim", 1) > 0
    rows = [_row(row, name) for row in given] if is_list else [None]
    checked = [row for row in rows if row is not None]
    if len(checked) < len(rows):
        raise InputError(f"{name} must be numbers, a list per row, not {in_short(values)}")
    return checked


def checked_values(values: ArrayLike, name: str) -> Floats:
    """Finite numbers [problems, ...] as floats.

    Args:
        values: The numbers [problems, ...].
        name: What they are called in an error.

    Raises:
        InputError: There is no problem, or a value is not finite.
    """
    table = checked_numbers(values, name)
    if table.ndim < 1 or table.size == 0:
        raise InputError(f"no problems to average over: {name} must be [problems, ...] with one problem or more")
    if not np.isfinite(table).all():
        raise InputError(f"{name} must be finite numbers; leave out or fill in the NaN or infinite values")
    return table


def checked_flags(values: ArrayLike, shape: tuple[int, ...], name: str, meaning: str) -> Bools:
    """Booleans (or 0 and 1) of ``shape``; nothing else is read as one.

    Args:
        values: The flags.
        shape: What they must have.
        name: What they are called in an error.
        meaning: What True and False say.

    Raises:
        InputError: Another shape, or other values.
    """
    table = as_array(values, name)
    if table.shape != shape:
        raise InputError(f"{name} must be of shape {shape}, not {table.shape}")
    if table.dtype == np.bool_:
        return table
    with suppress(InputError):
        if np.isin(flags := checked_numbers(table, name), (0, 1)).all():
            return np.asarray(flags, bool)
    raise InputError(f"{name} must be booleans: {meaning}")


def checked_places(values: ArrayLike, name: str, most: int = MAX_PLACES) -> Codes:
    """Places counted from 0, such as sample ids, whatever type holds them.

    Args:
        values: Whole numbers [rows].
        name: What they are called in an error.
        most: As many places there may be.

    Raises:
        InputError: A number is missing, below 0, a fraction, or beyond.
    """
    numbers = checked_numbers(values, name)
    wrong = numbers[~((numbers >= 0) & (numbers < most) & (numbers == np.floor(numbers)))]
    if len(wrong):
        raise InputError(f"{name} must count from 0 to at most {most - 1}; one is {wrong[0]:g}")
    return numbers.astype(np.int64)


def checked_verdicts(values: ArrayLike, name: str) -> Bools:
    """Verdicts as booleans [rows]; a missing one counts as wrong.

    Args:
        values: 0, 1, booleans, None or NaN [rows].
        name: What they are called in an error.

    Raises:
        InputError: One is neither 0, 1, a boolean nor missing.
    """
    numbers = np.nan_to_num(checked_numbers(values, name))
    if not np.isin(numbers, (0, 1)).all():
        raise InputError(f"{name} must be 0 or 1 (or a boolean); turn rewards into verdicts")
    return np.asarray(numbers == 1)


def check_columns(table: Any, names: Collection[str], name: str) -> None:
    """Check that a frame has the columns that are read.

    Args:
        table: The frame, as it was handed in.
        names: Of the columns.
        name: What the frame is called in an error.

    Raises:
        InputError: It is not a frame, or one of them is absent or there twice.
    """
    columns = list(getattr(table, "columns", ()))
    absent = sorted(set(names) - set(columns))
    if absent:
        raise InputError(f"{name} must be a frame with the columns {', '.join(absent)}")
    if twice := sorted(column for column in names if columns.count(column) > 1):
        raise InputError(f"{name} has two columns called {twice[0]!r}; leave one of them out")


def as_array(values: Any, name: str, labels: bool = False) -> NDArray[Any]:
    """Any container as an array. Lists become objects first where NumPy would turn their numbers into text.

    Args:
        values: A list, array, frame or tensor.
        name: What it is called in an error.
        labels: Whether it holds labels, which stay objects; else numbers.

    Raises:
        InputError: It has no order, is masked, its rows differ in length, or NumPy cannot hold it.
    """
    if isinstance(values, Set | Mapping):
        raise InputError(f"{name} must be rows in an order, not a {type(values).__name__}")
    is_list = isinstance(values, list | tuple)
    if is_list and labels:
        return cell_values(label_table(values, name))
    plain = without_tensors(values, name)
    try:
        table = cell_values(np.array(plain, dtype=object) if is_list else np.asarray(plain))
        if is_list and table.size and all(type(cell) in (int, float, bool) for cell in table.ravel()):
            table = np.asarray(table.tolist())
        return table.astype(object) if labels and table.dtype.kind not in _NUMERIC_KINDS else table
    except CANNOT_CONVERT:
        raise InputError(f"{name} must be an array of rows of one length, not {in_short(values)}") from None


def _row(row: Any, name: str) -> Floats | None:
    """Numbers of one axis as floats; None for anything else."""
    # quick where they are numbers beyond doubt: thousands of short rows are usual
    is_sure = row.dtype.kind in _NUMERIC_KINDS if type(row) is np.ndarray else type(row) is list and _are_floats(row)
    if is_sure:
        numbers = np.asarray(row, float)
    else:
        plain = without_tensors(row, name)
        try:
            numbers = checked_numbers(plain, name)
        except InputError:
            return None
    return numbers if numbers.ndim == 1 else None


def _are_floats(row: list[Any]) -> bool:
    return set(map(type, row)) <= {float}


def _is_real_or_missing(cell: Any) -> bool:
    is_real = isinstance(cell, Number | np.bool_) and not isinstance(cell, complex | np.complexfloating)
    return is_real or cell is None or cell is pd.NA or cell is pd.NaT
