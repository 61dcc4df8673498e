"""The project's pipelines by name: the five that a run is made of, smaller runs, and studies."""

from collections.abc import Callable

import click
from kedro.pipeline import Pipeline

from stepscale.environments import pipelines_of
from stepscale.pipelines.active_learning import pipeline as active_learning
from stepscale.pipelines.data_loop import pipeline as data_loop
from stepscale.pipelines.ingestion import pipeline as ingestion
from stepscale.pipelines.larger_model import pipeline as larger_model
from stepscale.pipelines.policy import pipeline as policy
from stepscale.pipelines.reporting import pipeline as reporting
from stepscale.pipelines.revisions import pipeline as revisions
from stepscale.pipelines.reward_modeling import pipeline as reward_modeling
from stepscale.pipelines.rollouts import pipeline as rollouts
from stepscale.pipelines.solve_or_verify import pipeline as solve_or_verify
from stepscale.pipelines.step_benchmarks import pipeline as step_benchmarks
from stepscale.pipelines.supervision import pipeline as supervision
from stepscale.pipelines.test_time_search import pipeline as test_time_search
from stepscale.pipelines.world_map import pipeline as world_map

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
    "solve_or_verify": solve_or_verify.create_pipeline,
    "world_map": world_map.create_pipeline,
    "step_benchmarks": step_benchmarks.create_pipeline,
    "release": active_learning.release_pool,
    "loop_release": active_learning.release_with_loop,
}
"""Questions beyond the main run; each takes what the main run made."""

REPLACEMENTS: dict[str, Callable[[], Pipeline]] = {
    "ready_generator": ingestion.ready_generator,
    "given_labels": active_learning.given_labels,
    "sampled_pool": active_learning.sampled_pool,
    "ready_prm": reward_modeling.ready_prm,
    "best_of_n": test_time_search.best_of_n,
    "best_of_n_by_prm": test_time_search.best_of_n_by_prm,
    "sampled_test": test_time_search.sampled_test,
    "tree_search": test_time_search.tree_search,
    "samples": test_time_search.samples,
    "judge_samples": test_time_search.judge_samples,
    "judge_samples_by_prm": test_time_search.judge_samples_by_prm,
    "data_loop_by_prm": data_loop.by_prm,
    "soft_prm": rollouts.soft_prm,
    "ready_critic": solve_or_verify.ready_critic,
}
"""What an environment may run instead of one of those, or instead of a part of one: given labels or samples, another labeler."""

PIPELINES = {**MAIN, **STUDIES, **REPLACEMENTS}


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines by name; ``__default__`` is what the environment runs. An unknown name is an error of one line."""
    if unknown := [name for name in _named_by_command() if name not in (*PIPELINES, "__default__")]:
        raise click.ClickException(f"no pipeline is called {unknown[0]!r}; there are {', '.join(PIPELINES)}")
    pipelines = {name: create() for name, create in PIPELINES.items()}
    return {**pipelines, "__default__": sum((pipelines[name] for name in _of_environment()), Pipeline([]))}


def _of_environment() -> list[str]:
    """The pipelines of the environment that the command names; if its configuration names none, the five of the main run."""
    command = click.get_current_context(silent=True)
    return pipelines_of(command.params.get("env") if command else None) or list(MAIN)


def _named_by_command() -> list[str]:
    """Pipelines that ``kedro registry describe`` or ``kedro catalog`` names; of an unknown one Kedro says "NoneType: None"."""
    command = click.get_current_context(silent=True)
    if command is None:
        return []
    name, listed = command.params.get("name"), command.params.get("pipeline")
    return [name] if command.info_name == "describe" and name else listed if isinstance(listed, list) else []
