"""Sample pool -> labelled data set, and the loop that labels more of a deep pool."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.active_learning import experiment, nodes, release
from stepscale.pipelines.active_learning.rounds import ROUNDS, data_loop
from stepscale.pipelines.sampling import gather


def create_pipeline() -> Pipeline:
    """The active_learning pipeline."""
    return data_loop() + Pipeline(
        [
            Node(
                nodes.sample_pool,
                [
                    "generator_model",
                    "problems",
                    "given_solutions",
                    "finished_pool_shards",
                    "params:generator",
                    "params:pool",
                    "params:seed",
                ],
                "pool_shards",
                name="sample_pool",
            ),
            Node(gather, "pool_shards", "pool_solutions", name="gather_pool"),
            Node(
                nodes.label_steps,
                ["problems", "pool_solutions", "given_step_labels", "params:pool"],
                "step_labels",
                name="label_steps",
            ),
            Node(
                experiment.sample_experiment,
                [
                    "generator_model",
                    "problems",
                    "finished_experiment_shards",
                    "params:generator",
                    "params:experiment",
                    "params:seed",
                ],
                "experiment_shards",
                name="sample_experiment",
            ),
            Node(gather, "experiment_shards", "experiment_solutions", name="gather_experiment"),
            Node(
                release.release_labels,
                [
                    "problems",
                    "pool_solutions",
                    "step_labels",
                    "experiment_solutions",
                    f"loop_keys_{ROUNDS}",
                    f"loop_labels_{ROUNDS}",
                    "params:generator",
                    "params:pool",
                    "params:loop",
                    "params:release",
                    "params:seed",
                ],
                "release",
                name="release_labels",
            ),
        ],
        tags="active_learning",
    )
