"""Nodes of active_learning. Heavy libraries are imported where they are used."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.parameters import GeneratorBlock, PoolBlock
from stepscale.pipelines.rolling_out import gather_values, values_of_steps
from stepscale.pipelines.sampling import GradedSampler, Shards, manifest
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash

logger = logging.getLogger(__name__)

ROLLOUTS = "pool-rollouts"


def sample_pool(
    generator_model: Path,
    problems: pd.DataFrame,
    given_solutions: pd.DataFrame,
    generator: GeneratorBlock,
    pool: PoolBlock,
    seed: int,
) -> ShardPlan:
    """Solutions of the training and validation problems, shard by shard; the given ones if their labels are given."""
    if pool.labeler.kind == "given":
        recipe = Recipe.of(sample_pool, inputs={"given": content_hash(given_solutions)}, settings={}, seed=seed)
        return ShardPlan("taking given solutions", (Piece("given", recipe, lambda: Made(given_solutions)),))
    practice = problems[problems["split"].isin(["train", "valid"])]
    return GradedSampler(generator_model, generator, seed).plan("pool", practice, pool.train)


def roll_out_pool(
    generator_model: Path,
    problems: pd.DataFrame,
    pool_solutions: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    pool: PoolBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Values of every step of the whole pool, shard by shard, where its labeler is the generator itself; else none."""
    who = pool.labeler
    if who.kind != "rollouts":
        yield manifest(ROLLOUTS)
        return
    practice = problems[problems["split"].isin(["train", "valid"])]
    yield from values_of_steps(generator_model, practice, pool_solutions, finished, generator, who, seed, ROLLOUTS)


def label_steps(
    problems: pd.DataFrame,
    pool_solutions: pd.DataFrame,
    given_step_labels: pd.DataFrame,
    rollouts: Shards,
    pool: PoolBlock,
) -> pd.DataFrame:
    """Step labels of the pool: by the labeler, by its rollouts, or those that came with the data."""
    from stepscale.cost import Ledger
    from stepscale.pipelines.active_learning.labelers import open_for_pool

    if pool.labeler.kind == "given":
        return given_step_labels
    if pool.labeler.kind == "rollouts":
        labels = gather_values(rollouts, ROLLOUTS)
        logger.info("rollouts gave %d steps their value, %.3f on average", len(labels), labels["value"].mean())
        return labels
    labeler = open_for_pool(pool.labeler)
    labels = labeler.label(problems, pool_solutions, Ledger())
    shares = labels["rating"].value_counts(normalize=True)
    told = ", ".join(f"{rating:+d} {share:.1%}" for rating, share in shares.items())
    logger.info("%s labelled %d steps: %s", labeler.name, len(labels), told)
    return labels
