"""A folder of any files, handed from node to node as its path; the folder is always complete."""

from pathlib import Path
from typing import Any

from kedro.io.core import AbstractDataset

from stepscale.datasets.local_folder import local_folder
from stepscale.errors import InputError
from stepscale.scratch import replace_folder


class FolderDataset(AbstractDataset[Path, Path]):
    """Saves by copying a folder to ``path``, replacing what was there; loads the path."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        self._path = local_folder(path)
        self.metadata = metadata

    def load(self) -> Path:
        """Where the folder is.

        Raises:
            InputError: It is not there.
        """
        if not self._exists():
            raise InputError(f"{self._path}: there is no such folder; run the pipeline that makes it first")
        return self._path

    def save(self, data: Path) -> None:
        """Copy a folder here. The old one is removed only when the copy is complete."""
        replace_folder(data, self._path)

    def _exists(self) -> bool:
        return self._path.is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}
