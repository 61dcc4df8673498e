"""A record that holds the hostile text in one place, through the reader of its format: alone, or with others in one file.

To read a file of one record costs twenty times what a record costs in a file of many. So most are read together, and alone only
where anything is odd.
"""

import json
import os
import random
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from campaigns.contract import Findings
from campaigns.files.good_record import GoodRecord
from campaigns.files.records import RECORDS
from campaigns.text.cases import TextCase
from campaigns.text.watching import Wrong, watched
from stepscale.errors import InputError
from stepscale.formats import read

_MAX_REFUSAL_CHARACTERS = 2_000  # characters of a refusal


def readers(case: TextCase) -> None:
    """The record is read, or refused in one line."""
    good, place = _record(case)
    path = _written([_replaced(good.record, place, case.text)])
    try:
        tables = read(path, good.format)
    except InputError as error:
        if "\n" in str(error) or len(str(error)) > _MAX_REFUSAL_CHARACTERS:
            raise Wrong("crashes", f"{good.format} {place}: the refusal is not one line: {error}") from None
        return
    if not len(tables.problems):
        raise Wrong("crashes", f"{good.format} {place}: no problem was read")


def read_together(findings: Findings, cases: dict[int, TextCase]) -> None:
    """The records of each format in one file; those that are refused there, and all of a file in which a read goes wrong, alone.

    Args:
        findings: Where faults and times are noted.
        cases: By number.
    """
    by_format: dict[str, list[int]] = {}
    for number, case in cases.items():
        by_format.setdefault(_record(case)[0].format, []).append(number)
    for format_name, numbers in by_format.items():
        for number in _odd(findings, format_name, numbers, cases):
            watched(findings, number, "readers", partial(readers, cases[number]), cases[number].text)


def _odd(findings: Findings, format_name: str, numbers: list[int], cases: dict[int, TextCase]) -> list[int]:
    """The cases that must be read alone; of a file in which anything is wrong each half is tried again."""
    if len(numbers) == 1:
        return numbers
    tried = Findings()
    call = partial(_refused_among, format_name, [cases[number] for number in numbers])
    refused = watched(tried, numbers[0], "readers", call, "")
    if refused is None or tried.faults:
        half = len(numbers) // 2
        return [odd for part in (numbers[:half], numbers[half:]) for odd in _odd(findings, format_name, part, cases)]
    findings.count("read_together", len(numbers) - len(refused))
    return [numbers[line] for line in refused]


def _refused_among(format_name: str, cases: list[TextCase]) -> list[int]:
    """Which lines of a file of these records are refused.

    Raises:
        Wrong: Fewer problems are read than there are records left.
    """
    records = []
    for line, case in enumerate(cases):
        good, place = _record(case)
        records.append(_replaced(good.neighbor(f"n{line}"), place, case.text))
    tables = read(_written(records), format_name, on_error="skip")
    refused = [int(reason.split("case.jsonl:", 1)[1].split(":", 1)[0]) - 1 for reason in tables.skip_reasons]
    if tables.skipped != len(set(refused)) or tables.problems["problem_id"].nunique() < len(cases) - len(refused):
        raise Wrong("crashes", "a record is neither read nor refused")
    return refused


def _record(case: TextCase) -> tuple[GoodRecord, tuple[str | int, ...]]:
    """A good record, and the place that the text takes: drawn by the text."""
    rng = random.Random(case.text.encode("utf-8", "surrogatepass"))
    good = rng.choice(RECORDS)
    return good, rng.choice(list(_texts(good.record)))


def _written(records: list[Any]) -> Path:
    path = _scratch() / "case.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


@cache
def _scratch() -> Path:
    return Path(mkdtemp(prefix=f"texts-{os.getpid()}-"))


def _texts(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The places of all texts of a record."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _texts(inner, (*place, key))


def _replaced(value: Any, place: tuple[str | int, ...], text: str) -> Any:
    """A copy of a record with another text in one place."""
    if not place:
        return text
    head, *rest = place
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    changed = {key: _replaced(inner, tuple(rest), text) if key == head else inner for key, inner in pairs}
    return changed if isinstance(value, dict) else list(changed.values())
