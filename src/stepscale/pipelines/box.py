"""Pipelines that the picture shows as one box that opens."""

from collections.abc import Iterable

from kedro.pipeline import Node, Pipeline


def box(nodes: Iterable[Node], namespace: str, tag: str) -> Pipeline:
    """Nodes under a namespace, with datasets and parameters called as everywhere.

    Args:
        nodes: What is inside.
        namespace: The box's name.
        tag: The pipeline that the nodes belong to.
    """
    inside = Pipeline(nodes)
    parameters = {name.removeprefix("params:") for name in inside.inputs() if name.startswith("params:")}
    return Pipeline(
        inside,
        namespace=namespace,
        prefix_datasets_with_namespace=False,
        inputs={name for name in inside.inputs() if not name.startswith("params:")},
        parameters=parameters,
        tags=tag,
    )
