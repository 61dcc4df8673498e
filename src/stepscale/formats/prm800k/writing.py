"""Tables out as PRM800K records, one JSON line each: what was read comes out equal, what was labelled here in phase 2's
shape.

A solution with a row in ``tables.records`` becomes the record it was, with its labels as they now stand. One without
(labelled here) becomes a phase 2 record: the whole solution as ``pre_generated_steps``, and labels up to and including
the first step rated -1, which has no chosen completion, as in the published found_error records. One record a solution
and labeler. Soft labels (``value``) have no place in this format and are not written.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.contract import Tables
from stepscale.formats.lines import Record
from stepscale.formats.output import write_lines
from stepscale.formats.prm800k.reading import FILTERS
from stepscale.formats.prm800k.record import Label, patched, rebuild
from stepscale.formats.prm800k.side import RECORDS, Problem, record_of

Key = tuple[str, int]

_LABEL_COLUMNS = ["step", "completion", "text", "rating", "is_chosen", "source", "flagged"]
_UNFINISHED = FILTERS[2:]
_QUESTION_KEYS = "problem,ground_truth_solution,ground_truth_answer"


def write(
    tables: Tables,
    path: str | Path,
    *,
    generations: Mapping[Key, int] | None = None,
    verifier_scores: Mapping[Key, float] | None = None,
) -> int:
    """Write a JSONL file (gzipped if the name ends in .gz); returns the number of records.

    ``generations``: the round in which a solution labelled here was labelled, 0 unless given; ``verifier_scores``: by how
    much it convinced the selector. Both by (problem_id, sample_id).
    Dropped records that the reader kept whole are written as well: ``dataclasses.replace(tables, records=...)`` without
    them leaves them out. Raises InputError if a labelled solution has no row in solutions or problems.
    """
    found = _records(tables, generations or {}, verifier_scores or {})
    return write_lines(path, (orjson.dumps(record) for record in found))


def _records(tables: Tables, generations: Mapping[Key, int], verifier_scores: Mapping[Key, float]) -> Iterator[Record]:
    problems = {
        row[0]: (row[1], row[2], row[3])
        for row in _rows(tables.problems, ["problem_id", "problem", "answer", "solution"])
    }
    solutions = {
        (row[0], row[1]): row[2:]
        for row in _rows(tables.solutions, ["problem_id", "sample_id", "steps", "answer", "finish"])
    }
    labels = _labels_of(tables.step_labels)
    _no_orphans(problems, solutions, labels)
    for row in [] if tables.records is None else _rows(tables.records, list(RECORDS.columns)):
        side = dict(zip(RECORDS.columns, row, strict=True))
        key = (side["problem_id"], side["sample_id"])
        if side["verbatim"] is not None:
            yield orjson.loads(side["verbatim"])
        elif key in solutions:
            own = [label for group in labels.pop(key, {}).values() for label in group]
            yield _as_read(side, problems[key[0]], own, solutions[key][2])
            del solutions[key]
    for key, (steps, answer, finish) in solutions.items():
        about = (generations.get(key, 0), verifier_scores.get(key))
        for labeler, group in labels.get(key, {}).items():
            yield _made_here(problems[key[0]], list(steps), answer, finish, labeler, group, about)


def _as_read(side: dict[str, Any], problem: Problem, labels: Sequence[Label], finish: str | None) -> Record:
    head = (
        side["timestamp"],
        side["generation"],
        side["is_quality_control_question"],
        side["is_initial_screening_question"],
    )
    layout = None if side["layout"] is None else orjson.loads(side["layout"])
    question = (side["question_keys"], {} if side["question"] is None else orjson.loads(side["question"]))
    steps = rebuild(labels, layout)
    record = record_of(side["labeler"], head, question, problem, steps, side["total_time"], finish)
    return record if side["details"] is None else patched(record, orjson.loads(side["details"]))


def _made_here(
    problem: Problem,
    steps: list[str],
    answer: str | None,
    finish: str | None,
    labeler: str | None,
    labels: Sequence[Label],
    about: tuple[int, float | None],
) -> Record:
    """A phase 2 record of a solution labelled here; ``about``: its generation and its score."""
    wrong = next((label.step for label in labels if label.is_chosen and label.rating == -1), None)
    if wrong is not None:
        kept = [label for label in labels if label.step < wrong]
        labels = [*kept, *(label._replace(is_chosen=False) for label in labels if label.step == wrong)]
        finish = "found_error"
    elif finish == "found_error" and any(label.rating == -1 and label.step >= len(steps) for label in labels):
        pass  # as in the published records: the error comes after the chosen steps and is a label alone
    elif finish not in _UNFINISHED:
        judged = {
            label.step for label in labels if label.is_chosen and (label.rating is not None or label.source == "human")
        }
        finish = "solution" if finish != "length" and judged >= set(range(len(steps))) else "give_up"
    labels = [label._replace(flagged=bool(label.flagged)) for label in labels]
    generated = {"pre_generated_steps": steps, "pre_generated_answer": answer, "pre_generated_verifier_score": about[1]}
    head = (None, about[0], False, False)
    return record_of(labeler, head, (_QUESTION_KEYS, generated), problem, rebuild(labels, None), None, finish)


def _labels_of(step_labels: pd.DataFrame) -> dict[Key, dict[str | None, list[Label]]]:
    """The labels of each solution by labeler, in order of step and completion."""
    frame = step_labels.sort_values(["step", "completion"], kind="stable")
    found: dict[Key, dict[str | None, list[Label]]] = {}
    for problem_id, sample_id, labeler, *rest in _rows(frame, ["problem_id", "sample_id", "labeler", *_LABEL_COLUMNS]):
        found.setdefault((problem_id, sample_id), {}).setdefault(labeler, []).append(Label(*rest))
    return found


def _rows(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Rows as tuples of Python values, None for nulls and for columns that the frame lacks."""
    lists = [
        [None] * len(frame)
        if name not in frame
        else frame[name].astype(object).where(frame[name].notna(), None).tolist()
        for name in columns
    ]
    return zip(*lists, strict=True)


def _no_orphans(problems: dict[str, Any], solutions: dict[Key, Any], labels: dict[Key, Any]) -> None:
    for key in labels:
        if key not in solutions:
            raise InputError(f"step_labels: {key} has no row in solutions; write the tables of one data set together")
    for key in solutions:
        if key[0] not in problems:
            raise InputError(f"solutions: problem_id {key[0]!r} has no row in problems; write the tables together")
