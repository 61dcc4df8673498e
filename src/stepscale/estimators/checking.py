"""The one place where what a user hands to an estimator becomes checked arrays.

In: lists, NumPy arrays, pandas frames or tensors. Out: arrays of one type and shape, budgets as Python integers. Every public
estimator goes through here. Whatever is refused raises InputError with one line; nothing is repaired by guessing.
"""

import operator
from collections.abc import Collection, Iterable, Mapping, Set
from contextlib import suppress
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.int64]

_NUMERIC_KINDS = "biuf"  # booleans, integers, unsigned integers and floats
_MOST_CELLS = 1 << 30  # resamples x problems: 8 GiB of counts
MOST_PLACES = 1 << 20
"""Most samples of a problem: a number beyond is a slip of the pen, and a table of its size fills memory."""
_CANNOT_CONVERT = (TypeError, ValueError, RuntimeError, OverflowError, AttributeError)


def checked_numbers(values: ArrayLike, name: str) -> Floats:
    """Numbers of any shape as floats; booleans count as 0 and 1, and None and pandas NA become NaN.

    Args:
        values: The numbers.
        name: What they are called in an error.

    Raises:
        InputError: The values are ragged, masked, or no real numbers.
    """
    table = _array(values, name)
    if table.dtype.kind in _NUMERIC_KINDS:
        return np.asarray(table, float)
    if table.dtype.kind != "O" or not all(_is_real_or_missing(cell) for cell in table.ravel()):
        raise InputError(f"{name} must be numbers in rows of one length, not {in_short(values)}")
    try:
        return np.asarray(np.where(np.asarray(pd.isna(table), bool), np.nan, table), float)
    except _CANNOT_CONVERT:
        raise InputError(f"{name} must be numbers that a float can hold, not {in_short(values)}") from None


def checked_values(values: ArrayLike, name: str) -> Floats:
    """Finite numbers [problems, ...] as floats.

    Raises:
        InputError: There is no problem, or a value is not finite.
    """
    table = checked_numbers(values, name)
    if table.ndim < 1 or table.size == 0:
        raise InputError(f"no problems to average over: {name} must be [problems, ...] with one problem or more")
    if not np.isfinite(table).all():
        raise InputError(f"{name} must be finite numbers; leave out or fill in the NaN or infinite values")
    return table


def checked_mask(mask: ArrayLike | None, shape: tuple[int, ...]) -> Bools:
    """Which samples are answered: booleans (or 0 and 1) of ``shape``; None means all of them.

    Args:
        mask: The flags, or None.
        shape: (problems, samples).

    Raises:
        InputError: Another shape, or other values.
    """
    if mask is None:
        return np.ones(shape, bool)
    return checked_flags(mask, shape, "mask", "True for an answered sample, False for an unanswered one")


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
    table = _array(values, name)
    if table.shape != shape:
        raise InputError(f"{name} must be of shape {shape}, not {table.shape}")
    if table.dtype == np.bool_:
        return table
    with suppress(InputError):
        if np.isin(flags := checked_numbers(table, name), (0, 1)).all():
            return np.asarray(flags, bool)
    raise InputError(f"{name} must be booleans: {meaning}")


def checked_samples(correct: ArrayLike, mask: ArrayLike | None) -> tuple[Floats, Bools]:
    """Correctness as 0.0 or 1.0 (0.0 where unanswered), and the mask, both [problems, samples].

    Args:
        correct: 0 or 1, or booleans. What stands at an unanswered place is not looked at, but must be no text.
        mask: True for an answered sample; None: all are answered.

    Raises:
        InputError: Other shapes, a mask that is not boolean, or correctness other than 0, 1 or a boolean.
    """
    table = _samples(correct, "correct")
    answered = checked_mask(mask, table.shape)
    if table.dtype == np.bool_:
        return (table & answered).astype(float), answered
    right = checked_numbers(table, "correct")
    if not np.isin(right[answered], (0, 1)).all():
        raise InputError("correct must be 0 or 1 (or a boolean) for every answered sample; turn rewards into verdicts")
    return np.where(answered, right, 0.0), answered


def checked_table(values: ArrayLike, name: str) -> Floats:
    """Numbers [problems, samples] as floats.

    Raises:
        InputError: They are no numbers, or of another shape.
    """
    return checked_numbers(_samples(values, name), name)


def checked_scores(scores: ArrayLike, answered: Bools, lowest: float = -np.inf) -> Floats:
    """Verifier scores as floats [problems, samples], of which only those of ``answered`` samples are looked at.

    Args:
        scores: Numbers of the shape of ``answered``; NaN may stand where no sample is answered.
        answered: True where a sample can be chosen.
        lowest: The least score allowed. If it is finite, scores must be finite too, for they are summed.

    Raises:
        InputError: Another shape, a score that is no number, or one below ``lowest``.
    """
    table = checked_numbers(scores, "scores")
    answered_scores = table[answered] if table.shape == answered.shape else None
    if answered_scores is None or np.isnan(answered_scores).any():
        raise InputError(f"scores must be numbers of shape {answered.shape}, one for each answered sample")
    if np.isfinite(lowest) and not (np.isfinite(answered_scores) & (answered_scores >= lowest)).all():
        raise InputError(f"scores must be finite numbers >= {lowest:g}, for they are summed; pass probabilities")
    return table


