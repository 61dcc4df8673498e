"""What a PRM800K record holds beyond the declared tables, kept beside them so that it can be written back whole.

In: a record (and what `walk` found in it). Out: its row of the `RECORDS` table; and, the other way, `record_of`: a record in the
published shape from its parts. It reads and writes no files.
"""

from typing import Any

import orjson

from stepscale.formats.checking import Column, Table
from stepscale.formats.lines import Record
from stepscale.formats.prm800k.record import Walk, difference, rebuild

Problem = tuple[str, str | None, str | None]
"""Text, gold answer, reference solution."""

RECORDS = Table(
    "records",
    {
        "problem_id": Column("str"),
        "sample_id": Column("int64", low=0),
        "dropped": Column("str", nullable=True),  # the filter that kept the record out of the other tables
        "labeler": Column("str", nullable=True),
        "timestamp": Column("str", nullable=True),
        "generation": Column("Int64", nullable=True),  # null in phase 1; -1 for a screening question
        "is_quality_control_question": Column("bool"),
        "is_initial_screening_question": Column("bool"),
        "total_time": Column("Int64", nullable=True),  # milliseconds
        "question_keys": Column("str"),  # those of the record's question that the problems table holds, in order
        "question": Column("str", nullable=True),  # JSON: what the problems table does not say of the question
        "layout": Column("str", nullable=True),  # JSON `Layout`, where a step was passed over or is empty
        "details": Column("str", nullable=True),  # JSON `difference`, where the record is unlike the published ones
        "verbatim": Column("str", nullable=True),  # JSON: the whole record, if it was dropped
    },
    key=("problem_id", "sample_id"),
)
FLAGS = ("is_quality_control_question", "is_initial_screening_question")
_RECORD_KEYS = {"labeler", "timestamp", "generation", *FLAGS, "question", "label"}
_LABEL_KEYS = {"steps", "total_time", "finish_reason"}
_FROM_PROBLEMS = {"problem": 0, "ground_truth_answer": 1, "ground_truth_solution": 2}


def head_of(record: Record) -> tuple[str | None, int | None, bool, bool]:
    """timestamp, generation and the two flags; of another type than published, null or False (`details` then has
    them).
    """
    generation = record.get("generation")
    timestamp = record.get("timestamp")
    return (
        timestamp if type(timestamp) is str else None,
        generation if type(generation) is int else None,
        record.get(FLAGS[0]) is True,
        record.get(FLAGS[1]) is True,
    )


def side_of(record: Record, problem: Problem, walked: Walk, finish: str | None) -> tuple[Any, ...]:
    """The columns of `RECORDS` from timestamp to details."""
    question, label = record["question"], record["label"]
    head = head_of(record)
    time = label.get("total_time")
    time = time if type(time) is int else None
    # a null is noted even where the problems table agrees: a later record may fill that one
    rest = {
        key: value
        for key, value in question.items()
        if key not in _FROM_PROBLEMS or value is None or value != problem[_FROM_PROBLEMS[key]]
    }
    keys, layout = ",".join(key for key in question if key in _FROM_PROBLEMS), None if walked.regular else walked.layout
    usual = (
        walked.usual
        and record.keys() == _RECORD_KEYS
        and label.keys() == _LABEL_KEYS
        and time == label["total_time"]
        and head == (record["timestamp"], record["generation"], record[FLAGS[0]], record[FLAGS[1]])
    )
    details = None
    if not usual:
        steps = rebuild(walked.labels, layout)
        made = record_of(record.get("labeler"), head, (keys, rest), problem, steps, time, finish)
        details = as_json(difference(record, made))
    return (*head, time, keys, as_json(rest), as_json(layout), details)


def record_of(
    labeler: str | None,
    head: tuple[str | None, int | None, bool, bool],
    question: tuple[str, Record],
    problem: Problem,
    steps: list[Record],
    total_time: int | None,
    finish: str | None,
) -> Record:
    """A record in the published shape and order of keys; `question` is its keys that the problems table holds, and the
    rest.
    """
    keys, rest = question
    known = dict(zip(_FROM_PROBLEMS, problem, strict=True))
    return {
        "labeler": labeler,
        "timestamp": head[0],
        "generation": head[1],
        FLAGS[0]: head[2],
        FLAGS[1]: head[3],
        "question": {**{key: known[key] for key in keys.split(",") if key}, **rest},
        "label": {"steps": steps, "total_time": total_time, "finish_reason": finish},
    }


def as_json(value: Any) -> bytes | None:
    """UTF-8, as the string columns take it without decoding; None for what is empty."""
    return orjson.dumps(value) if value else None
