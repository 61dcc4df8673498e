"""Ways to supervise, compared on the same samples (Lightman et al. 2023, section 4)."""

from collections.abc import Callable
from functools import partial, update_wrapper
from typing import Any

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reward_modeling import nodes
from stepscale.pipelines.sampling import gather
from stepscale.pipelines.supervision import arms, samples
from stepscale.pipelines.supervision import nodes as supervision
from stepscale.supervision.points import ACTIVE, BY_ANSWER, BY_LARGE, PROCESS

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


def sample_for_experiment() -> list[Node]:
    """The samples that all ways to supervise are compared on."""
    made_of = ["params:generator", "params:experiment", "params:seed"]
    return [
        Node(
            samples.sample_experiment,
            ["generator_model", "problems", "finished_experiment_shards", *made_of],
            "experiment_shards",
            name="sample_experiment",
        ),
        Node(gather, "experiment_shards", "experiment_solutions", name="gather_experiment"),
    ]


def create_pipeline() -> Pipeline:
    """The supervision pipeline."""
    return compare_supervision() + Pipeline(sample_for_experiment(), tags="active_learning")
