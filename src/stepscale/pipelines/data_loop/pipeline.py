"""The data loop unrolled: a namespace for each round, so that the picture shows it as a box that opens."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pandas as pd
from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.box import box
from stepscale.pipelines.data_loop import labeling, measuring, training
from stepscale.pipelines.data_loop import nodes as loop
from stepscale.pipelines.named import named
from stepscale.pipelines.supervision import experiment_samples
from stepscale.supervision.loop_options import ROUNDS

_POOL = {"problems": "problems", "solutions": "experiment_solutions"}
_SETTINGS = {"settings": "params:loop_settings"}


class _Labeler(NamedTuple):
    """Who labels: the model that does it, and its node."""

    model: str
    node: Callable[..., pd.DataFrame]


def create_pipeline() -> Pipeline:
    """The loop labeled by the lab, by people, or by rollouts of the generator."""
    return _loop(_Labeler("generator_model", labeling.label))


def by_prm() -> Pipeline:
    """The loop labeled by PRM_large, which the pipeline supervision makes."""
    return _loop(_Labeler("large_prm_model", labeling.label_by_prm))


def _loop(labeler: _Labeler) -> Pipeline:
    """Round 0 at random, ROUNDS rounds of train, choose, label, and a last look at what was learned."""
    rounds = range(1, ROUNDS + 1)
    keys, labels = f"loop_keys_{ROUNDS}", f"loop_labels_{ROUNDS}"
    outer = [
        Node(
            loop.begin,
            inputs=named("params:loop", "params:seed") | _POOL,
            outputs={"keys": "loop_keys_0", "asked": "loop_asked_0"},
            name="begin_loop",
        ),
        Node(
            labeler.node,
            inputs={**_POOL, "samples": "loop_asked_0", labeler.model: labeler.model, **_SETTINGS},
            outputs="loop_labels_0",
            name="label_beginning",
        ),
        Node(
            training.measure_last,
            inputs={**_POOL, "keys": keys, "labels": labels, **_SETTINGS},
            outputs=f"loop_points_{ROUNDS + 1}",
            name="measure_loop_at_its_end",
        ),
    ]
    study = Pipeline(
        [*experiment_samples.nodes(), *outer, *_gathered(keys, labels), *measuring.nodes()], tags="data_loop"
    )
    return sum((_round(i, labeler) for i in rounds), study)


def _gathered(keys: str, labels: str) -> list[Node]:
    """What all rounds measured and labeled, each in one table."""
    rounds = range(1, ROUNDS + 1)
    return [
        Node(
            loop.gather_rounds,
            inputs={f"round_{i}": f"loop_points_{i}" for i in (*rounds, ROUNDS + 1)},
            outputs="loop_points",
            name="gather_loop_points",
        ),
        Node(
            loop.gather_rounds,
            inputs={f"round_{i}": f"loop_health_{i}" for i in rounds},
            outputs="loop_health",
            name="gather_loop_health",
        ),
        Node(
            loop.collect_labels,
            inputs=named("pool_solutions", "experiment_solutions", "params:loop", "params:seed")
            | {"keys": keys, "labels": labels},
            outputs={"solutions": "loop_solutions", "step_labels": "loop_step_labels", "rounds": "loop_rounds"},
            name="collect_loop_labels",
        ),
    ]


def _round(i: int, labeler: _Labeler) -> Pipeline:
    """Train selectors on the labels so far, score the pool, choose, label, look at the selectors' health."""
    before = {name: f"loop_{name}_{i - 1}" for name in ("keys", "labels")}
    earlier: dict[str, Any] = {"before": f"loop_scores_{i - 1}"} if i > 1 else {}
    keys, requests, labels, scores = (f"loop_{name}_{i}" for name in ("keys", "asked", "labels", "scores"))
    nodes = [
        Node(
            training.train_selectors if earlier else training.train_first_selectors,
            inputs={**_POOL, **before, **earlier, **_SETTINGS},
            outputs={"scores": scores, "points": f"loop_points_{i}"},
            name="train_selectors",
        ),
        Node(
            loop.choose_and_ask,
            inputs={**_POOL, "scores": scores, **before, "loop": "params:loop"},
            outputs={"keys": keys, "asked": requests},
            name="choose",
        ),
        Node(
            labeler.node,
            inputs=_POOL | _SETTINGS | {"samples": requests, "labels": before["labels"], labeler.model: labeler.model},
            outputs=labels,
            name="label",
        ),
        Node(
            loop.health,
            inputs={"scores": scores, "keys": keys, "labels": labels, "loop": "params:loop"}
            | {"solutions": "experiment_solutions"},
            outputs=f"loop_health_{i}",
            name="look_at_health",
        ),
    ]
    return box(nodes, namespace=f"round_{i}", tag="data_loop")
