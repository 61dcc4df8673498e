"""Labels -> PRM and ORM -> how well each judges solutions."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.named import named
from stepscale.pipelines.reward_modeling import measuring, nodes


def create_pipeline() -> Pipeline:
    """The reward_modeling pipeline."""
    made_of = named("params:verifiers", "params:seed")
    return Pipeline(
        [
            Node(
                nodes.train_prm,
                inputs=named("problems", "step_labels") | made_of,
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
                inputs=named("prm_model", "orm_model", "problems", "step_labels", "params:verifiers")
                | {"solutions": "pool_solutions"},
                outputs={
                    "metrics": "verifier_metrics",
                    "calibration": "calibration",
                    "positions": "verifier_positions",
                },
                name="evaluate_verifiers",
            ),
            *measuring.nodes(),
        ],
        tags="reward_modeling",
    )


def ready_prm() -> Pipeline:
    """A PRM that is named (``verifiers.server``, ``public`` or ``generative``) instead of labels and training; no ORM."""
    take = Node(nodes.take_prm, inputs=named("params:verifiers"), outputs="prm_model", name="take_prm")
    return Pipeline([take], tags="ready_prm")
