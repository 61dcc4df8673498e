"""A figure's value out of what its command wrote: JSON, Parquet or CSV."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from evidence.figures import Figure
from stepscale.errors import InputError


def value_of(figure: Figure, output: str, root: Path) -> float:
    """The value.

    Args:
        figure: Says where it stands.
        output: What the command printed.
        root: The folder that ``figure.file`` is in.

    Returns:
        The number.

    Raises:
        InputError: The file, the row or the key is not there, or holds no number.
    """
    place = f"{figure.id}: {figure.file or 'the output'}"
    try:
        if figure.file.endswith((".parquet", ".csv")):
            return _from_table(root / figure.file, figure.read)
        text = (root / figure.file).read_text(encoding="utf-8") if figure.file else output.strip().splitlines()[-1]
        return _from_json(json.loads(text), figure.read)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(f"{place} has no number at {figure.read!r} ({error}); correct the command or `read`") from None


def _from_json(value: Any, path: str) -> float:
    """The number at a path of keys; a key may hold dots itself: ``B7.small - larger at R = 0.16.estimate``."""
    while path:
        if isinstance(value, list):
            key, _, path = path.partition(".")
            value = value[int(key)]
            continue
        held = [key for key in value if f"{path}.".startswith(f"{key}.")]
        key = max(held, key=len, default=path)
        value, path = value[key], path[len(key) + 1 :]
    return float(value)


def _from_table(file: Path, read: str) -> float:
    column, _, conditions = read.partition(" where ")
    frame = pd.read_parquet(file) if file.suffix == ".parquet" else pd.read_csv(file)
    for condition in filter(None, conditions.split(",")):
        name, _, expected = condition.strip().partition("=")
        frame = frame[frame[name].astype(str) == expected]
    if len(frame) != 1:
        raise ValueError(f"{len(frame)} rows")
    return float(frame[column.strip()].iloc[0])
