"""Settings of an estimator as checked numbers: budgets, bins, counts, levels."""

import operator
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError, in_short
from stepscale.estimators.checking.arrays import CANNOT_CONVERT, checked_numbers
from stepscale.estimators.checking.single_values import cell_value

_MAX_CELLS = 1 << 30  # resamples x problems: 8 GiB of counts


def checked_budgets(ns: Iterable[Any], places: int | None = None) -> tuple[int, ...]:
    """Budgets (numbers of samples) in their order as Python integers, so that no product of them can overflow.

    Args:
        ns: Whole numbers of any integer type, in a list, array, series or range. A float that is whole, such as 16.0, counts.
        places: Samples per problem, the largest budget there can be; None: no limit.

    Raises:
        InputError: Not a list of numbers, a fraction, or a budget outside of 1..places.
    """
    budgets = _whole_numbers(ns, "budgets")
    impossible = [n for n in budgets if n < 1 or (places is not None and n > places)]
    if impossible:
        limits = f"in 1..{places} (samples per problem)" if places is not None else "at 1 or above"
        raise InputError(f"budgets must lie {limits}, not {impossible}")
    return budgets


def checked_bins(bins: ArrayLike, problems: int) -> NDArray[np.int64]:
    """Bins 1, 2, ... [problems], all present.

    Args:
        bins: The bin of each problem.
        problems: How many there are.

    Raises:
        InputError: Other numbers, another length, or absent bins.
    """
    members = _whole_numbers(bins, "bins")
    present = set(members)
    if len(members) != problems or present != set(range(1, len(present) + 1)):
        raise InputError(f"bins must be 1, 2, ... (all of them present) for {problems} problems")
    return np.array(members, np.int64)


def checked_count(value: Any, name: str, least: int = 1, most: int | None = None) -> int:
    """One whole number, ``least`` or above, and ``most`` or below if that is given.

    Args:
        value: The number; a float that is whole counts.
        name: What it is called in an error.
        least: The smallest allowed.
        most: The largest allowed; None: no limit.

    Raises:
        InputError: Anything else.
    """
    try:
        count = _whole_number(value)
    except CANNOT_CONVERT:
        raise InputError(f"{name} must be a whole number, not {in_short(value)}") from None
    if count < least:
        raise InputError(f"{name} must be {least} or above, not {count}")
    if most is not None and count > most:
        raise InputError(f"{name} must be {most} or below, not {count}")
    return count


def checked_resamples(resamples: Any, problems: int) -> int:
    """How many bootstrap resamples of so many problems: 1 or above, and no more than memory holds.

    Args:
        resamples: How many are asked for.
        problems: Number of problems.

    Raises:
        InputError: Anything else.
    """
    return checked_count(resamples, "resamples", most=_MAX_CELLS // max(problems, 1))


def checked_number(value: Any, name: str) -> float:
    """One finite number.

    Args:
        value: The number.
        name: What it is called in an error.

    Raises:
        InputError: Anything else.
    """
    number = checked_numbers(value, name)
    if number.ndim != 0 or not np.isfinite(number):
        raise InputError(f"{name} must be a finite number, not {in_short(value)}")
    return float(number)


def checked_level(level: Any) -> float:
    """The level of an interval as a share, such as 0.95.

    Args:
        level: A share in (0, 1).

    Raises:
        InputError: It is outside of (0, 1).
    """
    share = checked_numbers(level, "level")
    if share.ndim != 0 or not 0 < float(share) < 1:
        raise InputError(f"level must be a share between 0 and 1, such as 0.95, not {in_short(level)}")
    return float(share)


def _whole_numbers(values: Any, name: str) -> tuple[int, ...]:
    try:
        if isinstance(values, str | bytes | Set | Mapping | np.ma.MaskedArray) or getattr(values, "ndim", 1) != 1:
            raise TypeError("not a list")
        return tuple(_whole_number(value) for value in values)
    except CANNOT_CONVERT:
        raise InputError(f"{name} must be whole numbers in a list, not {in_short(values)}") from None


def _whole_number(value: Any) -> int:
    """One whole number; raises TypeError for anything else."""
    value = cell_value(value)
    if getattr(value, "ndim", 0):
        raise TypeError("a list is not a number")
    if isinstance(value, bool | np.bool_):
        raise TypeError("a boolean is not a number of samples")
    whole_float = isinstance(value, float | np.floating) and float(value).is_integer()
    return int(value) if whole_float else operator.index(value)
