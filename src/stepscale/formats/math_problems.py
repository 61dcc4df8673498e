r"""MATH (Hendrycks et al. 2021) in its shapes: JSONL as PRM800K's math_splits and MATH-500, and the folder of JSON
files.

    {"problem": ..., "solution": "... $\\boxed{29}$", "answer": "29", "subject": "Algebra",
     "level": 3, "unique_id": "test/algebra/7.json"}
    MATH/train/algebra/7.json: {"problem": ..., "level": "Level 3", "type": "Algebra", "solution": "... \\boxed 2$."}

A missing answer is the content of the solution's last box, and nothing else: a gold answer is never guessed from prose.
It does not split: see `splits`.
"""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

import orjson

from stepscale.formats import hub, tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, checked, problem_key
from stepscale.formats.fields import (
    BadRecord,
    Record,
    checked_id,
    is_absent,
    is_whole,
    maybe_text,
    problem_text,
)
from stepscale.formats.gold_answers import maybe_gold
from stepscale.formats.gold_boxes import last_boxed
from stepscale.formats.known_problems import check_same_gold
from stepscale.formats.lines import OnError, Records
from stepscale.formats.output import lines_path, write_lines
from stepscale.formats.source_files import Source

logger = logging.getLogger(__name__)

_COLUMNS = ("problem_id", "problem", "answer", "solution", "subject", "level", "split")


def read(source: Source, *, on_error: OnError = "raise", split: str | None = None, config: str | None = None) -> Tables:
    """MATH's problems; no solutions of a generator.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        split: Written to the table; of a hub data set it also chooses.
        config: The configuration of a hub data set.

    Returns:
        The problems. problem_id is ``unique_id``, else the place in the folder release (``train/algebra/7.json``,
        whose first part is the split), else a key of the text. Records without ids of their own that repeat a problem are left
        out with a warning.

    Raises:
        InputError: A bad line, such as another gold answer of an earlier text, or a missing or empty source.
    """
    records = Records(source, on_error, split, config)
    rows = Columns(tables.PROBLEMS, *_COLUMNS)
    ids = _ProblemIds()

    def add(record: Record) -> None:
        problem, solution = problem_text(record, "problem"), maybe_text(record, "solution")
        own_id, place = maybe_text(record, "unique_id"), _place(records.file)
        subject, level = maybe_text(record, "subject") or maybe_text(record, "type"), level_of(record)
        answer = maybe_gold(record, "answer") or last_boxed(solution or "")
        problem_id = ids.of_new(problem, answer, own_id, place)
        if problem_id is not None:
            rows.row(problem_id, problem, answer, solution, subject, level, split or (place and place.split("/")[0]))

    records.read_into(add)
    if ids.n_repeated:
        logger.warning("%s: %d records repeat an earlier problem, which is kept once", source, ids.n_repeated)
    return Tables(problems=rows.frame(), skipped=records.skipped, skip_reasons=tuple(records.reasons))


class _ProblemIds:
    """The problem_id of each problem so far, and its gold answer where it has no id of its own."""

    def __init__(self) -> None:
        self._uses: Counter[str] = Counter()  # of a problem_id
        self._golds: dict[tuple[str, str], str | None] = {}
        self.n_repeated = 0

    def of_new(self, problem: str, gold: str | None, own_id: str | None, place: str | None) -> str | None:
        """The id of a problem; None if it has none of its own and an earlier record gives the same text and gold answer.

        Raises:
            BadRecord: An earlier record has the same id of its own, or the same text and another gold answer.
        """
        problem_id = checked_id(own_id or place or problem_key(problem))
        if own_id and self._uses[problem_id]:
            raise BadRecord(f"unique_id {problem_id!r} was given before")
        if not own_id:
            key = (problem_id, problem_key(problem))
            if key in self._golds:
                check_same_gold(gold, self._golds[key])
                self.n_repeated += 1
                return None
            self._golds[key] = gold
        self._uses[problem_id] += 1
        uses = self._uses[problem_id]
        return problem_id if uses == 1 else f"{problem_id}-{uses}"  # another folder has another problem in this place


def write(data: Tables, path: str | Path) -> int:
    """Write the problems as JSONL in the shape of MATH-500; nulls are left out.

    Args:
        data: Tables of which the problems are written.
        path: The file.

    Returns:
        The number of lines.

    Raises:
        InputError: The tables are not as declared, or the file cannot be written.
    """
    path, data = lines_path(path), checked(data)
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
    """3 of 3, "3" or "Level 3"; None of "Level ?", which three problems of the release have.

    Args:
        record: A parsed record.

    Raises:
        BadRecord: The level is not one of these.
    """
    level: Any = None if is_absent(record, "level") else record["level"]
    if isinstance(level, str):
        word = level.removeprefix("Level").strip()
        level = None if word in ("", "?") else int(word) if word.isdecimal() else level
    if type(level) is float and level.is_integer():  # as a column with nulls is written
        level = int(level)
    if level is not None and not is_whole(level):
        raise BadRecord(f"level is {record['level']!r:.60}, not a number or 'Level 3'")
    return level


def level_if_any(record: Record) -> int | None:
    """As ``level_of``; None where the key holds something else, for records that are no MATH problems.

    Args:
        record: A parsed record.
    """
    try:
        return level_of(record)
    except BadRecord:
        return None
