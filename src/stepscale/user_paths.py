"""Paths as users write them, with "~" for the home folder; of a user who is not here the name stays as it is."""

import os.path
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

UserPath = Annotated[str, AfterValidator(os.path.expanduser)]
"""A setting that names a file or a folder."""


def written_out(path: str | Path) -> Path:
    """The path with the home folder written out.

    Args:
        path: As a user gave it, which may begin with "~".
    """
    return Path(os.path.expanduser(path))
