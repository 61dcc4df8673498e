"""The project's pipelines by name: the five that a run is made of, smaller runs, and studies."""

from collections.abc import Callable

import click
from kedro.framework.project import pipelines as asked
from kedro.pipeline import Pipeline

from stepscale.pipelines import (
    active_learning,
    data_loop,
    ingestion,
    larger_model,
    policy,
    reporting,
    revisions,
    reward_modeling,
    rollouts,
    supervision,
    test_time_search,
)
from stepscale.pipelines.active_learning import pipeline as labels
from stepscale.pipelines.data_loop import pipeline as loops
from stepscale.pipelines.rollouts import pipeline as soft_prms
from stepscale.pipelines.test_time_search import pipeline as searches

MAIN: dict[str, Callable[[], Pipeline]] = {
    "ingestion": ingestion.create_pipeline,
    "active_learning": active_learning.create_pipeline,
    "reward_modeling": reward_modeling.create_pipeline,
    "test_time_search": test_time_search.create_pipeline,
    "reporting": reporting.create_pipeline,
}
"""What a run is made of."""

STUDIES: dict[str, Callable[[], Pipeline]] = {
    "supervision": supervision.create_pipeline,
    "data_loop": data_loop.create_pipeline,
    "rollouts": rollouts.create_pipeline,
    "revisions": revisions.create_pipeline,
    "larger_model": larger_model.create_pipeline,
    "policy": policy.create_pipeline,
    "release": labels.release_pool,
    "loop_release": labels.release_with_loop,
}
"""Questions beyond the main run; each takes what the main run made."""

IN_PLACE: dict[str, Callable[[], Pipeline]] = {
    "given_labels": labels.given_labels,
    "best_of_n": searches.best_of_n,
    "tree_search": searches.tree_search,
    "samples": searches.samples,
    "judge_samples": searches.judge_samples,
    "data_loop_by_prm": loops.by_prm,
    "soft_prm": soft_prms.soft_prm,
}
"""What an environment runs in the place of one of those: given labels or samples, parts of a pipeline, another labeler."""

PIPELINES = {**MAIN, **STUDIES, **IN_PLACE}


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines by name; ``__default__`` is the five of the main run. A name that is none is told in one line."""
    unknown = [name for name in asked._requested_pipelines or () if name not in (*PIPELINES, "__default__")]
    if unknown:  # Kedro's own answer to ``kedro registry describe`` is "NoneType: None"
        raise click.ClickException(f"no pipeline is called {unknown[0]!r}; there are {', '.join(PIPELINES)}")
    pipelines = {name: create() for name, create in PIPELINES.items()}
    return {**pipelines, "__default__": sum((pipelines[name] for name in MAIN), Pipeline([]))}
