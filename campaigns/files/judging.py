"""Was a changed file read rightly, or refused in one clear line?

The changed record stands between two good ones, so that a loss of these shows. Of the changed one:

- a text that the tables hold is there as changed;
- the tables have as many rows as for the good record, unless a list or null that holds the rows was changed;
- refused, it is one line with the file and the number; skipped, or left out by a filter, it is counted and adds no row.
"""

import json
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pandas as pd

from campaigns.files.leaves import human_completions, leaves_of, shape_of, with_leaves
from campaigns.files.records import Record
from stepscale.errors import InputError
from stepscale.formats import Tables, read

TABLES = ("problems", "solutions", "step_labels", "scores")
_IDS = ("problem_id", "unique_id", "id", "doc_id", "idx")
_PROBLEMS = ("problem", "question", "modified_question", "prompt", "input")
_LONGEST_LINE = 1_000  # characters of a refusal
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
    """A format, a record, and what is read from it where nothing is changed.

    Attributes:
        format: The name of the format.
        record: The record.
        rows: Rows by table.
        texts: All texts of the tables.
        neighbors: The good records beside a changed one, as lines.
        apart: By table the rows that these two have without it.
        unread: Places, among the record's leaves, of texts that no table takes, though the same text elsewhere is taken.
    """

    format: str
    record: Record
    rows: dict[str, int]
    texts: frozenset[str]
    neighbors: tuple[bytes, bytes]
    apart: dict[str, Counter[str]]
    unread: frozenset[int]


def good_file(format_name: str, record: Record, folder: Path) -> GoodFile:
    """Reads the record as it is."""
    tables = _read(folder, format_name, [json.dumps(record).encode()])
    texts, leaves = frozenset(texts_of(tables)), leaves_of(record)
    repeated = [place for place, leaf in enumerate(leaves) if isinstance(leaf, str) and leaves.count(leaf) > 1]
    unread = frozenset(place for place in repeated if not _is_read(format_name, record, place, folder))
    before, after = (json.dumps(neighbor(record, word)).encode() for word in ("before", "after"))
    apart = _rows_by_table(_read(folder, format_name, [before, after]))
    return GoodFile(format_name, record, rows_of(tables), texts, (before, after), apart, unread)


def _is_read(format_name: str, record: Record, place: int, folder: Path) -> bool:
    """Whether a text put into this leaf alone comes up in the tables; True where the reader refuses it."""
    for mark in _MARKS:
        leaves = leaves_of(record)
        leaves[place] = mark
        try:
            tables = _read(folder, format_name, [json.dumps(with_leaves(record, iter(leaves))).encode()])
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
        tables = _read(folder, good.format, [good.neighbors[0], line, good.neighbors[1]])
    except InputError as error:
        message = str(error)
        if "\n" in message or len(message) > _LONGEST_LINE or "case.jsonl" not in message:
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


def neighbor(value: Any, word: str) -> Any:
    """A copy of a record with another problem and other ids."""
    if isinstance(value, list):
        return [neighbor(item, word) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: neighbor(item, word) for key, item in value.items()}
    changed |= {key: f"{value[key]}-{word}" for key in _IDS if isinstance(value.get(key), str)}
    changed |= {key: value[key] + len(word) for key in _IDS if isinstance(value.get(key), int)}
    changed |= {key: f"{word} {value[key]}" for key in _PROBLEMS if isinstance(value.get(key), str)}
    if "label" in value and "input" in value:  # Math-Shepherd repeats the problem
        changed["label"] = f"{word} {value['label']}"
    return changed


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
        tables = _read(folder, good.format, [good.neighbors[0], *lines, good.neighbors[1]], "skip")
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
    if shape_of(value) == shape_of(good.record):
        pairs = enumerate(zip(leaves_of(good.record), leaves_of(value), strict=True))
        changed = [(old, new) for place, (old, new) in pairs if old != new and place not in good.unread]
        lost = [new for old, new in changed if _is_lost(old, new, good.texts, texts)]
        if lost:
            return "silent_losses", f"the tables do not hold {lost[0]!r:.100}"
        if more != (expected := _expected_rows(good, value)):
            return "silent_losses", f"rows: {more}, not {expected}"
    else:
        most = good.rows | {
            "step_labels": good.rows["step_labels"] + human_completions(value) - human_completions(good.record)
        }
        if any(more[name] > most[name] for name in TABLES):
            return "silent_losses", f"rows out of nothing: {more}, of at most {most}"
    return None


def _expected_rows(good: GoodFile, value: Record) -> dict[str, int]:
    """Those of the good record, with two exceptions.

    Of ProcessBench with another label alone, steps up to that first error are labeled. OpenR's only solution has no score if
    its value is 0.
    """
    if good.format in ("openr", "compute_optimal_tts") and [output["value"] for output in value["output"]] == [[0.0]]:
        return good.rows | {"scores": 0}
    if good.format != "processbench" or value == good.record or value | {"label": good.record["label"]} != good.record:
        return good.rows
    label = value["label"]
    return good.rows | {"step_labels": len(value["steps"]) if label == -1 else label + 1}


def _is_lost(old: Any, new: Any, before: frozenset[str], after: set[str]) -> bool:
    """Whether a text that was in the tables is no longer there as changed."""
    if not isinstance(old, str) or not isinstance(new, str) or not new.strip() or old.strip() not in before:
        return False
    return new.strip() not in after
