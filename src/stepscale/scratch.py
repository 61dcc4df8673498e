"""Folders to make a model in, removed when the program ends; and how a file or a folder comes to its place whole."""

import atexit
import filecmp
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

_MIN_SHARED_BYTES = 1_000_000  # bytes of a file that is worth sharing
_MAX_NAME_BYTES = 255  # bytes of a file name


def scratch_folder(name: str) -> Path:
    """A new empty folder, removed at exit.

    Args:
        name: A word that the folder's name holds.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"stepscale-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def link_or_copy(source: str, target: str) -> None:
    """One file in two places: a hard link where both are on one disk, else a copy. Models are replaced and never written to.

    Args:
        source: The file.
        target: The second place.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def local_path(uri: str) -> Path | None:
    """Where artifacts are on this machine.

    Args:
        uri: Their address: a path, ``file:`` or that of a store.

    Returns:
        The path; None if they do not lie on this machine.
    """
    parts = urlsplit(uri)
    return Path(url2pathname(parts.path)) if parts.scheme in ("", "file") else None


def beside(path: Path, ending: str, hidden: bool = False) -> Path:
    """A place in the same folder for what is written before it gets the name ``path``.

    Args:
        path: The file to be.
        ending: What tells it from the file, such as ".partial".
        hidden: Whether a dot begins it.

    Returns:
        The name with the ending; a name too long for that (a file system takes 255 bytes) is cut.
    """
    room = _MAX_NAME_BYTES - len(ending) - hidden
    return path.with_name("." * hidden + os.fsencode(path.name)[:room].decode(errors="ignore") + ending)


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under another name beside it, then rename it, so that a file with the final name is complete.

    Args:
        path: The file to write; its folder is made.
        write: Writes the file at the path that it gets.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = beside(path, ".partial")
    write(partial)
    os.replace(partial, path)


def share_files(copy: Path, original: Path) -> None:
    """Large files of a copied folder that are those of the original take no room of their own, where both are on one disk.

    Args:
        copy: A copied folder.
        original: What it is a copy of.
    """
    for path in copy.rglob("*"):
        twin = original / path.relative_to(copy)
        if (
            path.is_file()
            and twin.is_file()
            and path.stat().st_size > _MIN_SHARED_BYTES
            and filecmp.cmp(path, twin, shallow=False)
        ):
            linked = path.with_name(f"{path.name}.linked")
            with suppress(OSError):
                os.link(twin, linked)
                linked.replace(path)


def new_mode(path: Path) -> int:
    """The mode that the umask gives a new file or folder.

    Args:
        path: A file or a folder.
    """
    mask = os.umask(0)
    os.umask(mask)
    return (0o777 if path.is_dir() else 0o666) & ~mask


def replace_folder(source: Path, target: Path) -> None:
    """Copy a folder to ``target``; what was there goes only when the copy is whole.

    Who may read the copy is as for any new file (the umask says so), not as for the scratch folder, which is private.

    Args:
        source: The folder to copy.
        target: The place.
    """
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh, copy_function=link_or_copy)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(new_mode(path))
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
