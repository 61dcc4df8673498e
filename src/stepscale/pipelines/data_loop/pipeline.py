"""The data loop unrolled: a namespace a round, so that the picture shows each as a box that opens."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.data_loop import nodes as loop
from stepscale.supervision.loop_options import ROUNDS

_MODELS = ["generator_model", "earlier_prm_model", "earlier_large_prm_model"]
_LABELED_BY = [*_MODELS, "params:generator", "params:verifiers", "params:loop", "params:seed"]


def create_pipeline() -> Pipeline:
    """Round 0 at random, ROUNDS rounds of train, choose, label, and a last look at what was learned."""
    rounds = range(1, ROUNDS + 1)
    shared = ["problems", "experiment_solutions"]
    settings = ["params:verifiers", "params:loop", "params:seed"]
    before = [f"loop_keys_{ROUNDS}", f"loop_labels_{ROUNDS}"]
    outer = [
        Node(
            loop.begin,
            [*shared, "params:loop", "params:seed"],
            ["loop_keys_0", "loop_asked_0", "loop_scores_0"],
            name="begin_loop",
        ),
        Node(loop.label_beginning, [*shared, "loop_asked_0", *_LABELED_BY], "loop_labels_0", name="label_beginning"),
        Node(
            loop.measure_last,
            [*shared, *before, *settings],
            f"loop_points_{ROUNDS + 1}",
            name="measure_loop_at_its_end",
        ),
        Node(
            loop.gather_rounds,
            [f"loop_points_{i}" for i in (*rounds, ROUNDS + 1)],
            "loop_points",
            name="gather_loop_points",
        ),
        Node(loop.gather_rounds, [f"loop_health_{i}" for i in rounds], "loop_health", name="gather_loop_health"),
    ]
    return sum((_round(i) for i in rounds), Pipeline(outer))


def _round(i: int) -> Pipeline:
    """Train selectors on the labels so far, score the pool, choose, label, look at the selectors' health."""
    shared = ["problems", "experiment_solutions"]
    before = [f"loop_{name}_{i - 1}" for name in ("keys", "labels", "scores")]
    keys, asked, labels, scores = (f"loop_{name}_{i}" for name in ("keys", "asked", "labels", "scores"))
    nodes = [
        Node(
            loop.train_selectors,
            [*shared, *before, "params:verifiers", "params:loop", "params:seed"],
            [scores, f"loop_points_{i}"],
            name="train_selectors",
        ),
        Node(loop.choose_and_ask, [*shared, scores, *before[:2], "params:loop"], [keys, asked], name="choose"),
        Node(loop.label, [*shared, asked, before[1], *_LABELED_BY], labels, name="label"),
        Node(
            loop.health,
            [scores, keys, "experiment_solutions", labels, "params:loop"],
            f"loop_health_{i}",
            name="look_at_health",
        ),
    ]
    return Pipeline(
        nodes,
        namespace=f"round_{i}",
        prefix_datasets_with_namespace=False,
        inputs={*shared, *before, *_MODELS},
        parameters={"generator", "verifiers", "loop", "seed"},
    )
