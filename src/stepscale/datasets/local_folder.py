"""Folders of models and of pieces of work lie on a file system; what names another store is one clear line."""

from pathlib import Path

from stepscale.errors import InputError


def local_folder(path: str) -> Path:
    """The path, if it is one of a file system.

    Raises:
        InputError: It names a store by its protocol, such as ``s3://``.
    """
    protocol, separator, rest = path.partition("://")
    if not separator:
        return Path(path)
    if protocol != "file":
        raise InputError(
            f"{path}: models and pieces of work lie in folders, and {protocol}:// is none; give a local or a shared folder "
            "(mount the bucket, or set data_root to a folder that all machines see)"
        )
    return Path(rest)
