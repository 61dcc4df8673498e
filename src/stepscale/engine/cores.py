"""Independent pieces of work on small models, one per core that PyTorch may use: a small fit gains little from a second.

In: a function at the top level of a module, and what it is called with, picklable. Out: its results, in order. With a GPU, on
one core, for one piece or for a model that is not small, the work is done here, one piece after the other, on all threads.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from stepscale.references import reference_in

MAX_BYTES_PER_CORE_COPY = 100_000_000  # of weights: a larger model keeps all cores busy, and its copies cost memory
_Result = TypeVar("_Result")


def one_per_core(function: Callable[..., _Result], tasks: Sequence[tuple[Any, ...]], model: str) -> Iterator[_Result]:
    """``function(*task)`` for every task, each result as soon as it and those before it are there.

    What a task raises is raised here.

    Args:
        function: Computes a task, in a process of its own where PyTorch has several threads.
        tasks: Arguments of each call.
        model: Folder or name of the model that the tasks work on.
    """
    import torch

    processes = min(torch.get_num_threads(), len(tasks))  # OMP_NUM_THREADS lets several runs share a machine
    if processes < 2 or torch.cuda.is_available() or not is_cheap_to_copy(Path(model)):
        yield from (function(*task) for task in tasks)
        return
    from joblib import Parallel, delayed, parallel_config

    # joblib starts a worker anew when its memory has grown, as that of searches over ever more beams does; no task is lost
    warnings.filterwarnings("ignore", message="A worker stopped while some jobs were given")
    with parallel_config("loky", inner_max_num_threads=1):
        yield from Parallel(n_jobs=processes, return_as="generator")(delayed(function)(*task) for task in tasks)


def is_cheap_to_copy(folder: Path) -> bool:
    """Whether each core may have a copy of a model of its own.

    Args:
        folder: Of the model, or with a reference to it; a name that is no folder says nothing of its size.
    """
    reference = reference_in(folder)
    if reference and reference.kind != "model":
        return False
    folder = Path(reference.source or "") if reference else folder
    weights = [path.stat().st_size for path in folder.glob("*.safetensors")]
    return 0 < sum(weights) <= MAX_BYTES_PER_CORE_COPY
