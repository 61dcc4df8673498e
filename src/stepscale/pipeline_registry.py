"""The project's pipelines: one folder under ``pipelines/`` each."""

import click
from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

STUDIES = ("supervision", "data_loop", "rollouts", "revisions", "larger_model")
PIPELINES = (*STUDIES, "ingestion", "active_learning", "reward_modeling", "test_time_search", "reporting")


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines by name; ``__default__`` is all of them together. Kedro imports only those a run asks for."""
    try:
        pipelines = find_pipelines(raise_errors=True)
    except ImportError as error:
        if error.__cause__:
            raise
        name = str(error).rpartition(".pipelines.")[2].partition("'")[0]
        raise click.ClickException(f"no pipeline is called {name!r}; there are {', '.join(PIPELINES)}") from None
    pipelines["__default__"] = sum(pipelines.values(), Pipeline([]))
    return pipelines
