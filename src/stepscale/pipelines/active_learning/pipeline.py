"""Sample pool -> labeled data set."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.active_learning import measuring, nodes, release
from stepscale.pipelines.named import named
from stepscale.pipelines.sampling import gather

_MADE_OF = named("params:generator", "params:pool", "params:seed")


def create_pipeline() -> Pipeline:
    """The active_learning pipeline: a pool of sampled solutions, and a label of each of their steps."""
    label = [
        Node(
            nodes.label_pool,
            inputs=named("generator_model", "problems", "pool_solutions") | _MADE_OF,
            outputs="pool_label_shards",
            name="label_pool",
        ),
        Node(nodes.gather_labels, inputs={"shards": "pool_label_shards"}, outputs="step_labels", name="label_steps"),
        Node(
            measuring.show_pool,
            inputs={"solutions": "pool_solutions", "labels": "step_labels"},
            outputs="pool_part",
            name="show_pool",
        ),
    ]
    return Pipeline([*_sampled(), *label], tags="active_learning")


def sampled_pool() -> Pipeline:
    """The pool without labels, where nothing is trained on it."""
    return Pipeline(_sampled(), tags="sampled_pool")


def _sampled() -> list[Node]:
    return [
        Node(
            nodes.sample_pool,
            inputs=named("generator_model", "problems") | _MADE_OF,
            outputs="pool_shards",
            name="sample_pool",
        ),
        Node(gather, inputs={"shards": "pool_shards"}, outputs="pool_solutions", name="gather_pool"),
    ]


def given_labels() -> Pipeline:
    """Labels that came with the data (PRM800K's people), in the place of active_learning."""
    read = Node(
        nodes.read_given_labels,
        inputs=named("problems", "params:pool") | {"source": "params:problems"},
        outputs={"solutions": "pool_solutions", "step_labels": "step_labels"},
        name="read_given_labels",
    )
    return Pipeline([read], tags="given_labels")


def release_pool() -> Pipeline:
    """The labeled pool as a data set to pass on, in PRM800K's format."""
    writing = Node(
        release.release_pool,
        inputs=named("problems", "step_labels")
        | {"solutions": "pool_solutions", "settings": "params:release_settings"},
        outputs={"folder": "release", "counts": "release_counts"},
        name="release_labels",
    )
    return Pipeline([writing, *measuring.nodes()], tags="release")


def release_with_loop() -> Pipeline:
    """The same with what the data loop labeled."""
    joined = Node(
        release.add_loop,
        inputs=named("pool_solutions", "step_labels", "loop_solutions", "loop_step_labels"),
        outputs={"solutions": "released_solutions", "step_labels": "released_labels"},
        name="add_loop",
    )
    writing = Node(
        release.release_with_loop,
        inputs={
            "problems": "problems",
            "solutions": "released_solutions",
            "step_labels": "released_labels",
            "rounds": "loop_rounds",
            "settings": "params:release_settings",
        },
        outputs={"folder": "release", "counts": "release_counts"},
        name="release_labels",
    )
    return Pipeline([joined, writing, *measuring.nodes()], tags="loop_release")
