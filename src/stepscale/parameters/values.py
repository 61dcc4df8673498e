"""Values whose type alone pydantic accepts: yes as 1, infinity as a number, blank text, a list that names a thing twice.

In: the parameters as written, and the same ones typed. Out: a line per fault. It knows no block by name, so that a block
which domain code declares is checked as those of ``stepscale.parameters`` are.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

_MAY_BE_BLANK = {"instruction", "ends_before", "separator"}
_LARGEST = 1 << 63  # NumPy and torch hold no larger integer


def misread_values(written: Any, typed: Any) -> list[str]:
    """What is wrong with values whose type alone was accepted.

    Args:
        written: Parameters as YAML gave them.
        typed: The same, as pydantic typed them.

    Returns:
        A fault per value, which begins with the key; empty if there is none.
    """
    return list(_faults(written, typed, ""))


def _faults(written: Any, typed: Any, key: str) -> Iterator[str]:
    if isinstance(written, Mapping):
        for name, value in written.items():
            if isinstance(typed, BaseModel) and _is_blank(value) and not _may_be_blank(typed, name):
                yield f"{key}.{name}: is blank; write what it names, or null where it may be absent".removeprefix(".")
            counterpart = getattr(typed, str(name), None) if isinstance(typed, BaseModel) else _item(typed, name)
            yield from _faults(value, counterpart, f"{key}.{name}" if key else str(name))
    elif isinstance(written, list | tuple) and isinstance(typed, list | tuple):
        if any(value in written[:place] for place, value in enumerate(written)):
            yield f"{key}: holds a value twice; leave one of them out"
        for i, (value, counterpart) in enumerate(zip(written, typed, strict=False)):
            yield from _faults(value, counterpart, f"{key}.{i}")
    elif isinstance(typed, int | float) and not isinstance(typed, bool):
        if isinstance(written, bool):
            yield f"{key}: must be a number, not {str(written).lower()} (YAML reads yes, no, on and off so); write the number"
        elif not math.isfinite(typed):
            yield f"{key}: must be a finite number, not {typed}; write one"
        elif abs(typed) >= _LARGEST and isinstance(typed, int):
            yield f"{key}: must be below 2^63; write a smaller number"


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _may_be_blank(block: BaseModel, name: str) -> bool:
    """Whether blank text says something here: between steps, after a problem, or where it is the default."""
    field = type(block).model_fields.get(name)
    return name in _MAY_BE_BLANK or (field is not None and _is_blank(field.default))


def _item(typed: Any, name: Any) -> Any:
    return typed.get(name) if isinstance(typed, Mapping) else None
