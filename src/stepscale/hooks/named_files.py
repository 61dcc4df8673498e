"""Files and folders that parameters name: data sets to read, and base models. Their content counts as an input.

In: a block of parameters. Out: their places. Hub names have no content here; files that people still write to (labels, few-shot
examples) are left to their readers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from stepscale.parameters import FileSource

PREFIX = "file "
"""How the name of such an input begins in a record."""
_MODELS = ("base", "source")


def named_files(block: Any) -> Iterator[str]:
    """The names, in records, of what a block names and what is there.

    Args:
        block: A block of parameters, typed; anything else names nothing.
    """
    if not isinstance(block, BaseModel):
        return
    for name in type(block).model_fields:
        value = getattr(block, name)
        is_place = name in _MODELS or (name == "path" and isinstance(block, FileSource))
        if is_place and isinstance(value, str) and Path(value).exists():
            yield f"{PREFIX}{value}"
        for inner in value if isinstance(value, tuple) else (value,):
            yield from named_files(inner)


def place_of_named(name: str) -> Path | None:
    """The place of a file by its name in records; None for other names.

    Args:
        name: Of an input.
    """
    return Path(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
