"""Records with one value changed, for the tests of what readers do with it."""

from copy import deepcopy
from typing import Any


def with_value(record: dict[str, Any], place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The record with another value at a place, a key or an index per level."""
    changed: Any = deepcopy(record)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return dict(changed)
