"""PRM800K (Lightman et al. 2023, 2.4 and D; openai/prm800k), phases 1 and 2: records in, tables out.

    {"labeler": ..., "timestamp": ..., "generation": null, "question": {"problem": ..., "ground_truth_answer": ...},
     "label": {"steps": [{"completions": [{"text": ..., "rating": 1, "flagged": false}, ...],
                          "human_completion": null, "chosen_completion": 0}, ...],
               "total_time": 293250, "finish_reason": "solution"}, ...}

One record is one trajectory, the chosen completion of each step (or the labeler's own), plus labelled siblings: later
steps follow the chosen completion only, so no product of the alternatives is ever a solution. A step that was passed
over (nothing chosen, yet more steps follow) adds its completions to the alternatives of the next. ``step_labels.step``
is a position in ``solutions.steps``: a labelled text follows ``steps[:step]``. The last step of a found_error record
has no choice, so the error is a label and not a step. ``is_correct`` is the labeler's verdict (a finished solution, a
found error, else null).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson

from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.formats.checking import Column, Table, collector_paused
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.lines import OnError, Record, Records, Source, maybe_text, text
from stepscale.formats.prm800k_labels import LabelColumns
from stepscale.formats.prm800k_record import Walk, difference, rebuild, walk
from stepscale.formats.prm800k_usual import UsualLines

FILTERS = ("quality_control", "screening", "bad_problem", "give_up")
"""What the paper leaves out of its 800,000 labels (D): quality control and screening questions, and unfinished
records.
"""

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
_ANSWER_HEADING = "# Answer"
_VERDICTS: dict[str | None, bool] = {"solution": True, "found_error": False}

Problem = tuple[str, str | None, str | None]
"""Text, gold answer, reference solution."""


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    drop: Sequence[str] = FILTERS,
    split: str | None = None,
    config: str | None = None,
) -> Tables:
    """PRM800K's tables. `drop` names the records left out of them (``()``: none), by default those the paper leaves
    out.

    Dropped records stay whole in ``.records``, so that writing the tables loses nobody's labels. sample_id counts the
    records of a problem, dropped ones too. Raises InputError for a bad line (`on_error`), an unknown filter, an empty
    file.
    """
    unknown = [name for name in drop if name not in FILTERS]
    if unknown:
        raise InputError(f"prm800k: drop names {unknown[0]!r}; choose among {', '.join(FILTERS)}")
    records = Records(source, on_error, split, config)
    reader = _Reader(frozenset(drop))
    records.quick = reader.add_usual
    with collector_paused():
        records.each(reader.add)
        if not reader.problems:
            raise InputError(
                f"{source}: every record was dropped ({dict(reader.dropped)}); read with drop=() to keep all"
            )
        return reader.tables(records)


class _Reader:
    """The growing tables; a bad record adds to none of them."""

    def __init__(self, drop: frozenset[str]) -> None:
        self.drop = drop
        self.usual = UsualLines()
        self.problems: dict[str, Problem] = {}
        self.samples: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.solutions = Columns(tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "is_correct", "finish")
        self.labels = LabelColumns()
        self.records = Columns(RECORDS, *RECORDS.columns)

    def add(self, record: Record) -> None:
        question, label = record["question"], record["label"]
        problem_id = problem_key(text(question, "problem"))
        sample_id = self.samples[problem_id]
        labeler, finish = maybe_text(record, "labeler"), maybe_text(label, "finish_reason")
        reason = _filter_of(record, finish)
        if reason in self.drop:
            self.records.row(
                problem_id, sample_id, reason, labeler, *_head(record), None, "", *[None] * 3, _json(record)
            )
            self.dropped[str(reason)] += 1
        else:
            walked = walk(label["steps"])
            groups = walked.groups()
            problem = _merged(self.problems.get(problem_id), question)
            side = _side(record, problem, walked, finish)
            self.problems[problem_id] = problem
            self.solutions.row(problem_id, sample_id, groups.trajectory, *_outcome(groups.trajectory, finish))
            self.labels.add(problem_id, sample_id, labeler, groups)
            self.records.row(problem_id, sample_id, None, labeler, *side, None)
        self.samples[problem_id] = sample_id + 1

    def add_usual(self, line: bytes) -> bool:
        """Take a line in the published shape, as `add` would in five times the time; False for any other, which adds
        nothing.
        """
        usual = self.usual.read(line)
        if usual is None:
            return False
        record, question, groups = usual
        label, problem_id = record.label, question.problem_id
        reason = _reason(record.is_initial_screening_question, record.is_quality_control_question, label.finish_reason)
        known = self.problems.get(problem_id)
        if reason in self.drop or (known is not None and known != question.problem):
            return False
        sample_id = self.samples[problem_id]
        self.problems[problem_id] = question.problem
        self.solutions.row(problem_id, sample_id, groups.trajectory, *_outcome(groups.trajectory, label.finish_reason))
        self.labels.add(problem_id, sample_id, record.labeler, groups)
        self.records.row(
            problem_id, sample_id, None, record.labeler, record.timestamp, record.generation,
            record.is_quality_control_question, record.is_initial_screening_question, label.total_time,
            question.keys, question.rest, None, None, None,
        )  # fmt: skip
        self.samples[problem_id] = sample_id + 1
        return True

    def tables(self, records: Records) -> Tables:
        """The frames; what a frame was made from is let go before the next, to keep the peak low."""
        problems = Columns(tables.PROBLEMS, "problem_id", "problem", "answer", "solution")
        self.usual.forget()
        for problem_id in list(self.problems):
            problems.row(problem_id, *self.problems.pop(problem_id))
        return Tables(
            problems=problems.unchecked_frame(),
            solutions=self.solutions.unchecked_frame(),
            step_labels=self.labels.frame(),
            records=self.records.unchecked_frame(),
            skipped=records.skipped,
            skip_reasons=tuple(records.reasons),
            dropped=dict(self.dropped),
        )


def _filter_of(record: Record, finish: str | None) -> str | None:
    return _reason(record.get("is_initial_screening_question"), record.get("is_quality_control_question"), finish)


def _reason(screening: Any, quality_control: Any, finish: str | None) -> str | None:
    """The filter that a record falls under."""
    if screening or quality_control:
        return "screening" if screening else "quality_control"
    return finish if finish in FILTERS else None


def _merged(known: Problem | None, question: Record) -> Problem:
    """The problem as first read; what it left null is taken from this record."""
    if known is not None and known[1] is not None and known[2] is not None:
        return known
    new = (
        question["problem"],
        maybe_text(question, "ground_truth_answer"),
        maybe_text(question, "ground_truth_solution"),
    )
    return new if known is None else (known[0], known[1] or new[1], known[2] or new[2])


def _head(record: Record) -> tuple[str | None, int | None, bool, bool]:
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


def _side(record: Record, problem: Problem, walked: Walk, finish: str | None) -> tuple[Any, ...]:
    """The columns of `RECORDS` from timestamp to details."""
    question, label = record["question"], record["label"]
    head = _head(record)
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
        details = _json(difference(record, made))
    return (*head, time, keys, _json(rest), _json(layout), details)


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


def _json(value: Any) -> bytes | None:
    """UTF-8, as the string columns take it without decoding; None for what is empty."""
    return orjson.dumps(value) if value else None


def _outcome(trajectory: list[str], finish: str | None) -> tuple[str | None, bool | None, str | None]:
    """answer (what the last step gives under its heading), is_correct (the labeler's verdict) and finish."""
    answer = None
    if trajectory and _ANSWER_HEADING in trajectory[-1]:
        answer = trajectory[-1].rpartition(_ANSWER_HEADING)[2].strip() or None
    return answer, _VERDICTS.get(finish), finish
