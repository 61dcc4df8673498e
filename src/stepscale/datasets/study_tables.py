"""Tables of studies as datasets. They are optional: what was not run loads as no tables, or as a table without rows."""

import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.io.core import AbstractDataset

from stepscale.formats.checking import Table, check, empty


class StudyTablesDataset(AbstractDataset[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]):
    """The tables of one study by name, a Parquet file each. A folder that is absent loads as no tables."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = Path(path)
        self.metadata = {"optional": True} | (metadata or {})

    def load(self) -> dict[str, pd.DataFrame]:
        """All tables."""
        return {file.stem: pd.read_parquet(file) for file in sorted(self._path.glob("*.parquet"))}

    def save(self, data: dict[str, pd.DataFrame]) -> None:
        """Write them; tables of an earlier run that this one does not have go."""
        fresh = self._path.with_name(self._path.name + ".new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name, table in data.items():
            table.to_parquet(fresh / f"{name}.parquet")
        shutil.rmtree(self._path, ignore_errors=True)
        fresh.rename(self._path)

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}


class OptionalTableDataset(AbstractDataset[pd.DataFrame, pd.DataFrame]):
    """A declared table of which a run may have no rows: then no file is written, and none loads as no rows.

    ``table``: where it is declared, a dotted name.
    """

    def __init__(self, *, filepath: str, table: str, metadata: dict[str, Any] | None = None) -> None:
        module, name = table.rsplit(".", 1)
        self._filepath = Path(filepath)
        self._table: Table = getattr(import_module(module), name)
        self.metadata = {"optional": True} | (metadata or {})

    def load(self) -> pd.DataFrame:
        """The table, without rows if the file is absent. Raises InputError if it holds something else."""
        return check(pd.read_parquet(self._filepath), self._table) if self._exists() else empty(self._table)

    def save(self, data: pd.DataFrame) -> None:
        """Check and write it; without rows what lies there goes."""
        if data.empty:
            self._filepath.unlink(missing_ok=True)
            return
        self._filepath.parent.mkdir(parents=True, exist_ok=True)
        check(data, self._table).to_parquet(self._filepath)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "table": self._table.name}
