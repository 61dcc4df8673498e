"""Tables out as PRM800K records, one JSON line each: what was read comes out with the same meaning.

A solution with a row in ``tables.records`` becomes the record it was, with its labels as they now stand. One without
(labeled here) becomes a phase 2 record. It has the whole solution as ``pre_generated_steps``, and labels up to and including
the first step rated -1, which has no chosen completion, as in the published found_error records. Reading what was
written gives the same tables. Dropped records, unknown keys and soft labels (``value``) are not written.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pandas as pd

from stepscale.formats.contract import Tables, checked
from stepscale.formats.fields import Record
from stepscale.formats.output import lines_path, write_lines
from stepscale.formats.prm800k.reading import FILTERS
from stepscale.formats.prm800k.records_table import LabeledProblem, RecordDetails, record_of

Key = tuple[str, int]

_UNFINISHED = FILTERS[2:]


class _Label(NamedTuple):
    """One labeled completion: a row of step_labels without its solution's key."""

    step: int
    completion: int
    text: str
    rating: int | None
    is_chosen: bool
    source: str | None
    flagged: bool | None


class _Solution(NamedTuple):
    """A row of solutions without its key."""

    steps: list[str]
    answer: str | None
    finish: str | None


def write(
    tables: Tables,
    path: str | Path,
    *,
    generations: Mapping[Key, int] | None = None,
    verifier_scores: Mapping[Key, float] | None = None,
) -> int:
    """Write a JSONL file (gzipped if the name ends in .gz), one record per solution and labeler.

    Args:
        tables: Problems, solutions, step_labels and, if they were read from PRM800K, records.
        path: The file.
        generations: The round in which a solution labeled here was labeled, by (problem_id, sample_id); else 0.
        verifier_scores: How much it convinced the selector, likewise; else null.

    Returns:
        The number of records.

    Raises:
        InputError: The tables are not as declared or do not belong together, or nothing is labeled.
    """
    path = lines_path(path)
    records = _records(checked(tables), generations or {}, verifier_scores or {})
    return write_lines(path, map(orjson.dumps, records))


def _records(tables: Tables, generations: Mapping[Key, int], verifier_scores: Mapping[Key, float]) -> Iterator[Record]:
    # 1. the tables by key
    columns = ["problem_id", "problem", "answer", "solution"]
    problems = {problem_id: LabeledProblem(*values) for problem_id, *values in _rows(tables.problems, columns)}
    columns = ["problem_id", "sample_id", *_Solution._fields]
    solutions: dict[Key, _Solution] = {
        (problem_id, sample_id): _Solution(*values)
        for problem_id, sample_id, *values in _rows(tables.solutions, columns)
    }
    labels = _labels_of(tables.step_labels)
    # 2. records that were read, in their order
    columns = ["problem_id", "sample_id", *RecordDetails._fields]
    for problem_id, sample_id, *values in [] if tables.records is None else _rows(tables.records, columns):
        key, details = (problem_id, sample_id), RecordDetails(*values)
        if key in solutions:
            of_record = [label for group in labels.pop(key, {}).values() for label in group]
            question = {} if details.question is None else orjson.loads(details.question)
            finish = solutions.pop(key).finish
            yield record_of(details, problems[problem_id], _steps_of(of_record), finish, question)
    # 3. solutions labeled here
    for key, solution in solutions.items():
        for labeler, group in labels.get(key, {}).items():
            details = RecordDetails(labeler, None, generations.get(key, 0), False, False, None, None)
            yield _made_here(problems[key[0]], solution, group, details, verifier_scores.get(key))


def _made_here(
    problem: LabeledProblem, solution: _Solution, labels: list[_Label], details: RecordDetails, score: float | None
) -> Record:
    """A phase 2 record of a solution labeled here."""
    finish = solution.finish
    wrong = next((label.step for label in labels if label.is_chosen and label.rating == -1), None)
    if wrong is not None:
        labels = [label._replace(is_chosen=label.step < wrong and label.is_chosen) for label in labels]
        labels = [label for label in labels if label.step <= wrong]
        finish = "found_error"
    elif finish == "found_error" and any(label.rating == -1 and label.step >= len(solution.steps) for label in labels):
        pass  # as in the published records: the error comes after the chosen steps and is a label alone
    elif finish not in _UNFINISHED:
        judged = {
            label.step for label in labels if label.is_chosen and (label.rating is not None or label.source == "human")
        }
        finish = "solution" if finish != "length" and judged >= set(range(len(solution.steps))) else "give_up"
    generated = {
        "pre_generated_steps": list(solution.steps),
        "pre_generated_answer": solution.answer,
        "pre_generated_verifier_score": score,
    }
    labels = [label._replace(flagged=bool(label.flagged)) for label in labels]
    return record_of(details, problem, _steps_of(labels), finish, generated)


def _steps_of(labels: Sequence[_Label]) -> list[Record]:
    """The steps of a record, one per position that has labels; ``labels`` are in order of step and completion."""
    steps = []
    for _, group in groupby(labels, key=attrgetter("step")):
        rows = list(group)
        human = rows.pop() if rows[-1].source == "human" else None
        steps.append(
            {
                "completions": [{"text": row.text, "rating": row.rating, "flagged": row.flagged} for row in rows]
                or None,
                "human_completion": None
                if human is None
                else {"text": human.text, "rating": human.rating, "source": "human", "flagged": human.flagged},
                "chosen_completion": next((index for index, row in enumerate(rows) if row.is_chosen), None),
            }
        )
    return steps


def _labels_of(step_labels: pd.DataFrame) -> dict[Key, dict[str | None, list[_Label]]]:
    """The labels of each solution by labeler, in order of step and completion."""
    frame = step_labels.sort_values(["step", "completion"], kind="stable")
    columns = ["problem_id", "sample_id", "labeler", *_Label._fields]
    labels: dict[Key, dict[str | None, list[_Label]]] = {}
    for problem_id, sample_id, labeler, *values in _rows(frame, columns):
        labels.setdefault((problem_id, sample_id), {}).setdefault(labeler, []).append(_Label(*values))
    return labels


def _rows(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows as tuples of Python values, None for nulls and for columns that the frame lacks."""
    lists = [
        [None] * len(frame)
        if name not in frame
        else frame[name].astype(object).where(frame[name].notna(), None).tolist()
        for name in columns
    ]
    return zip(*lists, strict=True)
