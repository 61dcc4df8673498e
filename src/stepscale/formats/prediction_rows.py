"""Answers of other projects' searches, gathered one problem at a time.

In: a problem and the answer, or the verdict, of each strategy and budget. Out: `Tables` with predictions, graded here
where the file gives no verdict. Reads no files.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stepscale.formats import tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, checked
from stepscale.formats.fields import BadRecord
from stepscale.formats.lines import Records
from stepscale.formats.sample_rows import ProblemRow
from stepscale.formats.verdicts import with_verdicts
from stepscale.grading import Rules


class PredictionRow(NamedTuple):
    """A row of the predictions table less its problem. ``is_correct``: the file's verdict; None: to be graded."""

    strategy: str
    budget: int
    answer: str | None
    is_correct: bool | None = None
    tokens: float | None = None


class PredictionRows:
    """Growing tables of problems and predictions.

    Args:
        split: Written to the problems table.
        rules: How answers without a verdict are graded.
    """

    def __init__(self, split: str | None, rules: Rules) -> None:
        self.split, self.rules = split, rules
        self._ids: set[str] = set()
        self._problems = Columns(tables.PROBLEMS, *ProblemRow._fields, "split")
        self._predictions = Columns(tables.PREDICTIONS, "problem_id", *PredictionRow._fields)

    def add(self, problem: ProblemRow, predictions: Sequence[PredictionRow]) -> None:
        """One problem with all that was answered.

        Args:
            problem: The problem.
            predictions: A row per search, budget and draw.

        Raises:
            BadRecord: It was added before, or the row is none (`ProblemRow.checked`).
        """
        if problem.checked().problem_id in self._ids:
            raise BadRecord(f"the problem {problem.problem_id!r:.80} was given before: give the results of one search")
        self._ids.add(problem.problem_id)
        self._problems.row(*problem, self.split)
        self._predictions.rows((problem.problem_id, *prediction) for prediction in predictions)

    def tables(self, records: Records) -> Tables:
        """The tables of all that was added.

        Args:
            records: The records that were read, which count those left out.

        Returns:
            Problems and predictions, checked.

        Raises:
            InputError: As `contract.checked`.
        """
        problems = self._problems.unchecked_frame()
        return checked(
            Tables(
                problems=problems,
                predictions=with_verdicts(self._predictions.unchecked_frame(), problems, self.rules),
                skipped=records.skipped,
                skip_reasons=tuple(records.reasons),
            )
        )
