"""Samples that nothing scores, or no ORM: scores of an earlier run are not joined to them."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.pipeline import Pipeline
from kedro.runner import SequentialRunner

from stepscale.datasets.study_tables import OptionalTableDataset
from stepscale.pipelines.test_time_search.pipeline import best_of_n_by_prm, judge_samples_by_prm, sampled_test


@pytest.fixture
def catalog(tmp_path: Path) -> DataCatalog:
    """Scores of an earlier run, and what this run has sampled."""
    files = {name: tmp_path / f"{name}.parquet" for name in ("prm_scores", "orm_scores")}
    table = "stepscale.formats.tables.SCORES"
    for file in files.values():
        earlier = {"problem_id": ["p"], "sample_id": [0], "verifier": ["prm"], "score": [0.9]}
        pd.DataFrame(earlier).to_parquet(file)
    return DataCatalog(
        {name: OptionalTableDataset(filepath=str(file), table=table) for name, file in files.items()}
        | {"test_shards": MemoryDataset({"one": lambda: pd.DataFrame({"problem_id": ["p"]})}, copy_mode="assign")}
    )


def test_scores_of_an_earlier_run_s_samples_are_gone_once_others_are_sampled(
    catalog: DataCatalog, tmp_path: Path
) -> None:
    SequentialRunner().run(sampled_test().only_nodes("gather_test"), catalog)
    assert not list(tmp_path.iterdir())
    assert catalog.load("prm_scores").empty and catalog.load("orm_scores").empty


@pytest.mark.parametrize("pipeline", [best_of_n_by_prm, judge_samples_by_prm])
def test_scores_of_an_earlier_run_s_orm_are_gone_once_the_prm_alone_scores(
    pipeline: Callable[[], Pipeline], catalog: DataCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = pd.DataFrame(
        {"problem_id": ["q"], "sample_id": [0], "verifier": ["prm"], "negative": [[0.5]], "neutral": [[0.0]]}
    )
    monkeypatch.setattr("stepscale.pipelines.test_time_search.nodes._score_with_folder", lambda *given: scores)
    read = {"prm_model": Path(), "test_problems": None, "test_solutions": None}
    parameters = {"verifiers": SimpleNamespace(placement=None), "search": SimpleNamespace(public_prms=[])}
    for name, value in (read | {f"params:{key}": value for key, value in parameters.items()}).items():
        catalog[name] = MemoryDataset(value, copy_mode="assign")
    SequentialRunner().run(pipeline().only_nodes("score_with_prm"), catalog)
    assert [file.name for file in tmp_path.iterdir()] == ["prm_scores.parquet"]
    assert catalog.load("prm_scores")["problem_id"].tolist() == ["q"] and catalog.load("orm_scores").empty
