"""Nodes of test_time_search: test problems, their samples, and scores of these. Heavy libraries are imported where used."""

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypedDict

import pandas as pd

from stepscale.engine.placement import Placement
from stepscale.errors import InputError
from stepscale.formats.checking import empty
from stepscale.formats.tables import SCORES
from stepscale.parameters import GeneratorBlock, SearchBlock, VerifierBlock
from stepscale.pipelines.sampling import GradedSampler, gather
from stepscale.pipelines.test_time_search.given_samples import (
    SamplesToJudge,
    SamplesWithScores,
    read_given,
    without_learned,
)
from stepscale.resume import ShardPlan, Shards
from stepscale.studies.samples.scored_selections import judges_steps
from stepscale.verifiers.contract import Verifier

logger = logging.getLogger(__name__)

_SOLUTIONS_PER_PART = 2048  # scored in one task, and at the most one problem's more


class ScoresByKind(TypedDict):
    """Verifier scores, a row per sample and verifier: of PRMs, and of verifiers that give one number per solution."""

    of_prms: pd.DataFrame
    of_orms: pd.DataFrame


def choose_test_problems(problems: pd.DataFrame) -> pd.DataFrame:
    """The test problems and, in the lab, those of the held-out family.

    Args:
        problems: Problems of all splits, a row per problem.
    """
    return problems[problems["split"].isin(["test", "heldout"])].reset_index(drop=True)


def sample_test(
    generator_model: Path, test_problems: pd.DataFrame, generator: GeneratorBlock, search: SearchBlock, seed: int
) -> ShardPlan:
    """Graded solutions of the test problems and of the held-out family.

    Args:
        generator_model: Folder of the generator.
        test_problems: The test problems, a row per problem.
        generator: How solutions are sampled.
        search: Samples per problem, grading rules, and whether the self-certainty of tokens is noted.
        seed: The run's seed.

    Raises:
        InputError: The self-certainty of tokens is asked of a served generator.
    """
    from stepscale.generation.contract import Sampling

    if search.certainty and generator.server:
        raise InputError("search.certainty: a server does not tell it; set it to false, or give generator.base")
    sampling = Sampling(**generator.sampling.model_dump(), certainty=search.certainty)
    sampler = GradedSampler(generator_model, generator, seed)
    heldout, test = (
        sampler.plan(split, test_problems[test_problems["split"] == split], counts, sampling, search.grading_rules)
        for split, counts in (("heldout", search.heldout_samples), ("test", search.samples))
    )
    return heldout + test


class UnscoredSamples(ScoresByKind):
    """Samples, a row each, and tables of scores without rows."""

    solutions: pd.DataFrame


def gather_unscored(shards: Shards) -> UnscoredSamples:
    """All samples as one table. They have no scores, whatever an earlier run gave to its own.

    Args:
        shards: The pieces by name, each loaded when it is called.
    """
    return {"solutions": gather(shards), "of_prms": empty(SCORES), "of_orms": empty(SCORES)}


def read_samples(search: SearchBlock) -> SamplesWithScores:
    """Given samples: their problems, the samples, graded, and the scores that came with them.

    Args:
        search: Where the given samples are, and the grading rules.
    """
    return read_given(search)


def read_samples_to_judge(problems: pd.DataFrame, search: SearchBlock) -> SamplesToJudge:
    """Given samples for models here to judge, without the problems that these learned from.

    Args:
        problems: Problems of all splits, a row per problem.
        search: Where the given samples are, and the grading rules.
    """
    given = read_given(search)
    return without_learned(given["problems"], given["solutions"], problems)


def score_with_prm(
    prm_model: Path,
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    verifiers: VerifierBlock,
    search: SearchBlock,
) -> pd.DataFrame:
    """Step scores of every solution by the PRM, and by public PRMs where ``search.public_prms`` names any.

    Args:
        prm_model: Folder of the PRM.
        test_problems: The test problems, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        verifiers: Where the PRM runs.
        search: Public verifiers that score too.
    """
    trained_scores = _score_with_folder(prm_model, "prm", test_problems, test_solutions, verifiers.placement)
    return pd.concat([trained_scores, *_public_scores(test_problems, test_solutions, search)], ignore_index=True)


