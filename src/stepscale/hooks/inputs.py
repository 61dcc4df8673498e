"""Data that a run needs and that is not there yet, told with the pipeline that makes it."""

from functools import cache
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from stepscale.errors import InputError


def check_inputs(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Check that the data on disk that a run begins with is there.

    Raises:
        InputError: Some is missing; the line names the pipeline that makes it.
    """
    absent = [name for name in sorted(pipeline.inputs()) if _is_absent(name, catalog)]
    if absent:
        ways = [f"{name} (pipeline {maker})" if (maker := pipeline_of(name)) else name for name in absent]
        raise InputError(f"data is not there yet: {', '.join(ways)}; run what makes it first, with the same --env")


def is_parameter(name: str) -> bool:
    """Whether a node's input is no dataset of the catalog."""
    return name.startswith("params:") or name == "parameters"


def is_optional(dataset: object) -> bool:
    """Whether ``metadata: {optional: true}`` says that it is no fault if the dataset is absent."""
    return bool((getattr(dataset, "metadata", None) or {}).get("optional", False))


@cache
def nodes_by_output() -> dict[str, tuple[str, Node]]:
    """The pipeline and the node that make each dataset, the main run's first where several can."""
    from stepscale.pipeline_registry import PIPELINES

    makers: dict[str, tuple[str, Node]] = {}
    for name, create in PIPELINES.items():
        for node in create().nodes:
            for output in node.outputs:
                makers.setdefault(output, (name, node))
    return makers


def pipeline_of(dataset: str) -> str | None:
    """The pipeline that makes a dataset."""
    return nodes_by_output()[dataset][0] if dataset in nodes_by_output() else None


def _is_absent(name: str, catalog: CatalogProtocol[Any, Any]) -> bool:
    if is_parameter(name) or name not in catalog:
        return False
    return not is_optional(catalog[name]) and not catalog.exists(name)
