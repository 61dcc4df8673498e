"""JSON texts and rows of tables as Python values in which a missing value is None.

Tables write NaN for "none here" (``json.dumps`` of a DataFrame's rows does), at any depth. Here it becomes None, once, so
that no reader has to know of it. Infinity stays a number, which the readers refuse.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
import pyarrow as pa


def parsed(content: bytes | str) -> Any:
    """The value of a JSON text.

    Python's own parser takes what the fast one refuses (a NaN), unless no table could hold it (half a surrogate pair).

    Args:
        content: The text.

    Raises:
        orjson.JSONDecodeError: It is not JSON; the complaint is the fast parser's.
    """
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        try:
            value = json.loads(content, parse_constant=_constant)
            orjson.dumps(value)
        except (ValueError, TypeError, RecursionError):
            raise error from None
        return value


def without_nan(value: Any) -> Any:
    """A row, or any value in it, with None for every NaN.

    Args:
        value: Of Python's own types.
    """
    if type(value) is float:
        return value if value == value else None  # a NaN alone differs from itself
    if type(value) is dict:
        return {key: without_nan(inner) for key, inner in value.items()}
    if type(value) is list:
        return [without_nan(inner) for inner in value]
    if type(value) is tuple:  # an entry of a map of Arrow
        return tuple(without_nan(inner) for inner in value)
    return value


def rows_without_nan(rows: Iterable[Any], schema: pa.Schema) -> Iterator[Any]:
    """Rows with None for every NaN; where no column can hold one, the rows as they are.

    Args:
        rows: As Arrow gives them.
        schema: Their columns.
    """
    return map(without_nan, rows) if any(_holds_floats(kind) for kind in schema.types) else iter(rows)


def _holds_floats(kind: pa.DataType) -> bool:
    inner = [kind.value_type] if pa.types.is_dictionary(kind) else [kind.field(i).type for i in range(kind.num_fields)]
    return pa.types.is_floating(kind) or any(map(_holds_floats, inner))


def _constant(name: str) -> float | None:
    return None if name == "NaN" else float(name)
