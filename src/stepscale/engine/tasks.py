"""Independent pieces of work: on the run's cluster, else one per core for a small model, else here, one after the other.

The one place where it is decided where pieces of a plan run. Whichever it is, results come in order and are the same.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from stepscale.engine.cluster import Cluster, run_on
from stepscale.engine.cores import one_per_core
from stepscale.engine.opened import close_all

_Result = TypeVar("_Result")
_OF_THE_RUN: list[Cluster] = []  # at the most one


def use_cluster(cluster: Cluster | None) -> None:
    """Choose where this process's pieces of work run from now on.

    Args:
        cluster: Which cluster; None: this machine.
    """
    _OF_THE_RUN[:] = [cluster] if cluster else []


def run_tasks(
    function: Callable[..., _Result], tasks: Sequence[tuple[Any, ...]], small_model: str | Path | None = None
) -> Iterator[_Result]:
    """``function(*task)`` for every task, each result as soon as it and those before it are there.

    Args:
        function: At the top level of a module.
        tasks: Its arguments, picklable.
        small_model: Folder of the model that they work on; if it is small, they run one per core. None: one after the other.

    Raises:
        InputError: The cluster does not answer, or a task raised it. Whatever else a task raises is raised here too.
    """
    try:
        if _OF_THE_RUN and tasks:
            yield from run_on(_OF_THE_RUN[0], function, tasks)
        elif small_model is not None:
            yield from one_per_core(function, tasks, str(small_model))
        else:
            yield from (function(*task) for task in tasks)
    finally:
        close_all()
