"""Every change of one byte, and every change of one key, of a record.

A mutation is the line of the file as bytes, and a word on what was done. A record of 300 bytes has some 5,000.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_BYTES = b'\x00\n\r"\\{}[],: 0-e\x80\xc3\xff'
"""What a byte becomes: those that JSON gives a meaning, and those that are no text."""
_ODD = (
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1.5",
    "9223372036854775808",
    "1e999",
    "NaN",
    '""',
    '"x"',
    '"\\u0000"',
    '"\\ud800"',
    '"false"',
    "[]",
    "[null]",
    "[[]]",
    "{}",
    '{"a": 1}',
    "[" * 2_000 + "]" * 2_000,
    "-0.0",
    "1e-320",
    '"1"',
    "[1]",
    '["a"]',
)  # as JSON texts


@dataclass(frozen=True)
class Mutation:
    """A changed line.

    Attributes:
        line: The bytes, without the line end.
        what: What was done.
    """

    line: bytes
    what: str


def mutations(record: dict[str, Any]) -> Iterator[Mutation]:
    """All mutations of a record, always in the same order."""
    yield from _of_bytes(json.dumps(record, ensure_ascii=False).encode())
    yield from _of_keys(record)


def _of_bytes(line: bytes) -> Iterator[Mutation]:
    for place, byte in enumerate(line):
        around = f"byte {place}"
        yield Mutation(line[:place] + line[place + 1 :], f"{around} deleted")
        yield Mutation(line[:place] + line[place : place + 1] * 2 + line[place + 1 :], f"{around} doubled")
        yield Mutation(line[:place], f"cut at {around}")
        yield Mutation(line[:place] + bytes([byte ^ 0x20]) + line[place + 1 :], f"{around} in the other case")
        for other in _BYTES:
            if other != byte:
                yield Mutation(line[:place] + bytes([other]) + line[place + 1 :], f"{around} is {other:#04x}")


def _of_keys(record: dict[str, Any]) -> Iterator[Mutation]:
    for place in _places(record):
        name = ".".join(map(str, place))
        yield Mutation(_written(record, place, None), f"{name} deleted")
        if isinstance(place[-1], str):
            yield Mutation(_written(record, place, None, place[-1].upper()), f"{name} renamed")
        for odd in _ODD:
            yield Mutation(_written(record, place, odd), f"{name} is {odd[:30]}")


def _places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of all keys and items, the outer ones first."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*place, key)
        if isinstance(inner, dict | list):
            yield from _places(inner, (*place, key))


def _written(record: dict[str, Any], place: tuple[str | int, ...], odd: str | None, name: str | None = None) -> bytes:
    """The record as JSON with another text of JSON at a place; None: without the place, or under another name."""
    return _json(record, place, odd, name).encode("utf-8", "surrogatepass")


def _json(value: Any, place: tuple[str | int, ...], odd: str | None, name: str | None) -> str:
    if not place:
        return odd if odd is not None else json.dumps(value, ensure_ascii=False)
    head, rest = place[0], place[1:]
    parts = []
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        is_here, is_last = key == head, not rest
        if is_here and is_last and odd is None and name is None:
            continue
        label = name if is_here and is_last and name else key
        text = _json(inner, rest, odd, name) if is_here else json.dumps(inner, ensure_ascii=False)
        parts.append(f"{json.dumps(label)}: {text}" if isinstance(value, dict) else text)
    return "{" + ", ".join(parts) + "}" if isinstance(value, dict) else "[" + ", ".join(parts) + "]"
