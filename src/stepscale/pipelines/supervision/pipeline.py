"""Ways to supervise, compared on the same samples (Lightman et al. 2023, section 4)."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.named import named
from stepscale.pipelines.reward_modeling.nodes import train_or_reuse_large_prm
from stepscale.pipelines.supervision import arms, experiment_samples, measuring, nodes
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS

ARMS: dict[str, str | None] = {
    "process": PROCESS,
    "outcome_by_large_prm": BY_LARGE,
    "outcome_by_answer": BY_ANSWER,
    "active_learning": ACTIVE,
    "ablations": None,
}
"""The arms of the comparison (Lightman et al. 2023, Figure 4a), and the ablations together, as nodes and datasets are called."""

_POOL = {"problems": "problems", "solutions": "experiment_solutions"}


def create_pipeline() -> Pipeline:
    """The supervision pipeline: samples of its own, then one box for labels, arms and points."""
    study = Pipeline(
        [*_label(), *_train()],
        namespace="supervision",
        prefix_datasets_with_namespace=False,
        inputs={"prm_model", "pool_solutions", "step_labels", "problems", "experiment_solutions"},
        parameters={"verifiers", "experiment", "seed", "supervision_settings"},
        tags="supervision",
    )
    return study + Pipeline([*experiment_samples.nodes(), *measuring.nodes()], tags="supervision")


def _label() -> list[Node]:
    """PRM_large, how it judges, its labels of the pool, and what every arm takes of them."""
    return [
        Node(
            train_or_reuse_large_prm,
            inputs=named("prm_model", "problems", "step_labels", "params:verifiers", "params:seed"),
            outputs="large_prm_model",
            name="train_large_prm",
        ),
        Node(
            nodes.evaluate_large_prm,
            inputs=named("large_prm_model", "problems", "step_labels", "params:verifiers")
            | {"solutions": "pool_solutions"},
            outputs="large_prm_metrics",
            name="evaluate_large_prm",
        ),
        Node(
            nodes.label_by_large_prm,
            inputs=named("large_prm_model", "pool_solutions", "step_labels", "params:verifiers") | _POOL,
            outputs={"labels": "experiment_labels", "agreement": "labeler_agreement"},
            name="label_by_large_prm",
        ),
        Node(
            nodes.choose_labeled,
            inputs=named("params:verifiers", "params:experiment", "params:seed")
            | {**_POOL, "labels": "experiment_labels"},
            outputs="selections",
            name="choose_labeled",
        ),
    ]


def _train() -> list[Node]:
    """A node for each arm, and the points of all."""
    learns = {**_POOL, "labels": "experiment_labels", "selections": "selections"}
    trained = [
        Node(
            arms.trainer(arm),
            inputs={**learns, "settings": "params:supervision_settings"},
            outputs=f"{name}_points",
            name=f"train_{name}",
        )
        for name, arm in ARMS.items()
    ]
    gathered = Node(
        arms.gather_points,
        inputs={name: f"{name}_points" for name in ARMS},
        outputs="supervision_points",
        name="gather_points",
    )
    return [*trained, gathered]
