"""Is a folder of ``datasets.save_to_disk`` whole? In: the files below it. Out: nothing, or one error that names what is absent.

The library notes the splits in ``dataset_dict.json`` and the files of each split in ``state.json``.
"""

import json
from pathlib import Path
from typing import Any

from stepscale.errors import InputError


def refuse_missing_parts(files: list[Path]) -> None:
    """Refuse a folder that lacks a split or a file of one.

    Args:
        files: All files below the folder.

    Raises:
        InputError: It lacks one.
    """
    for file in files:
        if file.name == "dataset_dict.json":
            _refuse_missing_splits(file)
        elif file.name == "state.json":
            _refuse_missing_shards(file)


def _refuse_missing_splits(listing: Path) -> None:
    names = _noted(listing, "splits")
    stated = [listing.parent / name for name in names if isinstance(name, str)]
    if absent := next((split for split in stated if not split.is_dir() or not any(split.iterdir())), None):
        raise InputError(
            f"{absent}: this split is absent, though {listing.name} names it; copy the whole folder, or read one split with "
            "split="
        )


def _refuse_missing_shards(state: Path) -> None:
    shards = _noted(state, "_data_files")
    stated = [
        state.parent / str(shard["filename"]) for shard in shards if isinstance(shard, dict) and "filename" in shard
    ]
    if absent := next((shard for shard in stated if not shard.exists()), None):
        raise InputError(f"{absent}: it is absent, though {state.name} names it; copy the whole folder")


def _noted(file: Path, key: str) -> list[Any]:
    """The list under a key; an empty one where the file is of another library."""
    try:
        noted = json.loads(file.read_text())[key]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return noted if isinstance(noted, list) else []
