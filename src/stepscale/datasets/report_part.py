"""A study's part of the report as a dataset. It is optional: the part of a study that was not run is absent."""

from pathlib import Path
from typing import Any

from kedro.io.core import AbstractDataset

from stepscale.report.part import Part, read_part
from stepscale.scratch import write_atomically


class ReportPartDataset(AbstractDataset[Part, Part]):
    """A part of the report as JSON. A file that is absent loads as an empty part."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = {"optional": True} | (metadata or {})

    def load(self) -> Part:
        """The part.

        Raises:
            InputError: The file holds something else.
        """
        return read_part(self._filepath) if self._exists() else self.empty()

    def empty(self) -> Part:
        """The empty part: stands for a part that is absent, or whose data no longer exists."""
        return Part(name=self._filepath.stem, title="")

    def save(self, data: Part) -> None:
        """Write it whole or not at all."""
        text = data.model_dump_json(indent=1)
        write_atomically(self._filepath, lambda path: path.write_text(text, encoding="utf-8"))

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}
