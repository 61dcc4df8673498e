"""Labels -> PRM and ORM -> how well each judges."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reward_modeling import nodes


def create_pipeline() -> Pipeline:
    """The reward_modeling pipeline."""
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
                ["prm_model", "orm_model", "problems", "pool_solutions", "step_labels", "params:verifiers"],
                ["verifier_metrics", "calibration"],
                name="evaluate_verifiers",
            ),
        ],
        tags="reward_modeling",
    )
