"""Folders of models and of pieces of work must be on a file system; any other kind of store is refused in one line."""

from pathlib import Path

from stepscale.errors import InputError
from stepscale.formats.output import make_folder


def check_root(key: str, path: object) -> None:
    """Check what ``--params data_root=...`` and its like name: Kedro prepends it to file names unchanged.

    Args:
        key: Of the parameter.
        path: Its value.

    Raises:
        InputError: It names no folder.
    """
    if not str(path or "").strip():
        raise InputError(f"{key}: it names no folder; give one, or leave {key} out")
    if str(path).startswith("~"):
        raise InputError(f"{key}: {path} is not written out; give the whole path of your home folder")


def make_root(key: str, folder: Path) -> None:
    """Make the folder that a parameter names.

    Args:
        key: Of the parameter.
        folder: The folder.

    Raises:
        InputError: It cannot be made.
    """
    make_folder(folder, f"{key}: the folder {folder}", f"name another: --params {key}=...")


def local_folder(path: str) -> Path:
    """The path, if it is one of a file system.

    Args:
        path: As the catalog has it.

    Raises:
        InputError: It names a store by its protocol, such as ``s3://``.
    """
    protocol, separator, folder_path = path.partition("://")
    if not separator:
        return Path(path)
    if protocol != "file":
        raise InputError(
            f"{path}: models and pieces of work need a folder, and {protocol}:// is not one; give a local or a shared folder "
            "(mount the bucket, or set data_root to a folder that all machines see)"
        )
    return Path(folder_path)