def score_with_prm_alone(
    prm_model: Path,
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    verifiers: VerifierBlock,
    search: SearchBlock,
) -> ScoresByKind:
    """The scores of ``score_with_prm``. An ORM has none, whatever an earlier run's gave to its own samples.

    Args:
        prm_model: Folder of the PRM.
        test_problems: The test problems, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        verifiers: Where the PRM runs.
        search: Public verifiers that score too.
    """
    of_prms = score_with_prm(prm_model, test_problems, test_solutions, verifiers, search)
    return {"of_prms": of_prms, "of_orms": empty(SCORES)}


def score_with_orm(
    orm_model: Path, test_problems: pd.DataFrame, test_solutions: pd.DataFrame, verifiers: VerifierBlock
) -> pd.DataFrame:
    """Step scores of every solution by the ORM: its value at each step; the last one is the solution's.

    Args:
        orm_model: Folder of the ORM.
        test_problems: The test problems, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        verifiers: Where the ORM runs.
    """
    return _score_with_folder(orm_model, "orm", test_problems, test_solutions, verifiers.placement)


def sort_scores(
    test_problems: pd.DataFrame, test_solutions: pd.DataFrame, given_scores: pd.DataFrame, search: SearchBlock
) -> ScoresByKind:
    """Splits given scores: those of verifiers that scored steps, and of public PRMs; and those with one number per solution.

    Args:
        test_problems: The test problems, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        given_scores: Scores that came with the samples, a row per sample and verifier.
        search: Public verifiers that score too.
    """
    of_steps = given_scores["verifier"].isin(judges_steps(given_scores))
    by_step = [given_scores[of_steps], *_public_scores(test_problems, test_solutions, search)]
    return {"of_prms": pd.concat(by_step, ignore_index=True), "of_orms": given_scores[~of_steps]}


def _public_scores(problems: pd.DataFrame, solutions: pd.DataFrame, search: SearchBlock) -> list[pd.DataFrame]:
    from stepscale.verifiers.adapters import open_public_verifier

    return [_score(partial(open_public_verifier, config), problems, solutions) for config in search.public_prms]


def _score_with_folder(
    folder: Path, name: str, problems: pd.DataFrame, solutions: pd.DataFrame, placement: Placement
) -> pd.DataFrame:
    from stepscale.verifiers.open_verifier import open_verifier

    return _score(partial(open_verifier, folder, name, placement), problems, solutions)


def _score(opens: Callable[[], Verifier], problems: pd.DataFrame, solutions: pd.DataFrame) -> pd.DataFrame:
    """The scores of all solutions, some problems at a time, so that a cluster can share them."""
    from stepscale.engine.tasks import run_tasks
    from stepscale.verifiers.scores_table import score_part

    if solutions.empty:
        return empty(SCORES)
    started, solutions = time.perf_counter(), solutions.reset_index(drop=True)
    up_to = solutions.groupby("problem_id", sort=False).size().cumsum()
    texts, tasks = problems[["problem_id", "problem"]], []
    for _, part in solutions.groupby(solutions["problem_id"].map((up_to - 1) // _SOLUTIONS_PER_PART)):
        tasks.append((opens, texts[texts["problem_id"].isin(set(part["problem_id"]))], part))
    tables, costs = zip(*run_tasks(score_part, tasks), strict=True)
    scores: pd.DataFrame = pd.concat(tables).sort_index()
    if "unread" in scores:  # in those parts alone that had any
        scores["unread"] = scores["unread"].fillna(0).astype("int64")
    tokens = sum(cost.tokens for cost in costs)
    rate = tokens / (time.perf_counter() - started)
    name = scores["verifier"].iloc[0]
    logger.info("%s scored %d solutions: %d tokens, %.0f tokens/s", name, len(scores), tokens, rate)
    return scores
