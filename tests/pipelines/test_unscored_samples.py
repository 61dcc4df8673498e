"""Samples that nothing scores: scores of an earlier run are not joined to them."""

from pathlib import Path

import pandas as pd
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

from stepscale.datasets.study_tables import OptionalTableDataset
from stepscale.pipelines.test_time_search.pipeline import sampled_test


def test_scores_of_an_earlier_run_s_samples_are_gone_once_others_are_sampled(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.parquet" for name in ("prm_scores", "orm_scores")}
    table = "stepscale.formats.tables.SCORES"
    for file in files.values():
        earlier = {"problem_id": ["p"], "sample_id": [0], "verifier": ["prm"], "score": [0.9]}
        pd.DataFrame(earlier).to_parquet(file)
    catalog = DataCatalog(
        {name: OptionalTableDataset(filepath=str(file), table=table) for name, file in files.items()}
        | {"test_shards": MemoryDataset({"one": lambda: pd.DataFrame({"problem_id": ["p"]})}, copy_mode="assign")}
    )
    SequentialRunner().run(sampled_test().only_nodes("gather_test"), catalog)
    assert not any(file.exists() for file in files.values())
    assert catalog.load("prm_scores").empty and catalog.load("orm_scores").empty
