"""Sample pool -> labelled data set, and the loop that labels more of a deep pool."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.active_learning import nodes, release
from stepscale.pipelines.sampling import gather
from stepscale.supervision.loop_options import ROUNDS


def label_pool() -> list[Node]:
    """A pool of sampled solutions, and a rating of each of their steps."""
    made_of = ["params:generator", "params:pool", "params:seed"]
    return [
        Node(
            nodes.sample_pool,
            ["generator_model", "problems", "given_solutions", *made_of],
            "pool_shards",
            name="sample_pool",
        ),
        Node(gather, "pool_shards", "pool_solutions", name="gather_pool"),
        Node(
            nodes.roll_out_pool,
            ["generator_model", "problems", "pool_solutions", "finished_pool_rollout_shards", *made_of],
            "pool_rollout_shards",
            name="roll_out_pool",
        ),
        Node(
            nodes.label_steps,
            ["problems", "pool_solutions", "given_step_labels", "pool_rollout_shards", "params:pool"],
            "step_labels",
            name="label_steps",
        ),
    ]


def release_data() -> list[Node]:
    """All labels, in the format of PRM800K, with a data card."""
    pool = ["problems", "pool_solutions", "step_labels"]
    loop = ["experiment_solutions", f"loop_keys_{ROUNDS}", f"loop_labels_{ROUNDS}"]
    settings = ["params:generator", "params:pool", "params:loop", "params:release", "params:seed"]
    made = ["release", "release_counts"]
    return [Node(release.release_labels, [*pool, *loop, *settings], made, name="release_labels")]


def create_pipeline() -> Pipeline:
    """The active_learning pipeline."""
    return Pipeline([*label_pool(), *release_data()], tags="active_learning")
