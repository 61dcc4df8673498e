r"""MATH (Hendrycks et al. 2021) in its shapes: JSONL as PRM800K's math_splits and MATH-500, and the folder of JSON
files.

    {"problem": ..., "solution": "... $\\boxed{29}$", "answer": "29", "subject": "Algebra",
     "level": 3, "unique_id": "test/algebra/7.json"}
    MATH/train/algebra/7.json: {"problem": ..., "level": "Level 3", "type": "Algebra", "solution": "... \\boxed 2$."}

A missing answer is taken from the solution's last box, by the grader's `extract_answer`. It does not split: see
`splits`.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from stepscale.formats import hub, tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import BadRecord, Record, maybe_text, text
from stepscale.formats.lines import OnError, Records
from stepscale.formats.output import write_lines
from stepscale.formats.source_files import Source

_COLUMNS = ("problem_id", "problem", "answer", "solution", "subject", "level", "split")


def read(source: Source, *, on_error: OnError = "raise", split: str | None = None, config: str | None = None) -> Tables:
    """MATH's problems; no solutions of a generator. `split` is written to the table (of a hub data set it also
    chooses).

    problem_id is ``unique_id``, else the place in the folder release (``train/algebra/7.json``, whose first part is the
    split), else a key of the text. Raises InputError for a bad line (`on_error`) or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = Columns(tables.PROBLEMS, *_COLUMNS)
    seen: Counter[str] = Counter()

    def add(record: Record) -> None:
        problem, solution = text(record, "problem"), maybe_text(record, "solution")
        place = _place(records.file)
        problem_id = maybe_text(record, "unique_id") or place or problem_key(problem)
        subject, level = maybe_text(record, "subject") or maybe_text(record, "type"), level_of(record)
        answer = maybe_text(record, "answer") or _boxed(solution)
        seen[problem_id] += 1
        if seen[problem_id] > 1:
            if "unique_id" in record:
                raise BadRecord(f"unique_id {problem_id!r} was given before")
            problem_id = f"{problem_id}-{seen[problem_id]}"
        rows.row(problem_id, problem, answer, solution, subject, level, split or (place and place.split("/")[0]))

    records.each(add)
    return Tables(problems=rows.frame(), skipped=records.skipped, skip_reasons=tuple(records.reasons))


def write(data: Tables, path: str | Path) -> int:
    """Write the problems as JSONL in the shape of MATH-500; returns the number of lines. Nulls are left out."""
    keys = ("unique_id", *_COLUMNS[1:6])
    columns = [data.problems[name].astype(object).where(data.problems[name].notna(), None) for name in _COLUMNS[:6]]
    rows = (dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True))
    return write_lines(path, (orjson.dumps({key: row[key] for key in row if row[key] is not None}) for row in rows))


def _place(file: str) -> str | None:
    """``train/algebra/7.json`` of a file of the folder release, else None."""
    parts = Path(file).parts[-3:]
    named = len(parts) == 3 and parts[0] in ("train", "test") and parts[2].endswith(".json")
    return "/".join(parts) if named and not hub.is_hub_name(file) else None


def level_of(record: Record) -> int | None:
    """3 of 3, "3" or "Level 3"; None of "Level ?", which three problems of the release have."""
    level: Any = record.get("level")
    if isinstance(level, str):
        word = level.removeprefix("Level").strip()
        level = None if word in ("", "?") else int(word) if word.isdigit() else level
    if level is not None and type(level) is not int:
        raise BadRecord(f"level is {record['level']!r}, not a number or 'Level 3'")
    return level


def _boxed(solution: str | None) -> str | None:
    from stepscale.grading import extract_answer

    return None if solution is None else extract_answer(solution)
