"""Pieces of work on the machines of an existing cluster, Dask or Ray, named by its address.

In: a function at the top level of a module, and what it is called with. Out: its results, in order. Few tasks are under way
at once, and what a dead worker was doing is done again by another. The cluster's own scheduler does all of that; this file
only submits tasks. Workers need this package at this version, and the same folders.
"""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from pydantic import Field

from stepscale.errors import InputError
from stepscale.opening import needs
from stepscale.user_settings import UserSettings

_Result = TypeVar("_Result")
_ONE_TASK = threading.Lock()  # models are used by one task of a process at a time, however many threads a worker has
_ANSWERS_WITHIN = 15  # seconds
_MAX_RETRIES = 5  # of a task whose worker died
_AHEAD = 4  # tasks per worker that are sent before the first of them is done
_MIN_TASKS_AHEAD = 8  # workers may start only when there is work


class Cluster(UserSettings):
    """A cluster that does the work."""

    kind: Literal["dask", "ray"]
    address: str = Field(description="tcp://host:8786 (dask); host:6379, ray://host:10001 or auto (ray)")
    gpus_per_task: float = Field(
        0, ge=0, description="GPUs of each task; Dask's workers are started with --resources GPU=1 for it"
    )


class _Connection(Protocol):
    """What both clusters can do."""

    slots: int

    def submit(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        """Send a task to the cluster.

        Args:
            function: At the top level of a module that the workers have.
            task: Its arguments, picklable.

        Returns:
            The task's handle.
        """

    def first_done(self, handles: list[Any]) -> tuple[Any, Any]:
        """Wait for one of some tasks.

        Args:
            handles: Of the tasks that are waited for; one at least.

        Returns:
            Handle and result of the task that is done first. What it raised is raised here.
        """

    def cancel(self, handles: list[Any]) -> None:
        """Cancel tasks.

        Args:
            handles: Of the tasks whose results are no longer needed.
        """


def run_on(cluster: Cluster, function: Callable[..., _Result], tasks: Sequence[tuple[Any, ...]]) -> Iterator[_Result]:
    """``function(*task)`` for every task, each result as soon as it and those before it are there.

    Args:
        cluster: Where they run.
        function: At the top level of a module that the workers have.
        tasks: Its arguments, picklable.

    Raises:
        InputError: The cluster does not answer, a worker has another version of this package, or a task raised it.
    """
    with _connected(cluster) as connection:
        ahead = max(_AHEAD * connection.slots, _MIN_TASKS_AHEAD)
        waiting: dict[Any, int] = {}
        results: dict[int, _Result] = {}
        sent = yielded = 0
        try:
            while yielded < len(tasks):
                while sent < len(tasks) and sent - yielded < ahead:
                    waiting[connection.submit(function, tasks[sent])] = sent
                    sent += 1
                while yielded not in results:
                    handle, result = connection.first_done(list(waiting))
                    results[waiting.pop(handle)] = result
                yield results.pop(yielded)
                yielded += 1
        finally:
            connection.cancel(list(waiting))


def check_cluster(cluster: Cluster) -> int:
    """How many tasks the cluster works on at once; 0 if its workers start with the work.

    Args:
        cluster: Which cluster.

    Raises:
        InputError: It is not there.
    """
    with _connected(cluster) as connection:
        return connection.slots


@contextmanager
def _connected(cluster: Cluster) -> Iterator[_Connection]:
    with _dask(cluster) if cluster.kind == "dask" else _ray(cluster) as connection:
        yield connection


@contextmanager
def _dask(cluster: Cluster) -> Iterator[_Connection]:
    with needs("dask"):
        from distributed import Client
    try:
        client = Client(cluster.address, timeout=_ANSWERS_WITHIN, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _absent(cluster, "dask scheduler", error) from None
    with client:
        yield _Dask(client, cluster)


class _Dask:
    """A Dask scheduler, asked by its own client."""

    def __init__(self, client: Any, cluster: Cluster) -> None:
        self.client = client
        self.resources = {"GPU": cluster.gpus_per_task} if cluster.gpus_per_task else None
        self.slots = len(client.scheduler_info(n_workers=-1)["workers"])

    def submit(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        """See ``_Connection``."""
        return self.client.submit(_call, package_hash(), function, task, pure=False, resources=self.resources)

    def first_done(self, handles: list[Any]) -> tuple[Any, Any]:
        """See ``_Connection``."""
        from distributed import wait

        with self.client.as_current():
            handle = next(iter(wait(handles, return_when="FIRST_COMPLETED").done))
        return handle, handle.result()

    def cancel(self, handles: list[Any]) -> None:
        """See ``_Connection``."""
        self.client.cancel(handles)


@contextmanager
def _ray(cluster: Cluster) -> Iterator[_Connection]:
    with needs("ray"):
        import ray
    try:
        ray.init(address=cluster.address, log_to_driver=False, configure_logging=False, ignore_reinit_error=True)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _absent(cluster, "ray start --head", error) from None
    try:
        yield _Ray(cluster)
    finally:
        ray.shutdown()


class _Ray:
    """A Ray cluster, asked by this process as its driver."""

    def __init__(self, cluster: Cluster) -> None:
        import ray

        self.ray = ray
        self.remote = ray.remote(_call).options(num_cpus=1, num_gpus=cluster.gpus_per_task, max_retries=_MAX_RETRIES)
        resources = ray.cluster_resources()
        slots = resources.get("CPU", 0.0)
        if cluster.gpus_per_task:
            slots = min(slots, resources.get("GPU", 0.0) / cluster.gpus_per_task)
        self.slots = int(slots)

    def submit(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        """See ``_Connection``."""
        return self.remote.remote(package_hash(), function, task)

    def first_done(self, handles: list[Any]) -> tuple[Any, Any]:
        """See ``_Connection``."""
        ready, _ = self.ray.wait(handles, num_returns=1)
        try:
            return ready[0], self.ray.get(ready[0])
        except self.ray.exceptions.RayTaskError as error:
            raise error.cause from None

    def cancel(self, handles: list[Any]) -> None:
        """See ``_Connection``. It does nothing: the tasks end with the job, when it disconnects.

        ray.cancel races with replies on their way, and Ray then aborts this process ("Tried to complete task that was not
        pending").
        """


def _absent(cluster: Cluster, start: str, error: Exception) -> InputError:
    reason = " ".join(str(error).split())[:200]
    return InputError(
        f"cluster.address: no {cluster.kind} cluster answers at {cluster.address} ({reason}); start it ({start}), or set "
        "cluster to null"
    )


def _call(package: str, function: Callable[..., _Result], task: tuple[Any, ...]) -> _Result:
    """Runs in a worker."""
    if package != package_hash():
        raise InputError(
            f"cluster: the worker on {socket.gethostname()} has another version of stepscale than this process; install "
            "the same one on every machine"
        )
    with _ONE_TASK:
        return function(*task)


@cache
def package_hash() -> str:
    """A hash of this package's source: rows are named by the code that makes them, so it must be the same everywhere."""
    root, digest = Path(__file__).parents[1], sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
