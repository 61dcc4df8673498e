"""The tables themselves as a folder of Parquet files, one per table: the form in which they are kept and passed on.

    my_samples/problems.parquet, solutions.parquet, step_labels.parquet, scores.parquet, predictions.parquet,
    records.parquet

Only problems.parquet is required. Use this format for your own samples: `stepscale.formats.tables` says
what each holds.
"""

import os
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.checking import check
from stepscale.formats.contract import Tables, checked, scores_of_other_lengths
from stepscale.formats.fields import ReadError
from stepscale.formats.opening import check_is_parquet, readable
from stepscale.formats.output import checked_output
from stepscale.formats.prm800k.records_table import RECORDS
from stepscale.formats.source_files import checked_path, data_files, is_file_name
from stepscale.user_paths import is_there

_TABLES = ("problems", "solutions", "step_labels", "scores", "predictions", "records")


def read(source: str | Path) -> Tables:
    """The tables of a folder, checked each and together.

    Args:
        source: The folder.

    Returns:
        Its tables.

    Raises:
        InputError: A missing folder or file, a file that is not one of the tables, or a table that is not as declared.
    """
    folder = Path(checked_path(source))
    if not is_folder_of_tables(folder):
        remedy = "write it beside the others" if holds_tables(folder) else "give the folder that holds the tables"
        message = f"{folder}: no problems.parquet there; {remedy}"
        raise ReadError(message, is_foreign=True)
    for file in data_files(folder):
        if file.parent == folder and file.name not in {f"{name}.parquet" for name in _TABLES}:
            near = get_close_matches(file.name.split(".")[0], _TABLES, 1)
            hint = f"rename it to {near[0]}.parquet" if near else f"the tables are {', '.join(_TABLES)}"
            raise InputError(f"{file}: no table has this name; {hint}, or move it out")
    frames: dict[str, Any] = {}
    for name in _TABLES:
        file = folder / f"{name}.parquet"
        if file.is_file():
            with readable(file):
                check_is_parquet(file)
                frames[name] = read_frame(file)
    return _checked(Tables(**frames), folder)


def read_frame(file: Path) -> pd.DataFrame:
    """A table as pandas wrote it, with what pandas noted of it in the file: no checksum covers these notes.

    Args:
        file: The Parquet file.

    Raises:
        ValueError: They are damaged.
    """
    with file.open("rb") as stream:
        try:
            return pd.read_parquet(stream, page_checksum_verification=True)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the notes of pandas in it are damaged: {error!r}") from None


def is_folder_of_tables(folder: str | Path) -> bool:
    """Whether a folder holds the tables: the problems at the least.

    Args:
        folder: Any path.
    """
    return is_there(folder := Path(checked_path(folder))) and (folder / "problems.parquet").is_file()


def holds_tables(folder: str | Path) -> bool:
    """Whether a folder has a file that is named as one of the tables are, be it without the problems.

    Args:
        folder: Any path.
    """
    return is_there(folder := Path(checked_path(folder))) and any(
        (folder / f"{name}.parquet").is_file() for name in _TABLES
    )


def read_searches(source: str | Path) -> Tables:
    """The same folder, for its table of predictions.

    Args:
        source: A folder of Parquet tables.

    Raises:
        InputError: As ``read``, or the folder has none.
    """
    data = read(source)
    if data.predictions.empty:
        raise InputError(f"{source}: no predictions.parquet there; give a folder with the results of searches")
    return data


def write(data: Tables, path: str | Path) -> int:
    """Write each table that has rows, with checksums of its pages: all of them, or the folder stays as it was.

    Args:
        data: The tables.
        path: The folder; made if need be.

    Returns:
        The number of files.

    Raises:
        InputError: There are no problems, a table is not as declared, or the folder cannot be written to. Or it holds a table
            of other data that these tables would not replace.
    """
    folder = checked_output(path)
    if is_file_name(folder.name) or os.path.isfile(folder):
        raise InputError(f"{folder}: the tables are a folder of Parquet files; give the name of a folder")
    data = _checked(data)
    frames = {name: getattr(data, name) for name in _TABLES}
    frames = {f"{name}.parquet": frame for name, frame in frames.items() if frame is not None and len(frame)}
    other_files = [f"{name}.parquet" for name in _TABLES if f"{name}.parquet" not in frames]
    if stale := [name for name in other_files if os.path.exists(folder / name)]:
        raise InputError(
            f"{folder / stale[0]} is of other data, for these tables have none of that name; remove it, or give another folder"
        )
    parts = {name: folder / f".{name}.part" for name in frames}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            with parts[name].open("wb") as stream:  # pyarrow itself takes no name that is not UTF-8
                frame.to_parquet(stream, index=False, write_page_checksum=True)
        for name, part in parts.items():
            part.replace(folder / name)
    except OSError as error:
        raise InputError(f"{folder} cannot be written ({error}); check the folder and its permissions") from None
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink()
    return len(frames)


def _checked(data: Tables, folder: Path | None = None) -> Tables:
    data = checked(data, folder)
    others = scores_of_other_lengths(data)
    if len(others):
        row = others.iloc[0]
        raise InputError(
            f"scores: {(row['problem_id'], int(row['sample_id']))} has {row['n_scores']} scores of {row['verifier']!r} for "
            f"{row['n_steps']} steps; give one per step, or one for the whole solution"
        )
    return data if data.records is None else replace(data, records=check(data.records, RECORDS))
