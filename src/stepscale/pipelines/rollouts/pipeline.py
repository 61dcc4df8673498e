"""A PRM without people: values of steps by rollouts, and the soft PRM that learns them."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.rollouts import nodes as rollouts


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
    """The rollouts pipeline."""
    return learn_from_rollouts()
