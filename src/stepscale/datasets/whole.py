"""Files that are written whole or not at all on a local disk; on other stores, as the store writes them.

kedro-datasets write in place: a run killed while writing leaves half a table, which the next reader would find.
"""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from kedro_datasets import json as kedro_json
from kedro_datasets import pandas as kedro_pandas
from kedro_datasets import text as kedro_text

from stepscale.scratch import write_atomically


class ParquetDataset(kedro_pandas.ParquetDataset):
    """A Parquet file."""

    def save(self, data: pd.DataFrame) -> None:
        """Write under another name, then rename."""
        if self._protocol != "file":
            super().save(data)
            return
        write_atomically(Path(str(self._get_save_path())), lambda path: data.to_parquet(path, **self._save_args))


class TextDataset(kedro_text.TextDataset):
    """A text file."""

    def save(self, data: str) -> None:
        """Write under another name, then rename."""
        if self._protocol != "file":
            super().save(data)
            return
        write_atomically(Path(str(self._get_save_path())), lambda path: path.write_text(data, encoding="utf-8"))


class JSONDataset(kedro_json.JSONDataset):
    """A JSON file."""

    def save(self, data: Any) -> None:
        """Write under another name, then rename."""
        if self._protocol != "file":
            super().save(data)
            return
        text = json.dumps(data, **self._save_args)
        write_atomically(Path(str(self._get_save_path())), lambda path: path.write_text(text, encoding="utf-8"))
