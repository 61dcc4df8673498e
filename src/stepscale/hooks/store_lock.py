"""One process at a time opens MLflow's store: it makes the tables of a new SQLite file without a lock of its own."""

import tempfile
from pathlib import Path

from filelock import FileLock

from stepscale.resume import content_hash


def store_lock(root: Path) -> FileLock:
    """One lock for all runs on this machine whose store is in the same folder.

    The lock file is in the system's folder for temporary files, since ``root`` need not be writable where the store is a server.

    Args:
        root: The folder that MLflow's store is configured from, a project's or ``tracking_root``.
    """
    name = f"stepscale-mlflow-{content_hash(str(root.resolve()))[:16]}.lock"
    return FileLock(Path(tempfile.gettempdir()) / name, mode=0o666)
