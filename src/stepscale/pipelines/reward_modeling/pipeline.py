"""Labels -> PRM and ORM -> how well each judges."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reward_modeling import arms, nodes, rollouts, supervision
from stepscale.scaling.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS

ARMS: dict[str, str | None] = {
    "process": PROCESS,
    "outcome_by_large_prm": BY_LARGE,
    "outcome_by_answer": BY_ANSWER,
    "active_learning": ACTIVE,
    "ablations": None,
}
"""The arms of the comparison (Lightman et al. 2023, Figure 4a), and the ablations together, as nodes and datasets are called."""


def _train(label: str | None) -> Callable[..., Any]:
    node = update_wrapper(partial(arms.train_arms, label), arms.train_arms)
    del node.__wrapped__  # Kedro reads the types of parameters from the signature, and this one has the arm in it
    return node


def compare_supervision() -> Pipeline:
    """Ways to supervise, compared on the same samples; one box in the picture."""
    shared = ["problems", "experiment_solutions"]
    settings = ["params:verifiers", "params:experiment", "params:seed"]
    trained = [
        Node(
            _train(label),
            [*shared, "experiment_labels", "selections", f"finished_{name}_points", *settings],
            f"{name}_points",
            name=f"train_{name}",
        )
        for name, label in ARMS.items()
    ]
    compared = [
        Node(
            nodes.train_large_prm,
            ["problems", "step_labels", "params:verifiers", "params:seed"],
            "large_prm_model",
            name="train_large_prm",
        ),
        Node(
            supervision.label_by_large_prm,
            ["prm_model", "large_prm_model", *shared, "pool_solutions", "step_labels", "params:verifiers"],
            ["experiment_labels", "labeler_agreement"],
            name="label_by_large_prm",
        ),
        Node(
            supervision.choose_labelled, [*shared, "experiment_labels", *settings], "selections", name="choose_labelled"
        ),
        *trained,
        Node(arms.gather_points, [f"{name}_points" for name in ARMS], "supervision_points", name="gather_points"),
    ]
    outside = {"prm_model", "pool_solutions", "step_labels", *shared}
    return Pipeline(
        compared,
        namespace="supervision",
        prefix_datasets_with_namespace=False,
        inputs=outside,
        parameters={"verifiers", "experiment", "seed"},
    )


def learn_from_rollouts() -> Pipeline:
    """Values of steps by rolling out the generator, and a soft PRM of them; one box in the picture."""
    shared = ["problems", "pool_solutions"]
    nodes = [
        Node(
            rollouts.roll_out,
            [
                "generator_model",
                *shared,
                "finished_rollout_shards",
                "params:generator",
                "params:rollouts",
                "params:seed",
            ],
            "rollout_shards",
            name="roll_out",
        ),
        Node(rollouts.gather_rollouts, "rollout_shards", "rollout_labels", name="gather_rollouts"),
        Node(
            rollouts.train_soft_prm,
            [*shared, "rollout_labels", "params:verifiers", "params:rollouts", "params:seed"],
            "soft_prm_model",
            name="train_soft_prm",
        ),
    ]
    return Pipeline(
        nodes,
        namespace="rollouts",
        prefix_datasets_with_namespace=False,
        inputs={"generator_model", *shared},
        parameters={"generator", "verifiers", "rollouts", "seed"},
    )


def create_pipeline() -> Pipeline:
    """The reward_modeling pipeline."""
    models = ["prm_model", "orm_model", "large_prm_model", "soft_prm_model"]
    return (
        compare_supervision()
        + learn_from_rollouts()
        + Pipeline(
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
    )
