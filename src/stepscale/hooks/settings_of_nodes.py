"""Blocks of parameters that nodes take together, such as ``params:search_settings``; added to the catalog before a run."""

from typing import Any

from kedro.io import CatalogProtocol, MemoryDataset
from kedro.pipeline import Pipeline


def add_settings(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Make the settings that the pipeline reads.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.

    Raises:
        InputError: Blocks of one do not agree.
    """
    from stepscale.parameters import check_parameters, settings_of

    names = settings_read(pipeline)
    parameters = check_parameters(catalog.load("parameters")) if names else None
    for name in names:
        assert parameters
        catalog[f"params:{name}"] = MemoryDataset(settings_of(parameters, name), copy_mode="assign")


def settings_read(pipeline: Pipeline) -> list[str]:
    """The names of the settings that the pipeline's nodes take.

    Args:
        pipeline: The nodes that will run.
    """
    from stepscale.parameters import SETTINGS

    return [name for name in SETTINGS if f"params:{name}" in pipeline.inputs()]


def blocks_read(pipeline: Pipeline) -> set[str]:
    """The blocks of parameters that the pipeline's nodes take, by themselves or in settings.

    Args:
        pipeline: The nodes that will run.
    """
    from stepscale.parameters import SETTINGS

    alone = {name.removeprefix("params:") for name in pipeline.inputs() if name.startswith("params:")}
    return alone.union(*(SETTINGS[name].model_fields for name in settings_read(pipeline)))
