"""Samples for the comparison of supervision: a deep pool of few training problems, and test samples to measure on."""

from pathlib import Path

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import ExperimentBlock, GeneratorBlock
from stepscale.pipelines.sampling import GradedSampler, gather
from stepscale.resume import ShardPlan


def sample_experiment(
    generator_model: Path, problems: pd.DataFrame, generator: GeneratorBlock, experiment: ExperimentBlock, seed: int
) -> ShardPlan:
    """Solutions of the experiment's training and test problems.

    Args:
        generator_model: Folder of the generator.
        problems: Problems of all splits, a row per problem.
        generator: How solutions are sampled.
        experiment: Problems and samples of the pool and of the test.
        seed: The run's seed.
    """
    sampler = GradedSampler(generator_model, generator, seed)
    pool, test = (
        sampler.plan(purpose, problems[problems["split"] == split].head(part.problems), part.samples)
        for purpose, split, part in (
            ("experiment-pool", "train", experiment.pool),
            ("experiment-test", "test", experiment.test),
        )
    )
    return pool + test


def nodes() -> list[Node]:
    """The nodes that make ``experiment_solutions``: of the comparison, and of the data loop, which labels the same pool."""
    sampled = {
        "generator_model": "generator_model",
        "problems": "problems",
        "generator": "params:generator",
        "experiment": "params:experiment",
        "seed": "params:seed",
    }
    return [
        Node(sample_experiment, inputs=sampled, outputs="experiment_shards", name="sample_experiment"),
        Node(gather, inputs={"shards": "experiment_shards"}, outputs="experiment_solutions", name="gather_experiment"),
    ]
