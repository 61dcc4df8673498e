"""Nodes of active_learning. Heavy libraries are imported where they are used."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.parameters import GeneratorBlock, PoolBlock
from stepscale.pipelines.sampling import MANIFEST, Shards, open_generator, sample_shards

logger = logging.getLogger(__name__)


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
        yield {"given": given_solutions, f"{MANIFEST}-given": pd.DataFrame({"shard": ["given"]})}
        return
    practice = problems[problems["split"].isin(["train", "valid"])]
    sampling = Sampling(**generator.sampling.model_dump())
    model = open_generator(generator_model, generator, seed)
    yield from sample_shards(model, generator_model, practice, pool.train, sampling, seed, "pool", finished)


def label_steps(
    problems: pd.DataFrame, pool_solutions: pd.DataFrame, given_step_labels: pd.DataFrame, pool: PoolBlock
) -> pd.DataFrame:
    """Step labels of the pool: by the labeler, or those that came with the data."""
    from stepscale.cost import Ledger
    from stepscale.pipelines.active_learning.labelers import open_for_pool

    if pool.labeler.kind == "given":
        return given_step_labels
    labeler = open_for_pool(pool.labeler)
    labels = labeler.label(problems, pool_solutions, Ledger())
    shares = labels["rating"].value_counts(normalize=True)
    told = ", ".join(f"{rating:+d} {share:.1%}" for rating, share in shares.items())
    logger.info("%s labelled %d steps: %s", labeler.name, len(labels), told)
    return labels
