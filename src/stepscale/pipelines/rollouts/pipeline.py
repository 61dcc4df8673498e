"""A PRM without people: values of steps by rollouts, and the soft PRM that learns them."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.box import box
from stepscale.pipelines.named import named
from stepscale.pipelines.rollouts import measuring
from stepscale.pipelines.rollouts import nodes as rollouts
from stepscale.pipelines.sampling import gather

_POOL = {"problems": "problems", "solutions": "pool_solutions"}


def create_pipeline() -> Pipeline:
    """Values of steps by rolling out the generator, a soft PRM of them and an ORM of the same solutions, and their scores."""
    study = box([*_label_and_train(), *_measure()], namespace="rollouts", tag="rollouts")
    return study + Pipeline(measuring.nodes(), tags="rollouts")


def _label_and_train() -> list[Node]:
    settings = {"settings": "params:rollout_settings"}
    return [
        Node(
            rollouts.roll_out,
            inputs={"generator_model": "generator_model", **_POOL, **settings},
            outputs="rollout_shards",
            name="roll_out",
        ),
        Node(
            gather,
            inputs={"shards": "rollout_shards"},
            outputs="rollout_labels",
            name="gather_rollouts",
        ),
        Node(
            rollouts.train_soft_prm,
            inputs={**_POOL, "labels": "rollout_labels", **settings},
            outputs="soft_prm_model",
            name="train_soft_prm",
        ),
        Node(
            rollouts.train_orm_on_rolled_out,
            inputs={**_POOL, "labels": "rollout_labels", **settings},
            outputs="rollouts_orm_model",
            name="train_orm_on_rolled_out",
        ),
    ]


def _measure() -> list[Node]:
    return [
        Node(
            rollouts.evaluate_soft_prm,
            inputs=named("soft_prm_model", "params:verifiers") | _POOL,
            outputs="soft_prm_metrics",
            name="evaluate_soft_prm",
        ),
        Node(
            rollouts.score_with_soft_prm,
            inputs=named(
                "soft_prm_model",
                "rollouts_orm_model",
                "test_problems",
                "test_solutions",
                "params:verifiers",
                "params:rollouts",
            ),
            outputs="soft_prm_scores",
            name="score_with_soft_prm",
        ),
    ]


def soft_prm() -> Pipeline:
    """The same measurements for the run's own PRM, if rollouts labeled the pool; no other PRM is trained."""
    of_own_prm = {"soft_prm_scores": "prm_scores", "soft_prm_metrics": "verifier_metrics"}
    return Pipeline(measuring.nodes(), inputs=of_own_prm, tags="soft_prm")
