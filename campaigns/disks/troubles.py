"""What befalls a piece of work, in the process that does it. Each trouble takes a random generator and the work as a call."""

import os
import random
import resource
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

_NOBODY = 65_534
_YEAR = 365 * 24 * 3_600.0


@contextmanager
def full_disk(rng: random.Random, folder: Path) -> Iterator[None]:
    """No file grows beyond some size: writing more fails as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    size = rng.choice((0, 1, 100, 1_000, 3_000, 8_000, 20_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@contextmanager
def read_only_folder(rng: random.Random, folder: Path) -> Iterator[None]:
    """Nothing can be written below the folder; who is root becomes nobody, for root may write anywhere."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(stat.S_IRUSR | stat.S_IROTH | (stat.S_IXUSR | stat.S_IXOTH if path.is_dir() else 0))
    if os.getuid() == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(os.getuid())
        for path in (folder, *folder.rglob("*")):
            path.chmod(stat.S_IRWXU)


@contextmanager
def jumping_clock(rng: random.Random, folder: Path) -> Iterator[None]:
    """The clock of the wall jumps by up to a year, back too, at any look at it; the monotonic one goes on.

    For Tornado it does not jump: Dask's client sets its alarms by it, reads it twice, and would sleep for months.
    """
    true_time, true_nanoseconds = time.time, time.time_ns
    time.time = lambda: true_time() + (0.0 if _asks_tornado() else rng.uniform(-_YEAR, _YEAR))
    time.time_ns = lambda: true_nanoseconds() + int(rng.uniform(-_YEAR, _YEAR) * 1e9)
    try:
        yield
    finally:
        time.time, time.time_ns = true_time, true_nanoseconds


def _asks_tornado() -> bool:
    """Whether the caller's caller is Tornado."""
    return str(sys._getframe(2).f_globals.get("__name__", "")).startswith("tornado.")


TROUBLES: dict[str, Callable[[random.Random, Path], AbstractContextManager[None]]] = {
    "full_disk": full_disk,
    "read_only": read_only_folder,
    "clock": jumping_clock,
}
