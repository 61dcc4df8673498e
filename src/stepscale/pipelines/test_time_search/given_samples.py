"""Somebody else's samples, read and graded where they have no verdict, with the scores that came with them."""

import logging
from typing import Any

import pandas as pd

from stepscale.errors import InputError
from stepscale.parameters import SearchBlock

_GRADING = ("best_of_n", "search_and_learn")  # formats whose reader grades samples without a verdict

logger = logging.getLogger(__name__)


def read_given(search: SearchBlock) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The problems of ``search.given_samples``, their graded samples, and scores of these, if any.

    Raises:
        InputError: No file is named, it holds no samples, or a line of it is bad.
    """
    from stepscale.formats import read

    source = search.given_samples
    if source is None:
        raise InputError("search.given_samples: it names no file; give it a path and a format")
    options: dict[str, Any] = {"rules": search.grading_rules} if source.format in _GRADING else {}
    tables = read(source.path, source.format, **options | source.options)
    problems = tables.problems.head(source.limit) if source.limit else tables.problems
    ids = set(problems["problem_id"])
    solutions, scores = (table[table["problem_id"].isin(ids)] for table in (tables.solutions, tables.scores))
    if solutions.empty:
        raise InputError(f"{source.path}: it holds no samples; give a file of problems with sampled solutions")
    solutions = _graded(_with_answers(solutions), problems, search)
    logger.info(
        "%d given samples of %d problems, scored by %s",
        len(solutions),
        len(problems),
        ", ".join(scores["verifier"].unique()) or "nobody",
    )
    return problems.assign(split="test"), solutions, scores


def _with_answers(solutions: pd.DataFrame) -> pd.DataFrame:
    """Answers taken from the texts where the file states none; a sample that came to no end has none."""
    from stepscale.grading import extract_answer

    solutions = solutions.assign(finish=solutions["finish"].fillna("solution"))  # who does not tell it has whole ones
    if solutions["answer"].isna().all() and solutions["is_correct"].isna().all():
        texts = zip(solutions["steps"], solutions["finish"], strict=True)
        answers = [extract_answer("\n".join(steps)) if end == "solution" else None for steps, end in texts]
        solutions = solutions.assign(answer=pd.Series(answers, solutions.index, dtype="str"))
    is_cut = solutions["finish"] == "length"
    return solutions.assign(
        answer=solutions["answer"].mask(is_cut),
        is_correct=solutions["is_correct"].mask(is_cut & solutions["is_correct"].notna(), False),
    )


def _graded(solutions: pd.DataFrame, problems: pd.DataFrame, search: SearchBlock) -> pd.DataFrame:
    """Verdicts of those samples that have an answer and no verdict."""
    from stepscale.grading import grade_many

    is_open = solutions["is_correct"].isna() & solutions["answer"].notna()
    golds = solutions["problem_id"].map(dict(zip(problems["problem_id"], problems["answer"], strict=True)))
    verdicts = grade_many(list(solutions["answer"][is_open]), list(golds[is_open]), rules=search.grading_rules)
    missing = pd.Series(verdicts, solutions.index[is_open], dtype="boolean")
    return solutions.assign(is_correct=solutions["is_correct"].mask(is_open, missing))


def without_learned(
    asked: pd.DataFrame, solutions: pd.DataFrame, problems: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Given problems and their solutions without those problems that models here learned from.

    Raises:
        InputError: None is left.
    """
    from stepscale.formats.splits import without_leaks

    unseen = without_leaks(asked, problems[problems["split"].isin(["train", "valid"])])
    if unseen.empty:
        raise InputError(
            f"search.given_samples: all {len(asked)} problems are among those that the models here learned from; give others"
        )
    if len(unseen) < len(asked):
        logger.warning(
            "%d problems of the given samples are left out: models here learned from them", len(asked) - len(unseen)
        )
    return unseen, solutions[solutions["problem_id"].isin(set(unseen["problem_id"]))]
