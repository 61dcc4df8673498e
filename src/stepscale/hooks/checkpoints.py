"""Folders of checkpoints that the configuration names: made before a run, since a fit may start hours later."""

from collections.abc import Iterator
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from pydantic import BaseModel

from stepscale.errors import InputError
from stepscale.hooks.settings_of_nodes import blocks_read
from stepscale.parameters import check_parameters
from stepscale.training.optimization import Checkpoints


def check_checkpoint_folders(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Make the folders that fits of the pipeline leave their checkpoints in.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.

    Raises:
        InputError: One cannot be made or written to.
    """
    blocks = blocks_read(pipeline)
    if not blocks:
        return
    parameters = check_parameters(catalog.load("parameters"))
    for block in sorted(blocks & set(type(parameters).model_fields)):
        for key, checkpoints in _checkpoints(block, getattr(parameters, block)):
            try:
                checkpoints.make()
            except InputError as error:
                raise InputError(f"{key}.{str(error).removeprefix('checkpoints.')}") from None


def _checkpoints(key: str, value: object) -> Iterator[tuple[str, Checkpoints]]:
    """Each place in a block where checkpoints are asked for."""
    if isinstance(value, Checkpoints):
        yield key, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _checkpoints(f"{key}.{name}", getattr(value, name))
