"""Sampled solutions rolled out shard by shard, as the pool's labels and the part ``rollouts`` need them."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from stepscale.labeling.options import PoolByRollouts, RolloutOptions
from stepscale.parameters import GeneratorBlock
from stepscale.pipelines.sampling import MANIFEST, Shards, make_missing, open_generator


def values_of_steps(
    generator_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    how: PoolByRollouts | RolloutOptions,
    seed: int,
    purpose: str,
) -> Iterator[dict[str, pd.DataFrame]]:
    """The value of every step of ``solutions``, shard by shard; those in ``finished`` are left out.

    ``purpose`` names the shards and the randomness. Raises InputError as ``labeling.rollouts.plan_rollouts``.
    """
    from stepscale.generation.contract import Sampling
    from stepscale.generation.shards import model_key
    from stepscale.labeling.rollouts import RolloutJob, plan_rollouts, roll_out_shard

    model = open_generator(generator_model, generator, seed)
    sampling = Sampling(**generator.sampling.model_dump())
    key = model_key(generator_model, generator.placement.dtype)
    job = RolloutJob(sampling, seed, key, how.per_step, purpose=purpose)
    shards = plan_rollouts(model, job, problems, solutions, how.problems_per_shard)
    yield from make_missing(purpose, shards, finished, partial(roll_out_shard, job, model), rows="steps")


def gather_values(shards: Shards, purpose: str) -> pd.DataFrame:
    """The step labels of the latest run's shards; an empty table if there are none."""
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import STEP_LABELS

    names = list(shards[f"{MANIFEST}-{purpose}"]()["shard"])
    return pd.concat([shards[name]() for name in names], ignore_index=True) if names else empty(STEP_LABELS)
