"""What a record is made of: its leaves, and its shape without them."""

from collections.abc import Iterator
from typing import Any


def shape_of(value: Any) -> Any:
    """Keys and types without values."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    return [shape_of(item) for item in value] if isinstance(value, list) else type(value).__name__


def leaves_of(value: Any) -> list[Any]:
    """The values that hold no others, in order."""
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return [leaf for item in items for leaf in leaves_of(item)]
    return [value]


def with_leaves(value: Any, leaves: Iterator[Any]) -> Any:
    """A copy with other leaves, in the order of `leaves_of`."""
    if isinstance(value, dict):
        return {key: with_leaves(item, leaves) for key, item in value.items()}
    return [with_leaves(item, leaves) for item in value] if isinstance(value, list) else next(leaves)
