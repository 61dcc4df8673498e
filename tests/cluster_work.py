"""Pieces of work that workers of a cluster import by name, for tests that kill a worker in the middle of one."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.resume import Made

DEADLY = 3  # the piece whose first worker is killed


def piece(folder: Path, number: int) -> Made:
    """Rows that depend on the number alone. The piece ``DEADLY`` tells its process and waits, unless the kill is over."""
    (folder / f"begun-{number}-{time.time_ns()}").touch()
    if number == DEADLY and not (folder / "killed").exists():
        (folder / "victim.new").write_text(str(os.getpid()))
        (folder / "victim.new").rename(folder / "victim")
        time.sleep(600)
    draws = np.random.default_rng(number).normal(size=100)
    return Made(pd.DataFrame({"number": number, "draw": draws}))


def refuse(number: int) -> int:
    """A user's mistake at 2."""
    if number == 2:
        raise InputError("piece 2: there is no such model; give one")
    return number


def process(seconds: float) -> int:
    """Which process does this, after some time."""
    time.sleep(seconds)
    return os.getpid()


@contextmanager
def killer(folder: Path) -> Iterator[Thread]:
    """Kills the worker that waits in the middle of a piece, by SIGKILL, while the block runs."""

    def kill() -> None:
        until = time.monotonic() + 300
        while not (folder / "victim").exists() and time.monotonic() < until:
            time.sleep(0.05)
        (folder / "killed").touch()
        os.kill(int((folder / "victim").read_text()), signal.SIGKILL)

    thread = Thread(target=kill, daemon=True)
    thread.start()
    yield thread
    thread.join(10)
