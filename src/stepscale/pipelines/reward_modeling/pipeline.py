"""Labels -> PRM and ORM -> how well each judges."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reward_modeling import measuring, nodes


def create_pipeline() -> Pipeline:
    """The reward_modeling pipeline."""
    made_of = {"verifiers": "params:verifiers", "seed": "params:seed"}
    return Pipeline(
        [
            Node(
                nodes.train_prm,
                inputs={"problems": "problems", "step_labels": "step_labels", **made_of},
                outputs="prm_model",
                name="train_prm",
            ),
            Node(
                nodes.train_orm,
                inputs={"problems": "problems", "solutions": "pool_solutions", **made_of},
                outputs="orm_model",
                name="train_orm",
            ),
            Node(
                nodes.evaluate_verifiers,
                inputs={
                    "prm_model": "prm_model",
                    "orm_model": "orm_model",
                    "problems": "problems",
                    "solutions": "pool_solutions",
                    "step_labels": "step_labels",
                    "verifiers": "params:verifiers",
                },
                outputs=["verifier_metrics", "calibration", "verifier_positions"],
                name="evaluate_verifiers",
            ),
            *measuring.nodes(),
        ],
        tags="reward_modeling",
    )
