"""Sampled solutions of problems with their scores, gathered one problem at a time, for all readers of samples.

In: a problem, its samples and their scores. Out: `Tables`. A sample whose file gives no verdict is graded here against
the problem's gold answer. Reads no files.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import pandas as pd

from stepscale.formats import tables
from stepscale.formats.columns import Columns
from stepscale.formats.contract import Tables, checked, warn_of_other_lengths
from stepscale.formats.fields import BadRecord, checked_id, checked_problem
from stepscale.formats.known_problems import KnownProblems
from stepscale.formats.lines import Place, Records
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.formats.verdicts import with_verdicts
from stepscale.grading import Rules, extract_answer


class ProblemRow(NamedTuple):
    """A row of the problems table."""

    problem_id: str
    problem: str
    answer: str | None
    solution: str | None = None
    subject: str | None = None
    level: int | None = None

    def checked(self) -> Self:
        """The row as it is.

        Raises:
            BadRecord: The id is blank, or the text is blank or holds a NUL.
        """
        checked_id(self.problem_id)
        checked_problem(self.problem)
        return self


class SampleRow(NamedTuple):
    """A row of the solutions table less its key. ``is_correct``: the file's verdict; None: to be graded.

    ``finish``: "solution", or "length" where the sample was cut off.
    """

    steps: list[str]
    answer: str | None
    is_correct: bool | None
    generator: str | None = None
    n_tokens: int | None = None
    finish: str = "solution"


class ScoreRow(NamedTuple):
    """A row of the scores table less its problem."""

    sample_id: int
    verifier: str
    negative: list[float]
    reward: float | None = None


def reward_row(sample_id: int, verifier: str, reward: float) -> ScoreRow:
    """The row of a reward of any scale: its one negative score is 1 - sigmoid(reward), whose order is the reward's.

    Args:
        sample_id: Number of the sample.
        verifier: Who gave the reward.
        reward: A finite number.
    """
    small = math.exp(-abs(reward))  # no overflow on either side
    return ScoreRow(sample_id, verifier, [(small if reward > 0 else 1.0) / (1.0 + small)], float(reward))


def _check_verifiers(scores: Sequence[ScoreRow]) -> None:
    """Raises BadRecord if the name of a verifier is blank."""
    if any(not score.verifier.strip() for score in scores):
        raise BadRecord("the name of a verifier is blank")


class SampleRows:
    """Growing tables of problems, samples and scores.

    Args:
        split: Written to the problems table.
        rules: How samples without a verdict are graded.
    """

    def __init__(self, split: str | None, rules: Rules) -> None:
        self.split, self.rules = split, rules
        self._counts: dict[str, int] = {}
        self._known = KnownProblems()
        self._problems = Columns(tables.PROBLEMS, *ProblemRow._fields, "split")
        self._solutions = Columns(tables.SOLUTIONS, "problem_id", "sample_id", *SampleRow._fields)
        self._scores = Columns(tables.SCORES, "problem_id", "sample_id", "verifier", "negative", "reward", "neutral")
        self._scored: dict[tuple[str, str], set[int]] = {}  # by problem and verifier the samples that have scores
        self._early: dict[tuple[str, int], list[Place]] = {}  # scores that came before their samples

    def add(self, problem: ProblemRow, samples: Sequence[SampleRow], scores: Sequence[ScoreRow]) -> None:
        """One problem with all its samples.

        Args:
            problem: The problem.
            samples: Its samples, in their order.
            scores: Their scores, by number of the sample.

        Raises:
            BadRecord: It was added before.
        """
        if problem.problem_id in self._counts:
            raise BadRecord(
                f"the problem {problem.problem_id!r:.80} was given before: all its samples belong in one record"
            )
        self.extend(problem, samples, scores)

    def extend(self, problem: ProblemRow, samples: Sequence[SampleRow], scores: Sequence[ScoreRow] = ()) -> None:
        """Further samples of a problem, numbered after those that it has.

        Args:
            problem: The problem.
            samples: The further samples, in their order.
            scores: Their scores; they count these samples from 0.

        Raises:
            BadRecord: The row is none (`ProblemRow.checked`), the id is that of another problem, or the gold answer is another.
        """
        problem_id = problem.checked().problem_id
        _check_verifiers(scores)
        start = self._counts.get(problem_id, 0)
        scores = [score._replace(sample_id=start + score.sample_id) for score in scores]
        self._check_new(problem_id, scores)
        self._known.check(problem_id, problem.problem, problem.answer)
        if problem_id not in self._counts:
            self._problems.row(*problem, self.split)
        self._counts[problem_id] = start + len(samples)
        self._solutions.rows((problem_id, start + number, *sample) for number, sample in enumerate(samples))
        self._add_scores(problem_id, scores)

    def add_scores(self, problem_id: str, scores: Sequence[ScoreRow], place: Place) -> None:
        """Scores of samples that are added before or after.

        Args:
            problem_id: The problem.
            scores: By number of the sample.
            place: Of the record that gives them.

        Raises:
            BadRecord: The problem's id or the name of a verifier is blank, or such scores were given before.
        """
        checked_id(problem_id)
        _check_verifiers(scores)
        self._check_new(problem_id, scores)
        self._add_scores(problem_id, scores)
        for score in scores:
            if score.sample_id >= self._counts.get(problem_id, 0):
                self._early.setdefault((problem_id, score.sample_id), []).append(place)

    def _check_new(self, problem_id: str, scores: Sequence[ScoreRow]) -> None:
        """Raises BadRecord if a verifier has scored one of these samples before."""
        for score in scores:
            if score.sample_id in self._scored.get((problem_id, score.verifier), ()):
                raise BadRecord(
                    f"the scores of sample {score.sample_id} of problem {problem_id!r:.80} by {score.verifier!r:.60} were "
                    "given before"
                )

    def _add_scores(self, problem_id: str, scores: Sequence[ScoreRow]) -> None:
        for score in scores:
            self._scored.setdefault((problem_id, score.verifier), set()).add(score.sample_id)
        self._scores.rows((problem_id, *score, [0.0] * len(score.negative)) for score in scores)

    def tables(self, records: Records) -> Tables:
        """The tables of all that was added, graded where no verdict was given.

        Args:
            records: The records that were read, which count those left out.

        Returns:
            Problems, solutions and scores, checked.

        Raises:
            InputError: As `contract.checked`, or scores are of a sample that is not there.
        """
        problems, scores = self._problems.unchecked_frame(), self._scores_of_samples(records)
        tables = checked(
            Tables(
                problems=problems,
                solutions=with_verdicts(self._solutions.unchecked_frame(), problems, self.rules),
                scores=scores,
                skipped=records.skipped,
                skip_reasons=tuple(records.reasons),
            )
        )
        warn_of_other_lengths(records.source, tables)
        return tables

    def _scores_of_samples(self, records: Records) -> pd.DataFrame:
        """The scores; records that give some of a sample that is not there are refused, now that all were read."""
        orphans = [key for key in self._early if key[1] >= self._counts.get(key[0], 0)]
        for problem_id, sample_id in orphans:
            n = self._counts.get(problem_id, 0)
            there = "is not there" if not n else "has 1 sample" if n == 1 else f"has {n} samples"
            for place in self._early[problem_id, sample_id]:
                records.refuse(
                    f"scores of sample {sample_id} of problem {problem_id!r:.80}, which {there}", place=place
                )
        scores = self._scores.unchecked_frame()
        if not orphans:
            return scores
        keys = pd.MultiIndex.from_frame(scores[SOLUTION_KEY])
        return scores[~keys.isin(orphans)].reset_index(drop=True)


def paragraphs(text: str) -> list[str]:
    """The steps of a text that are set apart by empty lines; Windows line ends are read as any other.

    Args:
        text: A solution.
    """
    return text.replace("\r\n", "\n").split("\n\n")


def stated_answer(text: str) -> str | None:
    """The answer that a sample's text states, for files that do not name it. Never for a gold answer.

    Args:
        text: A solution.

    Returns:
        The answer; None if it states none.
    """
    return extract_answer(text)
