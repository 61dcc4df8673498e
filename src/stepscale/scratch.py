"""Folders to make a model in. The catalog copies the model to its place; the scratch copy goes when the program ends."""

import atexit
import shutil
import tempfile
from pathlib import Path


def scratch_folder(name: str) -> Path:
    """A new empty folder, removed at exit."""
    folder = Path(tempfile.mkdtemp(prefix=f"stepscale-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
