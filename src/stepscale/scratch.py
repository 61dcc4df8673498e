"""Folders to make a model in, and how they are copied to their place; the scratch copy goes when the program ends."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def scratch_folder(name: str) -> Path:
    """A new empty folder, removed at exit."""
    folder = Path(tempfile.mkdtemp(prefix=f"stepscale-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to ``target``; what was there goes only when the copy is whole.

    Who may read the copy is as for any new file (the umask says so), not as for the scratch folder, which is private.
    """
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh)
    mask = os.umask(0)
    os.umask(mask)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
