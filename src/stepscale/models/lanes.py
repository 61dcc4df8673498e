"""Small models run several batches side by side, one thread each: their products are too small to be worth sharing."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

_SMALL = 20_000_000  # parameters; larger products keep all threads busy by themselves
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def lanes_for(parameters: Sequence[torch.Tensor]) -> int:
    """How many batches of a model with these parameters are best run at once."""
    small = parameters[0].device.type == "cpu" and sum(p.numel() for p in parameters) <= _SMALL
    return torch.get_num_threads() if small else 1


def side_by_side(function: Callable[[_Item], _Result], items: Sequence[_Item], lanes: int) -> list[_Result]:
    """``[function(item) for item in items]`` in ``lanes`` threads of one core each. Torch's thread count is restored."""
    if lanes <= 1 or len(items) <= 1:
        return [function(item) for item in items]
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with ThreadPoolExecutor(lanes, "lane", torch.set_num_threads, (1,)) as pool:
            return list(pool.map(function, items))
    finally:
        torch.set_num_threads(threads)
