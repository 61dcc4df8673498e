"""Was a changed file read rightly, or refused in one clear line?

The changed record stands between two good ones, so that a loss of these shows. Of the changed one:

- a text that the tables hold is there as changed;
- the tables have as many rows as the record says of such a change, or fewer if a list or null that holds the rows was changed;
- refused, it is one line with the file and the number; skipped, or left out by a filter, it is counted and adds no row.
"""

import json
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pandas as pd

from campaigns.files.good_record import GoodRecord
from campaigns.files.leaves import leaves_of, shape_of, with_leaves
from stepscale.errors import InputError
from stepscale.formats import Tables, read

TABLES = ("problems", "solutions", "step_labels", "scores")
_MAX_REFUSAL_CHARACTERS = 1_000  # characters of a refusal
Verdict = tuple[str, str] | None
"""A kind of fault and a detail; None where nothing is wrong."""


class Refused(Enum):
    """A line was refused as it should be; whether it can be left out is still to be seen."""

    REFUSED = 1


REFUSED = Refused.REFUSED
_MARKS = ("zqxj", "7351942")
"""A word and a number that no record holds; of a text that states an answer the number is left."""


@dataclass(frozen=True)
class GoodFile:
    """A record, and what is read from it where nothing is changed.

    Attributes:
        of: The record, with its format.
        rows: Rows by table.
        texts: All texts of the tables.
        neighbors: The good records beside a changed one, as lines.
        apart: By table the rows that these two have without it.
        unread: Places, among the record's leaves, of texts that no table takes, though the same text elsewhere is taken.
    """

    of: GoodRecord
    rows: dict[str, int]
    texts: frozenset[str]
    neighbors: tuple[bytes, bytes]
    apart: dict[str, Counter[str]]
    unread: frozenset[int]


def good_file(of: GoodRecord, folder: Path) -> GoodFile:
    """Reads the record as it is."""
    tables = _read(folder, of.format, [json.dumps(of.record).encode()])
    texts, leaves = frozenset(texts_of(tables)), leaves_of(of.record)
    repeated = [place for place, leaf in enumerate(leaves) if isinstance(leaf, str) and leaves.count(leaf) > 1]
    unread = frozenset(place for place in repeated if not _is_read(of, place, folder))
    before, after = (json.dumps(of.neighbor(word)).encode() for word in ("before", "after"))
    apart = _rows_by_table(_read(folder, of.format, [before, after]))
    return GoodFile(of, rows_of(tables), texts, (before, after), apart, unread)


def _is_read(of: GoodRecord, place: int, folder: Path) -> bool:
    """Whether a text put into this leaf alone comes up in the tables; True where the reader refuses it."""
    for mark in _MARKS:
        leaves = leaves_of(of.record)
        leaves[place] = mark
        try:
            tables = _read(folder, of.format, [json.dumps(with_leaves(of.record, iter(leaves))).encode()])
        except InputError:
            return True
        if any(mark in text for text in texts_of(tables)):
            return True
    return False


def fault_of(good: GoodFile, line: bytes, folder: Path) -> Verdict:
    """What is wrong with how a file with this line is read: the kind and a detail; None if nothing is."""
    found = look(good, line, folder)
    return faults_of_skipping(good, [line], folder)[0] if found is REFUSED else found


def look(good: GoodFile, line: bytes, folder: Path) -> "Verdict | Refused":
    """What is wrong where bad lines are errors; REFUSED where that is right as far as the error goes."""
    if not line.strip():  # a blank line is not a record
        return None
    try:
        tables = _read(folder, good.of.format, [good.neighbors[0], line, good.neighbors[1]])
    except InputError as error:
        message = str(error)
        if "\n" in message or len(message) > _MAX_REFUSAL_CHARACTERS or "case.jsonl" not in message:
            return "tracebacks", f"no clear line: {message:.300}"
        return REFUSED
    if losses := _losses(good, tables):
        return "silent_losses", f"the records beside it changed in {losses}"
    more = {name: len(getattr(tables, name)) - good.apart[name].total() for name in TABLES}
    if tables.dropped:  # a filter of the reader left it out, and counted it
        return ("silent_losses", f"counted as dropped, and there: {more}") if any(more.values()) else None
    return _fault_of_rows(good, line, more, texts_of(tables))


