"""Labels -> PRM and ORM -> how well each judges."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reward_modeling import nodes


def create_pipeline() -> Pipeline:
    """The reward_modeling pipeline."""
    models = ["prm_model", "orm_model", "large_prm_model", "soft_prm_model"]
    return Pipeline(
        [
            Node(
                nodes.train_prm,
                ["problems", "step_labels", "params:verifiers", "params:seed"],
                "prm_model",
                name="train_prm",
            ),
            Node(
                nodes.train_orm,
                ["problems", "pool_solutions", "params:verifiers", "params:seed"],
                "orm_model",
                name="train_orm",
            ),
            Node(
                nodes.evaluate_verifiers,
                [*models, "problems", "pool_solutions", "step_labels", "params:verifiers", "params:rollouts"],
                ["verifier_metrics", "calibration", "verifier_positions"],
                name="evaluate_verifiers",
            ),
        ],
        tags="reward_modeling",
    )
