"""The tables themselves as a folder of Parquet files, one a table: the form in which they are kept and passed on.

    my_samples/problems.parquet, solutions.parquet, step_labels.parquet, scores.parquet, records.parquet

Only problems.parquet is required. This is also the way in for samples of one's own: `stepscale.formats.tables` says
what each holds.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats import tables
from stepscale.formats.checking import check
from stepscale.formats.contract import Tables
from stepscale.formats.prm800k.side import RECORDS

_CHECKS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "problems": tables.problems,
    "solutions": tables.solutions,
    "step_labels": tables.step_labels,
    "scores": tables.scores,
    "records": partial(check, table=RECORDS),
}


def read(source: str | Path) -> Tables:
    """The tables of a folder, checked. Raises InputError for a missing folder or file and for a table that is not as
    declared.
    """
    folder = Path(source)
    if not (folder / "problems.parquet").is_file():
        raise InputError(f"{folder}: no problems.parquet there; give the folder that holds the tables")
    found: dict[str, Any] = {}
    for name, checked in _CHECKS.items():
        file = folder / f"{name}.parquet"
        if file.is_file():
            try:
                frame = pd.read_parquet(file)
            except (OSError, ValueError) as error:
                raise InputError(f"{file} cannot be read as Parquet ({' '.join(str(error).split())})") from None
            found[name] = checked(frame)
    return Tables(**found)


def write(data: Tables, path: str | Path) -> int:
    """Write each table that has rows into the folder `path`; returns the number of files."""
    folder = Path(path)
    written = 0
    for name in (field.name for field in fields(data) if field.name in _CHECKS):
        frame = getattr(data, name)
        if frame is not None and len(frame):
            folder.mkdir(parents=True, exist_ok=True)
            _CHECKS[name](frame).to_parquet(folder / f"{name}.parquet", index=False)
            written += 1
    return written
