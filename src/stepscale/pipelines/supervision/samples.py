"""Samples for the comparison of supervision: a deep pool of few training problems, and test samples to measure on."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.parameters import ExperimentBlock, GeneratorBlock
from stepscale.pipelines.sampling import Shards, manifest, open_generator, sample_shards, together

POOL, TEST = "experiment-pool", "experiment-test"


def sample_experiment(
    generator_model: Path,
    problems: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    experiment: ExperimentBlock | None,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Solutions of the experiment's training and test problems, shard by shard; none without an experiment."""
    from stepscale.generation.contract import Sampling

    if experiment is None:
        yield manifest(POOL) | manifest(TEST)
        return
    sampling = Sampling(**generator.sampling.model_dump())
    model = open_generator(generator_model, generator, seed)
    pieces = []
    for purpose, split, part in ((POOL, "train", experiment.pool), (TEST, "test", experiment.test)):
        chosen = problems[problems["split"] == split].head(part.problems)
        pieces.append(sample_shards(model, generator_model, chosen, part.samples, sampling, seed, purpose, finished))
    yield from together(*pieces)
