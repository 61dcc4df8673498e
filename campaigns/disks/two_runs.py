"""Two runs in one folder: the second is refused in one line while the first lives, and goes ahead when that is killed."""

import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from campaigns.kills.campaign import run_apart, start_apart
from stepscale.errors import InputError
from stepscale.hooks.data_lock import DataLock
from stepscale.labeling.page.store import RecordFile

Lock = Callable[[Path], DataLock | RecordFile]
_REFUSED, _PATIENCE = 3, 600.0


def fault_of_two_runs(folder: Path, rng: random.Random) -> str:
    """What is wrong; empty if nothing is."""
    lock: Lock = rng.choice((_lock_data, _lock_labels))
    first = start_apart(partial(_hold, lock, folder))
    began = time.monotonic()
    while not (folder / "held").exists() and time.monotonic() - began < _PATIENCE:
        time.sleep(0.01)
    second = run_apart(partial(_try, lock, folder))
    first.kill()
    first.join()
    third = run_apart(partial(_try, lock, folder))
    return "" if (second, third) == (_REFUSED, 0) else f"{lock!r}: beside the first {second}, after it {third}"


def _lock_data(folder: Path) -> DataLock:
    lock = DataLock(folder)
    lock.acquire()
    return lock


def _lock_labels(folder: Path) -> RecordFile:
    return RecordFile(folder / "people.jsonl")


def _hold(lock: Lock, folder: Path) -> None:
    held = lock(folder)
    (folder / "held").touch()
    time.sleep(_PATIENCE)
    del held


def _try(lock: Lock, folder: Path) -> None:
    try:
        lock(folder)
    except InputError as error:
        raise SystemExit(_REFUSED if "\n" not in str(error) else 1) from None
