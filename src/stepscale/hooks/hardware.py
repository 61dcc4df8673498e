"""Finds GPUs that a run asks for and that are absent, before the run starts and not hours later when their turn comes."""

from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from stepscale.errors import InputError
from stepscale.hooks.settings_of_nodes import blocks_read

_BLOCKS = ("generator", "verifiers", "larger", "revisions")
_DEVICE, _PROCESSES = ".device", ".processes"  # how keys of hardware end


def check_hardware(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Check that the machine has the GPUs that a run asks for.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.

    Raises:
        InputError: A key takes more than there are.
    """
    needed = dict[str, int]()
    read = blocks_read(pipeline)
    for block in _BLOCKS:
        if block in read:
            needed |= _gpus(block, catalog.load(f"params:{block}"))
    if any(needed.values()):
        import torch

        available = torch.cuda.device_count()
        for key, n in needed.items():
            if n > available and (available or key.endswith(_DEVICE)):  # without any GPU processes share the CPU
                raise InputError(f"{key}: it takes {n} GPUs and this machine has {available}; give what is there")


def _gpus(block: str, settings: Any) -> dict[str, int]:
    """How many GPUs a machine must have for each key of a block that names some."""
    from stepscale.metric_names import flatten

    plain = settings if isinstance(settings, dict) or settings is None else settings.model_dump()
    needed = dict[str, int]()
    for key, value in flatten({block: plain}).items():
        if key.endswith(_DEVICE) and str(value).startswith("cuda"):
            needed[key] = int(str(value).partition(":")[2] or 0) + 1
        elif key.endswith(_PROCESSES) and int(value) > 1:
            needed[key] = int(value)
    return needed
