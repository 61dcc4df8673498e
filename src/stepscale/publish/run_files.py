"""The JSON files of a finished run, read or refused in one line."""

import json
from pathlib import Path
from typing import Any

from stepscale.errors import InputError


def read_run_file(path: Path) -> Any:
    """What a run wrote into a JSON file.

    Args:
        path: The file, which is there.

    Raises:
        InputError: It is damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{path} is damaged ({error}); run the pipeline reporting again") from None
