"""Small models run several batches side by side, one thread each: their products are too small to be worth sharing."""

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    import torch

_MAX_LANES = 8  # lanes for which work is cut
MAX_SINGLE_CORE_PARAMETERS = 20_000_000  # the products of a larger model keep all threads busy by themselves
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def runs_on_one_core(parameters: "Sequence[torch.Tensor]") -> bool:
    """Whether a model with these parameters runs on a CPU in products too small for several threads.

    Args:
        parameters: The model's weights, one tensor at least.
    """
    return parameters[0].device.type == "cpu" and is_single_core_size(sum(p.numel() for p in parameters))


def is_single_core_size(parameters: int) -> bool:
    """Whether the products of a model of so many parameters are too small for several cores.

    Args:
        parameters: Their number, over all tensors.
    """
    return parameters <= MAX_SINGLE_CORE_PARAMETERS


def limit_threads(n: int) -> None:
    """Set how many threads this process computes with: of torch now, if it is loaded, else as soon as it is.

    Args:
        n: Threads, 1 or more.
    """
    os.environ["OMP_NUM_THREADS"] = str(n)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(n)


def keep_to_one_core(parameters: int) -> None:
    """Let a small model compute with one thread, for it runs beside others. A large one keeps torch's threads.

    Args:
        parameters: The number of the model's weights.
    """
    import torch

    if is_single_core_size(parameters):
        torch.set_num_threads(1)


def lanes_for(parameters: "Sequence[torch.Tensor]") -> int:
    """How many batches of a model with these parameters are best run at once.

    Args:
        parameters: The model's weights.

    Returns:
        One per thread of torch for a small model on a CPU, 1 for any other.
    """
    import torch

    return torch.get_num_threads() if runs_on_one_core(parameters) else 1


def most_lanes(parameters: "Sequence[torch.Tensor]") -> int:
    """How many batches of such a model this machine runs at once, whatever torch's thread count is now.

    Who cuts work into so many parts gets the same parts, and so the same numbers to the last bit, with any number of threads.

    Args:
        parameters: The model's weights.
    """
    return min(os.cpu_count() or 1, _MAX_LANES) if runs_on_one_core(parameters) else 1


def cohort_lanes(parameters: "Sequence[torch.Tensor]") -> int:
    """How many cohorts of a model, of any size, decode at once on this machine: one per core, and one on a GPU.

    The rows of a cohort share each product, and two products at once keep two cores busier than one that both divide.

    Args:
        parameters: The model's weights.
    """
    return min(os.cpu_count() or 1, _MAX_LANES) if parameters[0].device.type == "cpu" else 1


class Lanes:
    """Threads of one core each, while it is entered; torch's own thread count is 1 meanwhile, and then restored.

    Args:
        n: Threads. Below 2 everything happens in the caller's thread, and nothing is set.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._pool: ThreadPoolExecutor | None = None
        self._threads = 0

    def __enter__(self) -> Self:
        if self.n > 1:
            import torch

            self._threads = torch.get_num_threads()
            torch.set_num_threads(1)
            self._pool = ThreadPoolExecutor(self.n, "lane", torch.set_num_threads, (1,))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            import torch

            self._pool.shutdown()
            torch.set_num_threads(self._threads)

    def map(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        """``[function(item) for item in items]``, as many at once as there are lanes, each under the caller's time limit.

        Args:
            function: Runs in a thread of its own.
            items: Its arguments.
        """
        if not self._pool:
            return [function(item) for item in items]
        futures = [self._pool.submit(copy_context().run, function, item) for item in items]
        return [future.result() for future in futures]
