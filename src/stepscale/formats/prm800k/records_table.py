"""What a PRM800K record holds beyond the tables of all formats: the table ``Tables.records``.

`details_of` takes the values out of a record, `record_of` makes a record of the published shape. It reads no files.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from stepscale.formats.declarations import Column, Table
from stepscale.formats.fields import Record, maybe_flag, maybe_text, maybe_whole

RECORDS = Table(
    "records",
    {
        "problem_id": Column("str"),
        "sample_id": Column("int64", low=0),
        "dropped": Column("str", nullable=True),  # the filter that left the record out of the other tables
        "labeler": Column("str", nullable=True),
        "timestamp": Column("str", nullable=True),
        "generation": Column("Int64", nullable=True),  # null in phase 1; -1 for a screening question
        "is_quality_control_question": Column("bool"),
        "is_initial_screening_question": Column("bool"),
        "total_time": Column("Int64", nullable=True),  # milliseconds
        "question": Column("str", nullable=True),  # JSON: the question less the problem, its answer and its solution
    },
    key=("problem_id", "sample_id"),
)
PROBLEM_KEYS = ("problem", "ground_truth_solution", "ground_truth_answer")


class LabeledProblem(NamedTuple):
    """What a question says about its problem; the reference answer and solution may be unknown."""

    text: str
    answer: str | None
    solution: str | None


class RecordDetails(NamedTuple):
    """The columns of `RECORDS` from ``labeler`` on."""

    labeler: str | None
    timestamp: str | None
    generation: int | None
    is_quality_control_question: bool
    is_initial_screening_question: bool
    total_time: int | None
    question: str | bytes | None


def details_of(record: Record) -> RecordDetails:
    """The values of a record, each of the published type or null.

    Args:
        record: A line of PRM800K.

    Raises:
        BadRecord: One is of another type.
    """
    details = {key: value for key, value in record["question"].items() if key not in PROBLEM_KEYS}
    return RecordDetails(
        maybe_text(record, "labeler"),
        maybe_text(record, "timestamp"),
        maybe_whole(record, "generation"),
        bool(maybe_flag(record, "is_quality_control_question")),
        bool(maybe_flag(record, "is_initial_screening_question")),
        maybe_whole(record["label"], "total_time"),
        orjson.dumps(details) if details else None,  # UTF-8, as the string columns take it without decoding
    )


def record_of(
    details: RecordDetails,
    problem: LabeledProblem,
    steps: list[Record],
    finish: str | None,
    question: Mapping[str, Any],
) -> Record:
    """A record of the published shape and order of keys.

    Args:
        details: Its values; ``details.question`` is not looked at.
        problem: Its problem.
        steps: Its labeled steps.
        finish: Its ``finish_reason``.
        question: The keys of the question beside the problem's.

    Returns:
        The record.
    """
    values = details._asdict()
    of_problem = dict(zip(PROBLEM_KEYS, (problem.text, problem.solution, problem.answer), strict=True))
    return {
        **{key: values[key] for key in RecordDetails._fields[:5]},
        "question": {**of_problem, **question},
        "label": {"steps": steps, "total_time": details.total_time, "finish_reason": finish},
    }