def faults_of_skipping(good: GoodFile, lines: list[bytes], folder: Path) -> list[Verdict]:
    """What is wrong where bad lines are left out. All are tried in one file, and each alone if anything is wrong there.

    Args:
        good: The record that they were.
        lines: Lines that are refused.
        folder: Of the file.

    Returns:
        One per line.
    """
    if len(lines) == 1 or _fault_of_skipping(good, lines, folder):
        return [_fault_of_skipping(good, [line], folder) for line in lines]
    return [None] * len(lines)


def rows_of(tables: Tables) -> dict[str, int]:
    """Rows by table."""
    return {name: len(getattr(tables, name)) for name in TABLES}


def texts_of(tables: Tables) -> set[str]:
    """All texts of the tables' cells, stripped."""
    texts: set[str] = set()
    for name in TABLES:
        frame: pd.DataFrame = getattr(tables, name)
        for column in frame.columns:
            for cell in frame[column].tolist():
                items = cell if isinstance(cell, list) else [cell]
                texts.update(item.strip() for item in items if isinstance(item, str))
    return texts


def _read(folder: Path, format_name: str, lines: list[bytes], on_error: Any = "raise") -> Tables:
    path = folder / "case.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return read(path, format_name, on_error=on_error)


def _fault_of_skipping(good: GoodFile, lines: list[bytes], folder: Path) -> Verdict:
    try:
        tables = _read(folder, good.of.format, [good.neighbors[0], *lines, good.neighbors[1]], "skip")
    except InputError as error:
        return "silent_losses", f"on_error='skip' refuses the good records too: {error!s:.200}"
    if tables.skipped < len(lines):
        return "silent_losses", "the bad line is not counted"
    losses = _losses(good, tables)
    return ("silent_losses", f"with 'skip' the records beside it changed in {losses}") if losses else None


def _losses(good: GoodFile, tables: Tables) -> list[str]:
    """The tables that lack a row of the good records."""
    rows = _rows_by_table(tables)
    return [name for name in TABLES if good.apart[name] - rows[name]]


def _rows_by_table(tables: Tables) -> dict[str, Counter[str]]:
    return {name: _rows(getattr(tables, name)) for name in TABLES}


def _rows(frame: pd.DataFrame) -> Counter[str]:
    columns = sorted(frame.columns)
    return Counter(json.dumps(row, default=str) for row in frame[columns].astype(object).values.tolist())


def _fault_of_rows(good: GoodFile, line: bytes, more: dict[str, int], texts: set[str]) -> Verdict:
    """Rows and texts of a changed record that was read."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return "silent_losses", f"a line that is not JSON was read: {more}"
    expected = good.of.rows_if_changed(good.rows, good.of.record, value)
    if shape_of(value) == shape_of(good.of.record):
        pairs = enumerate(zip(leaves_of(good.of.record), leaves_of(value), strict=True))
        changed = [(old, new) for place, (old, new) in pairs if old != new and place not in good.unread]
        lost = [new for old, new in changed if _is_lost(old, new, good.texts, texts)]
        if lost:
            return "silent_losses", f"the tables do not hold {lost[0]!r:.100}"
        if more != expected:
            return "silent_losses", f"rows: {more}, not {expected}"
    elif any(more[name] > expected[name] for name in TABLES):
        return "silent_losses", f"rows out of nothing: {more}, of at most {expected}"
    return None


def _is_lost(old: Any, new: Any, before: frozenset[str], after: set[str]) -> bool:
    """Whether a text that was in the tables is no longer there as changed."""
    if not isinstance(old, str) or not isinstance(new, str) or not new.strip() or old.strip() not in before:
        return False
    return new.strip() not in after
