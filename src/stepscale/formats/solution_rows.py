"""Solutions with step labels, gathered one at a time: what ProcessBench, PRMBench, Math-Shepherd and TRL files share.

In: a problem, its steps and their ratings. Out: `Tables` whose problems are keyed by text; the samples of a problem are
numbered in file order. It does not know the files.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import pandas as pd

from stepscale.formats import tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, problem_key
from stepscale.formats.fields import Record
from stepscale.formats.known_problems import known_gold
from stepscale.formats.lines import OnError, Records
from stepscale.formats.source_files import Source


class SolutionRows:
    """Growing tables of labeled solutions, each step with the one completion that was taken.

    Args:
        labeler: Name in the labels table; None: the column says nothing.
    """

    def __init__(self, labeler: str | None = None) -> None:
        self.labeler = labeler
        self._problems: dict[str, tuple[str, str | None, str | None]] = {}
        self._samples: Counter[str] = Counter()
        self._solutions = Columns(
            tables.SOLUTIONS, "problem_id", "sample_id", "steps", "answer", "is_correct", "finish", "generator"
        )
        self._classes: list[str | None] = []
        self._labels = Columns(
            tables.STEP_LABELS,
            *("problem_id", "sample_id", "step", "completion", "text", "rating", "value", "is_chosen", "labeler"),
        )

    def add(
        self,
        problem: str,
        steps: list[str],
        ratings: Sequence[int | None],
        *,
        values: Sequence[float | None] | None = None,
        gold: str | None = None,
        subject: str | None = None,
        answer: str | None = None,
        is_correct: bool | None = None,
        generator: str | None = None,
        classification: str | None = None,
    ) -> None:
        """Add one solution.

        Args:
            problem: Its problem's text.
            steps: Its steps.
            ratings: -1, 0, 1 or None for each of the first steps; the steps after them have no label.
            values: Soft labels in [0, 1], as many as ratings.
            gold: The reference answer.
            subject: Of the problem.
            answer: The solution's own.
            is_correct: Whether that is right.
            generator: Who wrote the solution.
            classification: What was made wrong in it, of PRMBench alone; a column where any has one.

        Raises:
            BadRecord: An earlier solution of the problem has another reference answer.
        """
        problem_id = problem_key(problem)
        first, earlier, first_subject = self._problems.get(problem_id, (problem, gold, subject))
        self._problems[problem_id] = (first, known_gold(gold, earlier), first_subject)
        sample_id = self._samples[problem_id]
        self._samples[problem_id] += 1
        self._solutions.row(problem_id, sample_id, steps, answer, is_correct, "solution", generator)
        self._classes.append(classification)
        soft = [None] * len(ratings) if values is None else values
        self._labels.rows(
            (problem_id, sample_id, step, 0, steps[step], rating, value, True, self.labeler)
            for step, (rating, value) in enumerate(zip(ratings, soft, strict=True))
        )

    def tables(self, records: Records, split: str | None = None) -> Tables:
        """The tables of all solutions added.

        Args:
            records: The records that were read, which count those left out.
            split: Name of the split of all problems.

        Returns:
            Problems, solutions and their labels.
        """
        problems = Columns(tables.PROBLEMS, "problem_id", "problem", "answer", "subject", "split")
        problems.rows((key, *problem, split) for key, problem in self._problems.items())
        solutions = self._solutions.frame()
        if any(self._classes):
            solutions = solutions.assign(classification=pd.Series(self._classes, dtype="str"))
        return Tables(
            problems=problems.frame(),
            solutions=solutions,
            step_labels=self._labels.frame(),
            skipped=records.skipped,
            skip_reasons=tuple(records.reasons),
        )


class SolutionReader(Protocol):
    """``read`` of a format whose records are solutions with step labels."""

    def __call__(
        self, source: Source, *, on_error: OnError = "raise", split: str | None = None, config: str | None = None
    ) -> Tables:
        """The tables of a source.

        Args:
            source: Files, folders or hub data sets.
            on_error: "raise" or "skip" a bad line.
            split: The split of a hub data set; it is also written to the table, unless the format says otherwise.
            config: The configuration of a hub data set.

        Returns:
            The checked tables.

        Raises:
            InputError: A bad line, or a missing or empty source.
        """


def solution_reader(
    labeler: str, add: Callable[[SolutionRows, Record], None], *, has_splits: bool = True
) -> SolutionReader:
    """The format's ``read``, from what it does with one record.

    Args:
        labeler: Of the steps, in the table.
        add: Adds one record's solution to the rows, or raises BadRecord.
        has_splits: Whether a hub data set's split is a split of the problems.
    """

    def read(
        source: Source, *, on_error: OnError = "raise", split: str | None = None, config: str | None = None
    ) -> Tables:
        records = Records(source, on_error, split, config)
        rows = SolutionRows(labeler)
        records.read_into(partial(add, rows))
        return rows.tables(records, split if has_splits else None)

    return read
