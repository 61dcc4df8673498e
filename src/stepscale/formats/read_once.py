"""Benchmarks of a run: read before it begins, so that a mistake in them shows early, and not read again by their node.

In: where a data set is. Out: its tables, not to be changed. A file that was written to in between is read again.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from stepscale.errors import InputError
from stepscale.formats.contract import Tables
from stepscale.formats.hub import is_hub_name
from stepscale.formats.registry import read
from stepscale.formats.source_files import data_files

_MAX_KEPT_BENCHMARKS = 4  # kept: ProcessBench of two parts of a run, PRMBench, Hard2Verify

_State = tuple[tuple[str, int, int], ...]


def read_benchmark(path: str, format: str, options: Mapping[str, Any]) -> Tables:
    """Solutions whose steps are judged, read once in a process.

    Args:
        path: A file, a folder, or a hub name.
        format: As ``formats.read`` takes it.
        options: Of the format.

    Returns:
        The tables; they are shared and must not be changed.

    Raises:
        InputError: It cannot be read, or holds no solutions.
    """
    return _read(path, format, orjson.dumps(dict(options), option=orjson.OPT_SORT_KEYS), _state(path, options))


def _state(path: str, options: Mapping[str, Any]) -> _State:
    if is_hub_name(path):
        return ()
    files = [(file, file.stat()) for file in data_files(Path(path), options.get("split"))]
    return tuple((str(file), stat.st_mtime_ns, stat.st_size) for file, stat in files)


@lru_cache(maxsize=_MAX_KEPT_BENCHMARKS)
def _read(path: str, format: str, options: bytes, state: _State) -> Tables:
    tables = read(path, format, **orjson.loads(options))
    if tables.solutions.empty:
        raise InputError(f"{path}: it holds no solutions whose steps could be judged; check its path and format")
    return tables
