"""One run at a time in a data folder: two would read each other's half-made data."""

import json
import os
import socket
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from stepscale.datasets.local_folder import make_root
from stepscale.errors import InputError


class DataLock:
    """A lock on a data folder. The system releases it if the process dies, so it is never left behind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / ".run.lock", timeout=0, mode=0o666)
        self._holder = folder / ".run.json"

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            InputError: Another run holds it (the line names that run), or there can be no such folder.
        """
        make_root("data_root", self._folder)
        try:
            self._lock.acquire()
        except Timeout:
            raise InputError(
                f"{self._folder} is in use by another run ({self._held_by()}); wait until it ends, or give this one a "
                "folder of its own: --params data_root=..."
            ) from None
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        self._holder.write_text(json.dumps({"process": os.getpid(), "machine": socket.gethostname(), "since": now}))

    def release(self) -> None:
        """Let the next run have the folder."""
        self._lock.release()

    def _held_by(self) -> str:
        try:
            holder = json.loads(self._holder.read_text())
            return f"process {holder['process']} on {holder['machine']}, since {holder['since']}"
        except (OSError, ValueError, KeyError, TypeError):
            return "it has not said which"
