"""A folder of Parquet files that are made one after another, by a node that may be killed between or during any two.

What lies there is always whole: a file gets its name only when it has been written. Loading gives a reader by name and
reads nothing; an empty folder is no fault, for nothing is finished before the first run. kedro-datasets has neither: its
PartitionedDataset refuses an empty folder, its IncrementalDataset reads every file at once, and both can leave half a file.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from kedro_datasets.pandas import ParquetDataset
from kedro_datasets.partitions import PartitionedDataset

_LIST = "current"  # how the names of partitions begin that list finished work; pipelines.sampling.MANIFEST


class WholeParquetDataset(ParquetDataset):
    """A Parquet file that is there whole or not at all, on a local disk; elsewhere as the store has it."""

    def save(self, data: pd.DataFrame) -> None:
        """Write under another name, then rename."""
        if self._protocol != "file":
            super().save(data)
            return
        target = Path(str(self._get_save_path()))
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f"{target.name}.partial")  # not *.parquet: never taken for a shard
        data.to_parquet(partial, **self._save_args)
        os.replace(partial, target)


class ShardsDataset(PartitionedDataset):
    """Shards of one piece of work. ``path``: their folder."""

    def __init__(self, *, path: str, metadata: dict[str, Any] | None = None) -> None:
        super().__init__(path=path, dataset=WholeParquetDataset, filename_suffix=".parquet", metadata=metadata)

    def load(self) -> dict[str, Callable[[], Any]]:
        """A reader for each shard that lies there, by its name."""
        self._invalidate_caches()
        found: dict[str, Callable[[], Any]] = super().load() if self._list_partitions() else {}
        return found

    def _exists(self) -> bool:
        """Whether the work is finished: a list of its shards is there, so ``--only-missing-outputs`` runs a killed node again.

        Like that option itself it knows nothing of parameters: the list may be of a run with other ones.
        """
        self._invalidate_caches()
        return any(Path(path).name.startswith(_LIST) for path in self._list_partitions())
