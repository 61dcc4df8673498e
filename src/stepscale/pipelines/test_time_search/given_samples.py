"""Given samples, read and graded where they have no verdict, with the scores that came with them."""

import logging
from typing import Any, TypedDict

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.graded import graded, report_missing, warn_of_places_without_a_sample
from stepscale.parameters import SearchBlock

logger = logging.getLogger(__name__)


class SamplesToJudge(TypedDict):
    """Problems of split ``test``, and their graded samples."""

    problems: pd.DataFrame
    solutions: pd.DataFrame


class SamplesWithScores(SamplesToJudge):
    """The same, and the scores that came with the samples: a row per sample and verifier."""

    scores: pd.DataFrame


def read_given(search: SearchBlock) -> SamplesWithScores:
    """The problems of ``search.given_samples``, their graded samples, and scores of these, if any.

    Args:
        search: Where the given samples are, and the grading rules.

    Raises:
        InputError: No file is named, it holds no samples, or a line of it is bad.
    """
    from stepscale.formats import read
    from stepscale.formats.registry import takes_rules

    source = search.given_samples
    if source is None:
        raise InputError("search.given_samples: it names no file; give it a path and a format")
    options: dict[str, Any] = {"rules": search.grading_rules} if takes_rules(source.format) else {}
    tables = read(source.path, source.format, **options | source.options)
    problems = tables.problems.head(source.limit) if source.limit else tables.problems
    ids = set(problems["problem_id"])
    solutions, scores = (table[table["problem_id"].isin(ids)] for table in (tables.solutions, tables.scores))
    if solutions.empty:
        raise InputError(f"{source.path}: it holds no samples; give a file of problems with sampled solutions")
    solutions = solutions.assign(finish=solutions["finish"].fillna("solution"))  # none is said to be cut
    solutions = graded(problems, solutions, search.grading_rules)
    logger.info(
        "%d given samples of %d problems, scored by %s",
        len(solutions),
        len(problems),
        ", ".join(scores["verifier"].unique()) or "no verifier",
    )
    report_missing(source.path, solutions)
    if source.places is None:
        warn_of_places_without_a_sample(source.path, solutions)
    return {"problems": problems.assign(split="test"), "solutions": solutions, "scores": scores}


def without_learned(test_problems: pd.DataFrame, solutions: pd.DataFrame, problems: pd.DataFrame) -> SamplesToJudge:
    """Given problems and their solutions without those problems that models here learned from.

    Args:
        test_problems: The test problems, a row per problem.
        solutions: Solutions, a row per solution.
        problems: Problems of all splits, a row per problem.

    Raises:
        InputError: None is left.
    """
    from stepscale.formats.splits import without_leaks

    unseen = without_leaks(test_problems, problems[problems["split"].isin(["train", "valid"])])
    if unseen.empty:
        raise InputError(
            f"search.given_samples: all {len(test_problems)} problems are among those "
            "that the models here learned from; give others"
        )
    if len(unseen) < len(test_problems):
        logger.warning(
            "%d problems of the given samples are left out: models here learned from them",
            len(test_problems) - len(unseen),
        )
    of_unseen = solutions["problem_id"].isin(set(unseen["problem_id"]))
    return {"problems": unseen, "solutions": solutions[of_unseen]}
