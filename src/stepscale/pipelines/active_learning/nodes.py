"""Nodes of active_learning. Heavy libraries are imported where they are used."""

import logging
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TypedDict

import pandas as pd

from stepscale.errors import InputError
from stepscale.labeling.contract import Labeler
from stepscale.labeling.options import ByFile, NeedsNoModel, PoolByRollouts
from stepscale.parameters import GeneratorBlock, PoolBlock, ProblemSource
from stepscale.pipelines.active_learning.labelers import open_labeler
from stepscale.pipelines.rolling_out import plan_rollouts
from stepscale.pipelines.sampling import GradedSampler
from stepscale.resume import Made, Piece, Recipe, ShardPlan, Shards, content_hash

logger = logging.getLogger(__name__)


class LabeledSolutions(TypedDict):
    """Solutions, a row per sample, and their step labels, a row per rated step."""

    solutions: pd.DataFrame
    step_labels: pd.DataFrame


def sample_pool(
    generator_model: Path, problems: pd.DataFrame, generator: GeneratorBlock, pool: PoolBlock, seed: int
) -> ShardPlan:
    """Solutions of the training and validation problems.

    Args:
        generator_model: Folder of the generator.
        problems: Problems of all splits, a row per problem.
        generator: How solutions are sampled.
        pool: Whose solutions are sampled, how many, and in which shards.
        seed: The run's seed.
    """
    _refuse_given(pool)
    return GradedSampler(generator_model, generator, seed).plan("pool", _practice(problems), pool.train)


def label_pool(
    generator_model: Path,
    problems: pd.DataFrame,
    pool_solutions: pd.DataFrame,
    generator: GeneratorBlock,
    pool: PoolBlock,
    seed: int,
) -> ShardPlan:
    """Labels of every step of the pool: ratings by the lab or by people, or values by the generator's rollouts.

    Args:
        generator_model: Folder of the generator.
        problems: Problems of all splits, a row per problem.
        pool_solutions: Solutions of the labeled pool, a row per sample.
        generator: The generator that rollouts need.
        pool: Whose solutions are labeled, and in which shards.
        seed: The run's seed.
    """
    practice, labeler = _practice(problems), _refuse_given(pool)
    if isinstance(labeler, PoolByRollouts):
        sampler = GradedSampler(generator_model, generator, seed)
        return plan_rollouts(sampler, practice, pool_solutions, labeler, "pool-rollouts")
    opened, pieces = cache(partial(open_labeler, labeler)), []
    # people may have left out whole pieces, so theirs is one
    people = {"file": content_hash(Path(labeler.path))} if isinstance(labeler, ByFile) else {}
    per_piece = len(practice) if people else pool.train.problems_per_shard
    for start in range(0, len(practice), per_piece):
        piece = practice.iloc[start : start + per_piece]
        part = pool_solutions[pool_solutions["problem_id"].isin(piece["problem_id"])].reset_index(drop=True)
        hashes = {"problems": content_hash(piece), "solutions": content_hash(part)} | people
        recipe = Recipe.of(label_part, open_labeler, inputs=hashes, settings=labeler, seed=seed)
        make = partial(label_part, opened, piece, part)
        pieces.append(Piece(f"pool-labels-{start:06d}", recipe, make, len(part)))
    return ShardPlan("labeling the pool", tuple(pieces), unit="solutions")


def label_part(opened: Callable[[], Labeler], problems: pd.DataFrame, solutions: pd.DataFrame) -> Made:
    """Step labels of a few problems' solutions.

    Args:
        opened: Opens the labeler.
        problems: A few problems.
        solutions: Their solutions.
    """
    from stepscale.cost import Ledger

    ledger = Ledger()
    return Made(opened().label(problems, solutions, ledger), ledger)


def gather_labels(shards: Shards) -> pd.DataFrame:
    """The labels of all pieces as one table.

    Args:
        shards: The pieces by name, each loaded when it is called.
    """
    labels = pd.concat([read() for read in shards.values()], ignore_index=True)
    rated = labels["rating"].dropna()
    if rated.empty:
        logger.info("%d steps have a value, %.3f on average", len(labels), labels["value"].mean())
    else:
        shares = rated.value_counts(normalize=True)
        listed = ", ".join(f"{rating:+d} {share:.1%}" for rating, share in shares.items())
        logger.info("%d steps are rated: %s", len(labels), listed)
    return labels


def read_given_labels(problems: pd.DataFrame, source: ProblemSource, pool: PoolBlock) -> LabeledSolutions:
    """The solutions and step labels that came with the training and validation problems, as the labeled pool.

    Args:
        problems: Problems of all splits.
        source: Where they came from, labels with them.
        pool: How the pool is made; its labeler must be the given labels.

    Returns:
        Solutions and step labels.

    Raises:
        InputError: Another labeler is asked for, or no labels came with the problems.
    """
    from stepscale.formats.source import read_solutions

    if pool.labeler.kind != "given":
        raise InputError(
            f"pool.labeler: {pool.labeler.kind} labels in active_learning; run it in the place of given_labels"
        )
    if source.train is None:
        raise InputError("pool.labeler: given, and no labels come with the lab's problems; give problems.source files")
    tables = read_solutions(source.train.path, source.train.format, source.train.options)
    practice = _practice(problems)["problem_id"]
    solutions, labels = (table[table["problem_id"].isin(practice)].reset_index(drop=True) for table in tables)
    if labels.empty:
        raise InputError(
            f"{source.train.path}: it holds no step labels; run active_learning in the place of given_labels"
        )
    return {"solutions": solutions, "step_labels": labels}


def _practice(problems: pd.DataFrame) -> pd.DataFrame:
    return problems[problems["split"].isin(["train", "valid"])]


def _refuse_given(pool: PoolBlock) -> NeedsNoModel | PoolByRollouts:
    if isinstance(pool.labeler, NeedsNoModel | PoolByRollouts):
        return pool.labeler
    raise InputError("pool.labeler: given labels come with the data; run given_labels in the place of active_learning")
