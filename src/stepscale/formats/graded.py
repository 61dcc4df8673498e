"""Samples with their answers and verdicts filled in where they can be, and how many still lack one.

In: the problems and solutions of a file. Out: the same solutions; the shares without an answer or a verdict, which are
reported wherever the samples are measured, because such samples count as wrong.
"""

import logging
from typing import NamedTuple

import pandas as pd

from stepscale.grading import Rules, extract_answer, grade_many

NOTABLE = 0.05
"""Share of samples without an answer or a verdict above which a warning is due."""

UNFINISHED = ("length", "rounds", "rejected", "max_tokens", "model_length", "content_filter", "abort")
"""Words for ``finish`` that say that a solution did not end by itself: ours, and those of servers and evaluators."""

logger = logging.getLogger(__name__)


class AbsentShares(NamedTuple):
    """Shares of the samples that have no answer, and no verdict."""

    without_answer: float
    without_verdict: float

    @property
    def is_notable(self) -> bool:
        """Whether either is above ``NOTABLE``."""
        return max(self) > NOTABLE

    def __str__(self) -> str:
        return (
            f"{100 * self.without_answer:.1f} % of the samples are without an answer and {100 * self.without_verdict:.1f} % "
            "without a verdict; they count as wrong"
        )


def graded(problems: pd.DataFrame, solutions: pd.DataFrame, rules: Rules = "prm800k") -> pd.DataFrame:
    """Solutions with ``answer`` and ``is_correct`` filled in where they can be.

    Where no solution has an answer, answers are extracted from the texts. A blank answer counts as no answer, and a solution
    that did not end by itself has none. An answer without a verdict is graded against the problem's answer, if that is known.

    Args:
        problems: Table with problem_id and answer.
        solutions: Table with problem_id, steps, answer, is_correct and finish.
        rules: Grading rules.

    Returns:
        The same rows; ``is_correct`` is null where there is neither a verdict nor a gold answer.
    """
    answer, verdict = without_blanks(solutions["answer"]), solutions["is_correct"].astype("boolean")
    cut = solutions["finish"].isin(UNFINISHED).to_numpy(bool)
    if answer.isna().all():
        texts = zip(solutions["steps"], cut, strict=True)
        extracted = [None if is_cut else extract_answer("\n".join(steps)) for steps, is_cut in texts]
        answer = pd.Series(extracted, solutions.index, object)
    answer = answer.mask(cut | answer.isna().to_numpy(bool), None)
    gold = solutions["problem_id"].map(without_blanks(problems.set_index("problem_id")["answer"]))
    verdict = verdict.mask(cut, False)
    to_grade = (verdict.isna() & answer.notna() & gold.notna()).to_numpy(bool)
    verdicts = grade_many(list(answer[to_grade]), list(gold[to_grade]), rules)
    verdict[to_grade] = pd.array(verdicts, dtype="boolean")
    verdict[(verdict.isna() & answer.isna() & gold.notna()).to_numpy(bool)] = False  # no answer is never right
    return solutions.assign(answer=answer.astype("str"), is_correct=verdict)


def without_blanks(answers: pd.Series) -> pd.Series:
    """Answers as objects, None where there is none or a blank one.

    Args:
        answers: A column of answers.
    """
    texts = answers.astype(object)
    return texts.mask(texts.isna() | (texts.str.strip() == ""), None)


def absent_shares(solutions: pd.DataFrame) -> AbsentShares:
    """Shares of the rows whose ``answer`` and ``is_correct`` are null; 0 of no rows.

    Args:
        solutions: A solutions table.
    """
    shares = (float(solutions[name].isna().mean()) if len(solutions) else 0.0 for name in ("answer", "is_correct"))
    return AbsentShares(*shares)


def report_missing(name: object, solutions: pd.DataFrame) -> AbsentShares:
    """Log the shares; as a warning if they are notable.

    Args:
        name: What the samples are called there, such as their file.
        solutions: As for ``absent_shares``.
    """
    shares = absent_shares(solutions)
    n_right = int((solutions["is_correct"].fillna(False).astype(bool) & solutions["answer"].isna()).sum())
    called_right = f"; {n_right} of those without an answer are called right, but no answer can be chosen from them"
    level = logging.WARNING if shares.is_notable else logging.INFO
    logger.log(level, "%s: %s%s", name, shares, called_right if n_right else "")
    return shares


def warn_of_places_without_a_sample(name: object, solutions: pd.DataFrame) -> None:
    """Warns if some problems have fewer samples than others: missing samples count as unanswered.

    Args:
        name: What the samples are called in the log, such as their file.
        solutions: Table with problem_id and sample_id.
    """
    places = int(solutions["sample_id"].max()) + 1
    counts = solutions.groupby("problem_id").size()
    if (counts < places).any():
        share = 100 * (1 - len(solutions) / (places * len(counts)))
        logger.warning(
            "%s: problems have %d to %d samples of %d places; the %.1f %% of the places without a sample count as wrong "
            "(sample_id counts the samples of a problem from 0)",
            name,
            counts.min(),
            counts.max(),
            places,
            share,
        )
