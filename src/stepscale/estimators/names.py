"""Ids, names and texts that a user hands to an estimator, as tuples in their order.

In: a list, tuple, array, series or iterator. Out: a tuple. What has no order (a set, a mapping), is one string, or holds another
kind of thing raises InputError with one line.
"""

from collections.abc import Hashable, Iterable, Mapping, Set
from typing import Any

from stepscale.errors import InputError, in_short
from stepscale.estimators.checking import cell_value


def checked_ids(ids: Any, name: str = "ids", number: int | None = None) -> tuple[Any, ...]:
    """Ids or names in their order.

    Args:
        ids: Strings or other hashable labels [problems].
        name: What they are called in an error.
        number: How many there must be; None: any number.

    Raises:
        InputError: They have no order, cannot be hashed, or are of another number.
    """
    if isinstance(ids, str | bytes | Set | Mapping) or not isinstance(ids, Iterable) or getattr(ids, "ndim", 1) != 1:
        raise InputError(f"{name} must be a list of names, not {in_short(ids)}")
    names = tuple(map(cell_value, ids))  # two tensors of one number would be two names
    if (wrong := next((item for item in names if not _can_be_hashed(item)), None)) is not None:
        raise InputError(f"{name} must be strings or other hashable labels, not {in_short(wrong)}")
    if number is not None and len(names) != number:
        raise InputError(f"{name} must be {number}, one for each problem, not {len(names)}")
    return names


def checked_texts(texts: Any, name: str = "texts") -> tuple[str, ...]:
    """Texts in their order.

    Args:
        texts: A list, array or series of strings.
        name: What they are called in an error.

    Raises:
        InputError: They are not a list of strings.
    """
    items = checked_ids(texts, name)
    if (wrong := next((item for item in items if not isinstance(item, str)), "")) != "":
        raise InputError(f"{name} must be strings, not {in_short(wrong)}")
    return items


def _can_be_hashed(value: object) -> bool:
    if not isinstance(value, Hashable):
        return False
    try:
        hash(value)
    except TypeError:  # a tuple with a list in it
        return False
    return True
