"""Paths as users write them, with "~" for the home folder; of a user who is not here the name stays as it is."""

import os.path
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from stepscale.errors import InputError

UserPath = Annotated[str, AfterValidator(os.path.expanduser)]
"""A setting that names a file or a folder."""


def written_out(path: str | Path) -> Path:
    """The path with the home folder written out.

    Args:
        path: As a user gave it, which may begin with "~".
    """
    return Path(os.path.expanduser(path))


def given_path(path: str | Path) -> Path:
    """The path that a user typed on the command line, with the home folder written out.

    Args:
        path: As it was typed.

    Raises:
        InputError: It names nothing. ``Path("")`` would be the current folder with all that is in it.
    """
    refuse_blank(str(path))
    return written_out(path)


def refuse_blank(name: str) -> None:
    """Refuse what can be the name of no file: an unset variable of a shell, for one.

    Args:
        name: As a user gave it.

    Raises:
        InputError: It is blank or holds a NUL.
    """
    if not name.strip() or "\0" in name:
        raise InputError(f"path is {name!r:.60}; give the name of a file or folder")


def is_there(path: str | Path) -> bool:
    """Whether a file or folder is there.

    Args:
        path: As a user gave it, which may begin with "~".

    Raises:
        InputError: No file can have such a name, or its folder may not be looked into.
    """
    try:
        return written_out(path).exists()
    except OSError as error:
        raise InputError(f"{str(path)[:100]} cannot be opened ({error.strerror}); check the path") from None
