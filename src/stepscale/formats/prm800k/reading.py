"""PRM800K (Lightman et al. 2023, 2.4 and D; openai/prm800k), phases 1 and 2: records in, tables out.

    {"labeler": ..., "timestamp": ..., "generation": null, "question": {"problem": ..., "ground_truth_answer": ...},
     "label": {"steps": [{"completions": [{"text": ..., "rating": 1, "flagged": false}, ...],
                          "human_completion": null, "chosen_completion": 0}, ...],
               "total_time": 293250, "finish_reason": "solution"}, ...}

One record is one trajectory (`walk`) and its labeled siblings. ``step_labels.step`` is a position in
``solutions.steps``: a labeled text follows ``steps[:step]``. The last step of a found_error record has no choice, so
the error is a label and not a step. ``is_correct`` is the labeler's verdict (a finished solution, a found error, else
null).
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal, get_args

from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.formats.checking import collector_paused
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import BadRecord, Record, maybe_text, problem_text, required
from stepscale.formats.gold_answers import maybe_gold
from stepscale.formats.known_problems import known_gold
from stepscale.formats.lines import BAD_VALUES, OnError, Records, bad_record
from stepscale.formats.prm800k.labels import LabelColumns
from stepscale.formats.prm800k.records_table import RECORDS, LabeledProblem, RecordDetails, details_of
from stepscale.formats.prm800k.walk import walk
from stepscale.formats.source_files import Source
from stepscale.grading import extract_answer
from stepscale.grading.boxes import BOX

Filter = Literal["quality_control", "screening", "bad_problem", "give_up"]
FILTERS: tuple[Filter, ...] = get_args(Filter)
"""What the paper leaves out of its 800,000 labels (D): quality control, screening, and unfinished records."""

_ANSWER_HEADING = "# Answer"
_LINE_END = re.compile(r"[ \t]*\r?\n")
_ANY_HEADING = re.compile(  # as people and other models spell it
    r"(?:^[^\S\n]*|(?<=[^\S\n])(?=(?-i:# Answer)))#+[^\S\n]*[*_]{0,2}"
    r"(?:(?:the|my|your|final)[^\S\n]+){0,2}answers?\b(?P<marks>[ \t\r\u00a0.:;!*_#-]*$)?",
    re.IGNORECASE | re.MULTILINE,
)
_VERDICTS: dict[str | None, bool] = {"solution": True, "found_error": False}
_FINISHES = ("solution", "found_error", "bad_problem", "give_up")


def read(
    source: Source,
    *,
    on_error: OnError = "raise",
    drop: Sequence[Filter] = FILTERS,
    split: str | None = None,
    config: str | None = None,
) -> Tables:
    """PRM800K's tables.

    Args:
        source: Files, folders or hub data sets.
        on_error: "raise" or "skip" a bad line.
        drop: The filters whose records are left out (``()``: none), by default those of the paper.
        split: The split of a hub data set.
        config: The configuration of a hub data set.

    Returns:
        The tables. ``.records`` has a row per record, dropped ones too; a ``sample_id`` counts the records of a
        problem, dropped ones too.

    Raises:
        InputError: A bad line, an unknown filter, a file without records, or with dropped ones only.
    """
    records = Records(source, on_error, split, config)
    reader = _RecordReader(frozenset(drop))
    with collector_paused():
        records.read_into(reader.add)
        if not reader.problems:
            counts = dict(reader.dropped)
            raise InputError(f"{source}: every record was dropped ({counts}); read with drop=() to keep all")
        return reader.tables(records)


def check_record(record: Record) -> None:
    """Refuse a record that `read` refuses. One that would be dropped is checked as a whole too.

    Args:
        record: A value of a file.

    Raises:
        BadRecord: It is not what the format says; the key is named.
    """
    try:
        json.dumps(record, ensure_ascii=False).encode()  # half a surrogate pair is in no table
        _RecordReader(frozenset()).add(record)
    except BAD_VALUES as error:
        raise bad_record(error) from None


class _RecordReader:
    """The growing tables; a bad record adds to none of them."""

    def __init__(self, drop: frozenset[str]) -> None:
        self.drop = drop
        self.problems: dict[str, LabeledProblem] = {}
        self.samples: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.solutions = Columns(tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "is_correct", "finish")
        self.labels = LabelColumns()
        self.records = Columns(RECORDS, *RECORDS.columns)

    def add(self, record: Record) -> None:
        """Add one record to the tables, or count it where its filter drops it.

        Args:
            record: A line of the file.

        Raises:
            BadRecord: It is not what the format says.
        """
        question, label = required(record, "question"), required(record, "label")
        problem_id = problem_key(problem_text(question, "problem"))
        sample_id = self.samples[problem_id]
        if type(label) is not dict:
            raise BadRecord(f"'label' is not of the expected type ({type(label).__name__}, not a JSON object)")
        finish = maybe_text(label, "finish_reason")
        if finish is not None and finish not in _FINISHES:
            raise BadRecord(f"'finish_reason' is {finish!r:.60}, none of {', '.join(_FINISHES)} or null")
        details = details_of(record)
        reason = _filter_of(details, finish)
        if reason in self.drop:
            self.records.row(problem_id, sample_id, reason, *details._replace(question=None))
            self.dropped[str(reason)] += 1
        else:
            steps = required(label, "steps")
            if type(steps) is not list:
                raise BadRecord(f"'steps' is {type(steps).__name__} where a list is needed")
            walked = walk(steps)
            self.problems[problem_id] = _merged(self.problems.get(problem_id), question)
            self.solutions.row(problem_id, sample_id, walked.trajectory, *_outcome(walked.trajectory, finish))
            self.labels.add(problem_id, sample_id, details.labeler, walked)
            self.records.row(problem_id, sample_id, None, *details)
        self.samples[problem_id] = sample_id + 1

    def tables(self, records: Records) -> Tables:
        """The frames of all records that were added. It ends the reader.

        What a frame was made from is let go before the next, to keep the peak low.

        Args:
            records: The lines that were read; they know which were skipped, and why.
        """
        problems = Columns(tables.PROBLEMS, "problem_id", "problem", "answer", "solution")
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


def _filter_of(details: RecordDetails, finish: str | None) -> str | None:
    """The filter that a record falls under."""
    if details.is_initial_screening_question:
        return "screening"
    if details.is_quality_control_question:
        return "quality_control"
    return finish if finish in FILTERS else None


def _merged(first: LabeledProblem | None, question: Record) -> LabeledProblem:
    """The problem as first read; what it left null is taken from this record. Raises BadRecord of another answer."""
    answer, solution = maybe_gold(question, "ground_truth_answer"), maybe_text(question, "ground_truth_solution")
    if first is None:
        return LabeledProblem(question["problem"], answer, solution)
    return LabeledProblem(first.text, known_gold(answer, first.answer), first.solution or solution)


def _outcome(trajectory: list[str], finish: str | None) -> tuple[str | None, bool | None, str | None]:
    """answer (what the last step gives under its heading), is_correct (the labeler's verdict) and finish."""
    answer = _answer(trajectory[-1]) if trajectory else None
    return answer, _VERDICTS.get(finish), finish


def _answer(last_step: str) -> str | None:
    """What stands below the published heading, as it is. A box there, or another heading, is read as the grader reads it."""
    _, heading, below = last_step.rpartition(_ANSWER_HEADING)
    if heading and _LINE_END.match(below) and BOX.search(below) is None:
        return below.strip() or None
    headings = list(_ANY_HEADING.finditer(last_step))
    if not headings:
        return None
    last = headings[-1]
    alone = last["marks"] is not None  # "# Answer." is a heading, whatever marks it ends with
    return extract_answer(f"{_ANSWER_HEADING}{last_step[last.end() :]}" if alone else last_step[last.start() :])
