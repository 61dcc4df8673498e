"""Nodes of active_learning. Heavy libraries are imported where they are used."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.parameters import GeneratorBlock, PoolBlock
from stepscale.pipelines.rolling_out import gather_values, values_of_steps
from stepscale.pipelines.sampling import Shards, manifest, open_generator, sample_shards, together

logger = logging.getLogger(__name__)

ROLLOUTS = "pool-rollouts"


def sample_pool(
    generator_model: Path,
    problems: pd.DataFrame,
    given_solutions: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    pool: PoolBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Solutions of the training and validation problems, shard by shard; the given ones if their labels are given."""
    from stepscale.generation.contract import Sampling

    if pool.labeler.kind == "given":
        yield {"given": given_solutions, **manifest("given", ["given"]), **manifest("pool")}
        return
    practice = problems[problems["split"].isin(["train", "valid"])]
    sampling = Sampling(**generator.sampling.model_dump())
    model = open_generator(generator_model, generator, seed)
    sampled = sample_shards(model, generator_model, practice, pool.train, sampling, seed, "pool", finished)
    yield from together(
        sampled, iter([manifest("given")])
    )  # of an earlier run's labels that were given nothing is left


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