def checked_labels(answers: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Answers as numbers or objects of ``shape``, never turned into text.

    Raises:
        InputError: Another shape.
    """
    table = _array(answers, "answers", labels=True)
    if table.shape != shape:
        raise InputError(f"answers must be of shape {shape}, not {table.shape}")
    return table


def checked_answers(answers: ArrayLike, answered: Bools) -> Codes:
    """Answers as codes from 1 [problems, samples], dense within each problem so that tallies stay narrow; 0 for none.

    Args:
        answers: Labels [problems, samples] that can be hashed. None, NaN, pandas NA, the number -1 and blank text mean no
            answer, in every kind of array. Labels are equal as Python has it: ``1`` and ``1.0`` are, ``1`` and ``"1"`` are not.
        answered: The mask [problems, samples].

    Raises:
        InputError: Another shape, or an answer that cannot be hashed.
    """
    table = checked_labels(answers, answered.shape)
    try:
        codes, labels = pd.factorize(table.ravel(), use_na_sentinel=True)
        unanswered = [code for code, label in enumerate(labels) if is_no_answer(label)]
    except _CANNOT_CONVERT:
        raise InputError("answers must be strings, numbers or other hashable labels") from None
    codes = np.where(answered & ~np.isin(codes, unanswered).reshape(table.shape), codes.reshape(table.shape), -1)
    # rank the codes of each row: the first of every run of equal ones begins a new number
    order = np.argsort(codes, axis=1, kind="stable")
    ranked = np.take_along_axis(codes, order, 1)
    first = np.diff(ranked, axis=1, prepend=-1) > 0
    dense = np.empty_like(codes)
    np.put_along_axis(dense, order, np.cumsum(first, axis=1), 1)
    return dense


def is_no_answer(label: object) -> bool:
    """Whether a label that is not missing means that there is no answer: the number -1, or blank text."""
    return not label.strip() if isinstance(label, str) else isinstance(label, Number) and bool(operator.eq(label, -1))


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

    Raises:
        InputError: Anything else.
    """
    try:
        count = _whole_number(value)
    except _CANNOT_CONVERT:
        raise InputError(f"{name} must be a whole number, not {in_short(value)}") from None
    if count < least:
        raise InputError(f"{name} must be {least} or above, not {count}")
    if most is not None and count > most:
        raise InputError(f"{name} must be {most} or below, not {count}")
    return count


def checked_resamples(resamples: Any, problems: int) -> int:
    """How many bootstrap resamples of so many problems: 1 or above, and no more than memory holds.

    Raises:
        InputError: Anything else.
    """
    return checked_count(resamples, "resamples", most=_MOST_CELLS // max(problems, 1))


def checked_number(value: Any, name: str) -> float:
    """One finite number.

    Raises:
        InputError: Anything else.
    """
    number = checked_numbers(value, name)
    if number.ndim != 0 or not np.isfinite(number):
        raise InputError(f"{name} must be a finite number, not {in_short(value)}")
    return float(number)


def checked_level(level: Any) -> float:
    """The level of an interval as a share, such as 0.95.

    Raises:
        InputError: It is outside of (0, 1).
    """
    share = checked_numbers(level, "level")
    if share.ndim != 0 or not 0 < float(share) < 1:
        raise InputError(f"level must be a share between 0 and 1, such as 0.95, not {in_short(level)}")
    return float(share)


def checked_places(values: ArrayLike, name: str, most: int = MOST_PLACES) -> Codes:
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
        InputError: It is no frame, or one of them is absent or there twice.
    """
    columns = list(getattr(table, "columns", ()))
    absent = sorted(set(names) - set(columns))
    if absent:
        raise InputError(f"{name} must be a frame with the columns {', '.join(absent)}")
    if twice := sorted(column for column in names if columns.count(column) > 1):
        raise InputError(f"{name} has two columns called {twice[0]!r}; leave one of them out")


def _array(values: Any, name: str, labels: bool = False) -> NDArray[Any]:
    """Any container as an array. Lists become objects first where NumPy would turn their numbers into text."""
    if isinstance(values, np.ma.MaskedArray):
        raise InputError(f"{name} is a masked array; pass its data, and mask=~array.mask for what is missing")
    if isinstance(values, Set | Mapping):
        raise InputError(f"{name} must be rows in an order, not a {type(values).__name__}")
    try:
        plain = isinstance(values, list | tuple)
        table = np.array(values, dtype=object) if plain else np.asarray(values)
        if plain and not labels and table.size and all(type(cell) in (int, float, bool) for cell in table.ravel()):
            table = np.asarray(values)
        return table.astype(object) if labels and table.dtype.kind not in _NUMERIC_KINDS else table
    except _CANNOT_CONVERT:
        raise InputError(f"{name} must be an array of rows of one length, not {in_short(values)}") from None


def _samples(values: Any, name: str) -> NDArray[Any]:
    table = _array(values, name)
    if table.ndim != 2 or 0 in table.shape:
        raise InputError(f"{name} must be [problems, samples] in rows of one length, not of shape {table.shape}")
    return table


def _is_real_or_missing(cell: Any) -> bool:
    is_real = isinstance(cell, Number | np.bool_) and not isinstance(cell, complex | np.complexfloating)
    return is_real or cell is None or cell is pd.NA or cell is pd.NaT


def _whole_numbers(values: Any, name: str) -> tuple[int, ...]:
    try:
        if isinstance(values, str | bytes | Set | Mapping | np.ma.MaskedArray) or getattr(values, "ndim", 1) != 1:
            raise TypeError("not a list")
        return tuple(_whole_number(value) for value in values)
    except _CANNOT_CONVERT:
        raise InputError(f"{name} must be whole numbers in a list, not {in_short(values)}") from None


def _whole_number(value: Any) -> int:
    """One whole number; raises TypeError for anything else."""
    if isinstance(value, bool | np.bool_):
        raise TypeError("a boolean is no number of samples")
    whole_float = isinstance(value, float | np.floating) and float(value).is_integer()
    return int(value) if whole_float else operator.index(value)


def in_short(values: Any) -> str:
    """What was handed in, cut to one short line, as an error shows it.

    Args:
        values: Anything.
    """
    text = " ".join(repr(values).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
