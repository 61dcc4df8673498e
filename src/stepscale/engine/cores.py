"""Independent pieces of work on small models, one per core: a small fit keeps one core busy and gains little from a second.

In: a function at the top level of a module, and what it is called with, picklable. Out: its results, in order. With a GPU, on
one core, for one piece or for a model that is not small, the work is done here, one piece after the other, on all threads.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from stepscale.references import reference_in

_MAX_WEIGHT_BYTES = (
    100_000_000  # bytes of weights; a larger model keeps all cores busy itself, and a copy of it per core costs memory
)
_Result = TypeVar("_Result")


def one_per_core(function: Callable[..., _Result], tasks: Sequence[tuple[Any, ...]], model: str) -> Iterator[_Result]:
    """``function(*task)`` for every task, each result as soon as it and those before it are there.

    What a task raises is raised here.

    Args:
        function: Computes a task, in a process of its own where there are several cores.
        tasks: Arguments of each call.
        model: Folder or name of the model that the tasks work on.
    """
    import torch

    processes = min(os.cpu_count() or 1, len(tasks))
    if processes < 2 or torch.cuda.is_available() or not _is_small(Path(model)):
        yield from (function(*task) for task in tasks)
        return
    from joblib import Parallel, delayed, parallel_config

    # joblib starts a worker anew when its memory has grown, as that of searches over ever more beams does; no task is lost
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
    with parallel_config("loky", inner_max_num_threads=1):
        yield from Parallel(n_jobs=processes, return_as="generator")(delayed(function)(*task) for task in tasks)


def _is_small(folder: Path) -> bool:
    reference = reference_in(folder)
    if reference and reference.kind != "model":
        return False
    folder = Path(reference.source or "") if reference else folder
    weights = [path.stat().st_size for path in folder.glob("*.safetensors")]
    return 0 < sum(weights) <= _MAX_WEIGHT_BYTES
