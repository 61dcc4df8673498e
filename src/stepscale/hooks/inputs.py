"""Finds data that a run needs and that does not exist yet; the error names the pipeline that makes it."""

from functools import cache
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from stepscale.errors import InputError


def check_inputs(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Check that the data that a run starts from is on disk.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.

    Raises:
        InputError: Some is missing; the line names the pipeline that makes it.
    """
    unkept = sorted(name for name in pipeline.inputs() if not is_parameter(name) and name not in catalog)
    if unkept:
        makers = [f"{name} (made by {_maker_of(name)})" for name in unkept]
        raise InputError(
            f"data is never on disk: {', '.join(makers)}; run the nodes that make it too, or the whole pipeline"
        )
    absent = [name for name in sorted(pipeline.inputs()) if _is_absent(name, catalog)]
    if absent:
        ways = [f"{name} (pipeline {maker})" if (maker := pipeline_of(name)) else name for name in absent]
        raise InputError(f"data is not there yet: {', '.join(ways)}; run what makes it first, with the same --env")


def check_runner(runner: str) -> None:
    """Check that the run uses a Kedro runner that this project supports.

    Args:
        runner: Name of the runner's class.

    Raises:
        InputError: It runs nodes side by side. Processes would not share what nodes hand on in memory, nor call hooks; threads
            would share torch's random state, in which models are made and trained.
    """
    for name in ("ParallelRunner", "ThreadRunner"):
        if name in runner:
            raise InputError(
                f"{name} cannot run this project, whose nodes take all cores one after another; leave --runner out"
            )


def is_parameter(name: str) -> bool:
    """Whether a node's input is not a dataset of the catalog.

    Args:
        name: Of the input, such as ``params:generator``.
    """
    return name.startswith("params:") or name == "parameters"


def is_optional(dataset: object) -> bool:
    """Whether ``metadata: {optional: true}`` says that it is not a fault if the dataset is absent.

    Args:
        dataset: Of the catalog.
    """
    return bool((getattr(dataset, "metadata", None) or {}).get("optional", False))


@cache
def nodes_by_output() -> dict[str, list[tuple[str, Node]]]:
    """The pipelines and nodes that make each dataset, the main run's first where several can."""
    from stepscale.pipeline_registry import PIPELINES

    makers: dict[str, list[tuple[str, Node]]] = {}
    for name, create in PIPELINES.items():
        for node in create().nodes:
            for output in node.outputs:
                makers.setdefault(output, []).append((name, node))
    return makers


def pipeline_of(dataset: str) -> str | None:
    """The pipeline that makes a dataset.

    Args:
        dataset: Its name.

    Returns:
        The pipeline's name; None: no node makes it.
    """
    return nodes_by_output()[dataset][0][0] if dataset in nodes_by_output() else None


def _maker_of(dataset: str) -> str:
    if dataset not in nodes_by_output():
        return "no node"
    pipeline, node = nodes_by_output()[dataset][0]
    return f"node {node.name} of pipeline {pipeline}"


def _is_absent(name: str, catalog: CatalogProtocol[Any, Any]) -> bool:
    if is_parameter(name):
        return False
    return not is_optional(catalog[name]) and not catalog.exists(name)
