"""Tables that an earlier run left, a Parquet file each: read and checked, or refused in one line."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.checking import check, empty
from stepscale.formats.declarations import Table
from stepscale.formats.opening import DAMAGE
from stepscale.formats.parquet import read_frame


def read_kept_tables(folder: Path, declared: Mapping[str, Table]) -> dict[str, pd.DataFrame]:
    """The tables of one study by name; none if the folder is absent.

    Args:
        folder: Where they are.
        declared: What each may hold, by name.

    Raises:
        InputError: One is damaged, not declared, or holds something else than is declared.
    """
    read = {}
    for file in sorted(folder.glob("*.parquet")):
        with _named(file):
            read[file.stem] = as_declared(declared, file.stem, _read(file))
    return read


def read_kept_frame(file: Path) -> pd.DataFrame:
    """One such table as it was saved, whatever it holds.

    Args:
        file: Where it is.

    Raises:
        InputError: It is absent or damaged.
    """
    with _named(file):
        return _read(file)


def read_kept_table(file: Path, table: Table) -> pd.DataFrame:
    """One such table.

    Args:
        file: Where it is.
        table: What it may hold.

    Raises:
        InputError: It is damaged, or holds something else than is declared.
    """
    with _named(file):
        return check(_read(file), table)


def read_tables_of_run(folder: Path, needed: Mapping[str, tuple[str, Table]]) -> dict[str, pd.DataFrame]:
    """Some tables of a finished run by name, for what is asked of it later.

    Args:
        folder: The run's data.
        needed: By name the room of the data folder that a table is in, and what it may hold.

    Raises:
        InputError: One is not there, is damaged, or holds something else than is declared.
    """
    files = {name: folder / room / f"{name}.parquet" for name, (room, _) in needed.items()}
    if absent := [file for file in files.values() if not file.is_file()]:
        raise InputError(f"{absent[0]} is not there; name the data folder of a finished run that made it")
    return {name: read_kept_table(file, needed[name][1]) for name, file in files.items()}


def as_declared(declared: Mapping[str, Table], name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table as it is declared; a table without rows may lack its columns.

    Args:
        declared: What each table may hold, by name.
        name: Of this one.
        frame: Its rows.

    Raises:
        InputError: It is not declared, or holds something else than is declared.
    """
    if name not in declared:
        raise InputError(f"table {name!r} is not declared; there are {', '.join(declared)}; delete it")
    return check(frame, declared[name]) if len(frame) else empty(declared[name])


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Lets the error of a table say which file it is in."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{file}: {error}") from None


def _read(file: Path) -> pd.DataFrame:
    try:
        return read_frame(file)
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(f"it cannot be read ({reason}); delete it and run again what made it") from None
