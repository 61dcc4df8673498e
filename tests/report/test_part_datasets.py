"""Parts and tables of studies as datasets: what was not run loads as nothing, what is damaged is one clear line."""

from pathlib import Path

import pandas as pd
import pytest
from kedro.io.core import DatasetError
from parts_by_hand import part

from stepscale.datasets.report_part import ReportPartDataset
from stepscale.datasets.study_tables import OptionalTableDataset, StudyTablesDataset
from stepscale.studies.strategies.samples import SCORED_SAMPLES

ROWS = pd.DataFrame({"problem_id": ["a"], "sample_id": [0], "answer": ["1"], "is_correct": [True], "score": [0.5]})


def test_a_part_that_was_not_made_is_an_empty_one_and_a_saved_one_comes_back(tmp_path: Path) -> None:
    dataset = ReportPartDataset(filepath=str(tmp_path / "parts" / "search.json"), metadata={"kedro-viz": {}})
    assert dataset.load().is_empty and not dataset.exists()
    assert dataset.metadata == {"optional": True, "kedro-viz": {}}, "so that a run does not ask for it"
    dataset.save(part("search"))
    assert dataset.load() == part("search") and not list(tmp_path.rglob("*.new"))


def test_tables_of_an_earlier_run_that_this_one_lacks_are_gone(tmp_path: Path) -> None:
    dataset = StudyTablesDataset(path=str(tmp_path / "tables" / "search"))
    assert dataset.load() == {} and not dataset.exists()
    dataset.save({"curves": ROWS, "old": ROWS})
    dataset.save({"curves": ROWS.assign(score=1.0)})
    tables = dataset.load()
    assert list(tables) == ["curves"] and tables["curves"]["score"].item() == 1.0


def test_an_optional_table_is_declared_whether_it_is_there_or_not(tmp_path: Path) -> None:
    table = "stepscale.studies.strategies.samples.SCORED_SAMPLES"
    dataset = OptionalTableDataset(filepath=str(tmp_path / "08" / "samples.parquet"), table=table)
    assert dataset.load().empty and list(dataset.load()) == list(SCORED_SAMPLES.columns)
    dataset.save(ROWS)
    assert dataset.load()["search_score"].isna().all() and dataset.load()["score"].item() == 0.5
    with pytest.raises(DatasetError, match="scored_samples: column 'sample_id' is missing"):
        dataset.save(ROWS.drop(columns="sample_id"))
