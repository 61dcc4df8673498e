"""Tables of studies as datasets. They are optional: a study that was not run loads as no tables, or as a table without rows."""

import shutil
from importlib import import_module
from typing import Any

import pandas as pd
from kedro.io.core import AbstractDataset

from stepscale.datasets.local_folder import local_folder
from stepscale.formats.checking import check, empty
from stepscale.formats.declarations import Table
from stepscale.formats.kept_tables import as_declared, read_kept_table, read_kept_tables
from stepscale.scratch import write_atomically


class StudyTablesDataset(AbstractDataset[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]):
    """The tables of one study by name, a Parquet file each. A folder that is absent loads as no tables.

    ``tables``: where they are declared, the dotted name of a mapping from table names to declarations.
    """

    def __init__(self, *, path: str, tables: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = local_folder(path)
        self._tables: dict[str, Table] = _declared(tables)
        self.metadata = {"optional": True} | (metadata or {})

    def load(self) -> dict[str, pd.DataFrame]:
        """All tables.

        Raises:
            InputError: One is damaged, or holds something else than is declared.
        """
        return read_kept_tables(self._path, self._tables)

    def save(self, data: dict[str, pd.DataFrame]) -> None:
        """Check and write them; other tables of an earlier run are removed."""
        checked = {name: as_declared(self._tables, name, table) for name, table in data.items()}
        fresh = self._path.with_name(self._path.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name, table in checked.items():
            table.to_parquet(fresh / f"{name}.parquet")
        shutil.rmtree(self._path, ignore_errors=True)
        fresh.rename(self._path)

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}


class OptionalTableDataset(AbstractDataset[pd.DataFrame, pd.DataFrame]):
    """A declared table that may be empty: an empty table is not written, and an absent file loads as an empty table.

    ``table``: where it is declared, a dotted name.
    """

    def __init__(self, *, filepath: str, table: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = local_folder(filepath)
        self._table: Table = _declared(table)
        self.metadata = {"optional": True} | (metadata or {})

    def load(self) -> pd.DataFrame:
        """The table, without rows if the file is absent.

        Raises:
            InputError: It is damaged, or holds something else than is declared.
        """
        return read_kept_table(self._filepath, self._table) if self._exists() else empty(self._table)

    def save(self, data: pd.DataFrame) -> None:
        """Check and write the table; a table without rows is not written, and an old file is removed."""
        if data.empty:
            self._filepath.unlink(missing_ok=True)
            return
        write_atomically(self._filepath, check(data, self._table).to_parquet)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "table": self._table.name}


def _declared(dotted: str) -> Any:
    """What a dotted name declares."""
    module, name = dotted.rsplit(".", 1)
    return getattr(import_module(module), name)
