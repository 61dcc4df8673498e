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

from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.formats.checking import collector_paused
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.lines import OnError, Record, Records, Source, maybe_text, text
from stepscale.formats.prm800k.labels import LabelColumns
from stepscale.formats.prm800k.record import walk
from stepscale.formats.prm800k.side import RECORDS, Problem, as_json, head_of, side_of
from stepscale.formats.prm800k.usual import UsualLines

FILTERS = ("quality_control", "screening", "bad_problem", "give_up")
"""What the paper leaves out of its 800,000 labels (D): quality control and screening questions, and unfinished
records.
"""

_ANSWER_HEADING = "# Answer"
_VERDICTS: dict[str | None, bool] = {"solution": True, "found_error": False}


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
        self.samples: dict[str, int] = {}
        self.dropped: Counter[str] = Counter()
        self.solutions = Columns(tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "is_correct", "finish")
        self.labels = LabelColumns()
        self.records = Columns(RECORDS, *RECORDS.columns)

    def add(self, record: Record) -> None:
        question, label = record["question"], record["label"]
        problem_id = problem_key(text(question, "problem"))
        sample_id = self.samples.get(problem_id, 0)
        labeler, finish = maybe_text(record, "labeler"), maybe_text(label, "finish_reason")
        reason = _filter_of(record, finish)
        if reason in self.drop:
            self.records.row(
                problem_id, sample_id, reason, labeler, *head_of(record), None, "", *[None] * 3, as_json(record)
            )
            self.dropped[str(reason)] += 1
        else:
            walked = walk(label["steps"])
            groups = walked.groups()
            problem = _merged(self.problems.get(problem_id), question)
            side = side_of(record, problem, walked, finish)
            self.problems[problem_id] = problem
            self.solutions.row(problem_id, sample_id, groups.trajectory, *_outcome(groups.trajectory, finish))
            self.labels.add(problem_id, sample_id, labeler, groups)
            self.records.row(problem_id, sample_id, None, labeler, *side, None)
        self.samples[problem_id] = sample_id + 1

    def add_usual(self, line: bytes) -> bool:
        """Take a line in the published shape, as `add` would in five times the time; False for any other, which adds nothing."""
        usual = self.usual.read(line)
        if usual is None:
            return False
        record, question, rest, groups = usual
        label, problem_id = record.label, question.problem_id
        reason = _reason(record.is_initial_screening_question, record.is_quality_control_question, label.finish_reason)
        known = self.problems.get(problem_id)
        if known is not None and known != question.problem:
            return False
        sample_id = self.samples.get(problem_id, 0)
        side = (
            record.labeler,
            record.timestamp,
            record.generation,
            record.is_quality_control_question,
            record.is_initial_screening_question,
        )
        if reason in self.drop:
            self.records.row(problem_id, sample_id, reason, *side, None, "", None, None, None, line.strip())
            self.dropped[str(reason)] += 1
        else:
            self.problems[problem_id] = question.problem
            outcome = _outcome(groups.trajectory, label.finish_reason)
            self.solutions.row(problem_id, sample_id, groups.trajectory, *outcome)
            self.labels.add(problem_id, sample_id, record.labeler, groups)
            question_side = (label.total_time, question.keys, rest)
            self.records.row(problem_id, sample_id, None, *side, *question_side, None, None, None)
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


def _outcome(trajectory: list[str], finish: str | None) -> tuple[str | None, bool | None, str | None]:
    """answer (what the last step gives under its heading), is_correct (the labeler's verdict) and finish."""
    answer = None
    if trajectory and _ANSWER_HEADING in trajectory[-1]:
        answer = trajectory[-1].rpartition(_ANSWER_HEADING)[2].strip() or None
    return answer, _VERDICTS.get(finish), finish
