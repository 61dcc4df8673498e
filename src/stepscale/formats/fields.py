"""Typed values of a record's keys: each function takes a record and a key, and refuses a value of another type.

In: a record from a file, whose values may be anything. Out: the value, or `BadRecord` with the reason. A reader that
takes all its values through here reports a bad line and never stops with a raw error.
"""

import math
from typing import Any, TypeGuard

from stepscale.errors import InputError

Record = dict[str, Any]


class BadRecord(ValueError):
    """A record that cannot be read; the message is the reason, without its place."""


class ReadError(InputError):
    """An error of a reader about its source.

    Attributes:
        fault: The message without the advice to skip, for users who cannot say ``on_error``.
        good: How many records it had read before.
        is_foreign: Whether a key or a file of the format is missing, so that the source may be of another format.
    """

    def __init__(self, fault: str, *, or_skip: str = "", good: int = 0, is_foreign: bool = False) -> None:
        super().__init__(f"{fault}{or_skip}")
        self.fault, self.good, self.is_foreign = fault, good, is_foreign


class MissingKey(BadRecord):
    """The record lacks a key of the format: perhaps it has another format."""

    def __init__(self, key: str) -> None:
        super().__init__(f"key {key!r} is missing")


def required(record: Record, key: str) -> Any:
    """The value under ``key``.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        MissingKey: It is missing.
        BadRecord: The record is not an object.
    """
    if type(record) is not dict:
        raise BadRecord(f"a JSON object with {key!r} is needed, got {type(record).__name__}")
    if key not in record:
        raise MissingKey(key)
    return record[key]


def text(record: Record, key: str) -> str:
    """The string under ``key``.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: It is missing or not a string.
    """
    value = required(record, key)
    if type(value) is not str:
        raise BadRecord(f"{key!r} is {type(value).__name__} where a string is needed")
    return value


def problem_text(record: Record, key: str) -> str:
    """The text of a problem under ``key``, which people and models read.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: As `text`, or it is blank or holds a NUL.
    """
    return checked_problem(text(record, key), repr(key))


def checked_problem(problem: str, name: str = "the text of the problem") -> str:
    """The text of a problem as it is.

    Args:
        problem: The text.
        name: What it is called in the message.

    Raises:
        BadRecord: It is blank or holds a NUL.
    """
    if "\0" in problem:
        raise BadRecord(f"{name} holds a NUL character, which is not text")
    if not problem.strip():
        raise BadRecord(f"{name} is blank where a problem's text is needed")
    return problem


def checked_id(problem_id: str) -> str:
    """A problem's id as it is.

    Args:
        problem_id: As a record states it, or as it was made.

    Raises:
        BadRecord: It is blank, so that it identifies nothing.
    """
    if not problem_id.strip():
        raise BadRecord("the id of the problem is blank")
    return problem_id


def maybe_text(record: Record, key: str) -> str | None:
    """The string under ``key``, None if it is missing, null or NaN.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: It is anything else.
    """
    return None if is_absent(record, key) else text(record, key)


def maybe_answer(record: Record, key: str) -> str | None:
    """The final answer under ``key``, None if it is missing, null, NaN or blank. AIME's are integers: the same as text.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: It is anything but a string or an integer. A number with a fraction or of more than 64 bits is refused too:
            as JSON gives it, its digits may be other ones than those written.
    """
    value = record.get(key)
    if type(value) is float and not is_absent(record, key):
        raise BadRecord(f"{key!r} is the number {value!r}, perhaps rounded; write the answer in quotes")
    answer = str(value) if type(value) is int else maybe_text(record, key)
    return None if answer is None or not answer.strip() else answer


def is_absent(record: Record, key: str) -> bool:
    """Whether there is no value under ``key``: none at all, null, or NaN, which tables write for none.

    Args:
        record: A parsed record.
        key: Name of the field.
    """
    value = record.get(key)
    return value is None or (type(value) is float and math.isnan(value))


def texts(record: Record, key: str) -> list[str]:
    """The list of strings under ``key``.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: It is missing or holds anything else.
    """
    value = required(record, key)
    if type(value) is not list or not all(type(item) is str for item in value):
        raise BadRecord(f"{key!r} is not a list of strings")
    return value


def flag(record: Record, key: str) -> bool:
    """True or false under ``key``.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: It is missing or anything else ("false", 1, ...).
    """
    value = required(record, key)
    if type(value) is not bool:
        raise BadRecord(f"{key!r} is {value!r:.60} where true or false is needed")
    return value


def maybe_flag(record: Record, key: str) -> bool | None:
    """The same, None if it is missing, null or NaN.

    Args:
        record: A parsed record.
        key: Name of the field.
    """
    return None if is_absent(record, key) else flag(record, key)


def maybe_whole(record: Record, key: str) -> int | None:
    """The integer under ``key``, None if it is missing, null or NaN.

    Args:
        record: A parsed record.
        key: Name of the field.

    Raises:
        BadRecord: It is anything else.
    """
    if is_absent(record, key):
        return None
    value = record[key]
    if not is_whole(value):
        raise BadRecord(f"{key!r} is {value!r:.60} where an integer is needed")
    return value


def is_whole(value: object) -> TypeGuard[int]:
    """Whether a value is an integer of 64 bits (booleans are not).

    Args:
        value: A value of a record.
    """
    return type(value) is int and -(2**63) <= value < 2**63


def is_number(value: object) -> bool:
    """Whether a value is a finite number (booleans are not).

    Args:
        value: A value of a record.
    """
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def probability(value: object, name: str) -> float:
    """A number in [0, 1].

    Args:
        value: A value of a record.
        name: Its name, for the message.

    Raises:
        BadRecord: It is anything else.
    """
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        raise BadRecord(f"{name} is {value!r:.60}, not a number in [0, 1]")
    return float(value)  # type: ignore[arg-type]
