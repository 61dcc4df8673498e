"""Sample pool -> labelled dataset."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.active_learning import experiment, nodes
from stepscale.pipelines.sampling import gather


def create_pipeline() -> Pipeline:
    """The active_learning pipeline."""
    return Pipeline(
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
        ],
        tags="active_learning",
    )
