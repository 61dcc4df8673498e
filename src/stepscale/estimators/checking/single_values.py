"""What stands in tensors, masked arrays and nested lists, as NumPy arrays and Python values, before anything is checked.

In: what a user handed in. Out: the same without tensors. NumPy alone would keep a tensor of one number as an object that equals
no other, refuse tensors that need a gradient, drop the masks of rows, and take labels that are tuples for one more axis.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError, in_short


def without_tensors(values: Any, name: str) -> Any:
    """Lists, arrays and frames as they are, but tensors, also those in lists, as arrays; a gradient is left behind.

    Args:
        values: Anything.
        name: What it is called in an error.

    Raises:
        InputError: There is a masked array, or a tensor that NumPy cannot hold.
    """
    if isinstance(values, np.ma.MaskedArray):
        raise InputError(
            f"{name} is a masked array, whose mask would be lost; pass its data, and mask=~array.mask where a mask is taken"
        )
    if hasattr(values, "detach"):
        return _array_of(values, name)
    if isinstance(values, list | tuple) and any(map(_may_hold_tensors, set(map(type, values)))):
        opened = [without_tensors(value, name) for value in values]
        return tuple(opened) if isinstance(values, tuple) else opened  # a tuple may be a label, which a list is not
    return values


def cell_value(cell: Any) -> Any:
    """What a cell holds: of a tensor or an array without axes the number in it; anything else as it is.

    Args:
        cell: One number or label.

    Raises:
        InputError: It is a masked cell: what is under a mask is no value.
    """
    if not _is_boxed(type(cell)) or cell.ndim != 0:
        return cell
    if isinstance(cell, np.ma.MaskedArray):
        raise InputError("a cell is masked; pass None in its place, or a mask")
    # not item() of an array: it would make integers of dates
    return cell[()] if isinstance(cell, np.ndarray) else cell.item()


def cell_values(table: NDArray[Any]) -> NDArray[Any]:
    """An array whose cells are values and no arrays or tensors.

    Args:
        table: An array of any type.

    Raises:
        InputError: A cell is masked.
    """
    if table.dtype != object or not any(map(_is_boxed, set(map(type, table.ravel())))):
        return table
    return np.fromiter(map(cell_value, table.ravel()), object, table.size).reshape(table.shape)


def label_table(rows: Sequence[Any], name: str) -> NDArray[Any]:
    """Labels in rows of one length as objects [rows, places]; a tuple in a row is one label.

    Args:
        rows: Lists, arrays or tensors.
        name: What they are called in an error.

    Raises:
        InputError: What stands in a row's place is none, or rows differ in length.
    """
    lists = [without_tensors(row, name) for row in rows]
    are_rows = [
        row.ndim == 1 if hasattr(row, "ndim") else isinstance(row, Sequence) and not isinstance(row, str | bytes)
        for row in lists
    ]
    if not all(are_rows) or len(set(map(len, lists))) > 1:
        raise InputError(f"{name} must be an array of rows of one length, not {in_short(rows)}")
    shape = len(lists), len(lists[0]) if lists else 0
    return np.fromiter(chain.from_iterable(lists), object, shape[0] * shape[1]).reshape(shape)


def _array_of(tensor: Any, name: str) -> Any:
    """A tensor as an array, wherever it is."""
    if tensor.ndim == 0:
        return tensor.item()
    try:
        return tensor.detach().cpu().numpy()
    except (TypeError, RuntimeError):
        kind = f"{tensor.dtype}, {tensor.layout}, on {tensor.device}"
        raise InputError(f"{name} is a tensor that NumPy cannot hold ({kind}); pass a dense one of float32") from None


def _may_hold_tensors(kind: type) -> bool:
    return issubclass(kind, list | tuple | np.ma.MaskedArray) or hasattr(kind, "detach")


def _is_boxed(kind: type) -> bool:
    """Whether cells of this type may be arrays; the numbers of NumPy, which look alike, are values."""
    return hasattr(kind, "ndim") and hasattr(kind, "item") and not issubclass(kind, np.generic)
