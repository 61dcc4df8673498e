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

CURVES = pd.DataFrame(
    {
        "of": ["search"],
        "bins": ["oracle"],
        "bin": [1],
        "n": [4.0],
        "accuracy": [0.5],
        "low": [0.4],
        "high": [0.6],
        "n_problems": [10],
    }
)


@pytest.fixture
def study(tmp_path: Path) -> StudyTablesDataset:
    """The tables of a study, not saved yet."""
    return StudyTablesDataset(
        path=str(tmp_path / "tables" / "larger"), tables="stepscale.studies.larger_model.tables.TABLES"
    )


def test_a_part_that_was_not_made_is_an_empty_one_and_a_saved_one_comes_back(tmp_path: Path) -> None:
    dataset = ReportPartDataset(filepath=str(tmp_path / "parts" / "search.json"), metadata={"kedro-viz": {}})
    assert dataset.load().is_empty and not dataset.exists()
    assert dataset.metadata == {"optional": True, "kedro-viz": {}}, "so that a run does not ask for it"
    dataset.save(part("search"))
    assert dataset.load() == part("search") and [path.name for path in tmp_path.rglob("*.*")] == ["search.json"]


def test_tables_of_an_earlier_run_that_this_one_lacks_are_gone(study: StudyTablesDataset) -> None:
    assert study.load() == {} and not study.exists()
    study.save({"curves": CURVES, "quantities": pd.DataFrame()})
    assert list(study.load()["quantities"])[:2] == ["of", "name"], "without rows it has its columns all the same"
    study.save({"curves": CURVES.assign(accuracy=1.0)})
    tables = study.load()
    assert list(tables) == ["curves"] and tables["curves"]["accuracy"].item() == 1.0


def test_tables_of_a_study_are_checked_when_saved_and_when_loaded(study: StudyTablesDataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="table 'curve' is not declared; there are match, curves, quantities"):
        study.save({"curve": CURVES})
    with pytest.raises(DatasetError, match=r"bin_curves: column 'accuracy' holds 2\.0 in row 0"):
        study.save({"curves": CURVES.assign(accuracy=2.0)})
    assert not study.exists(), "nothing of what is wrong is written"
    study.save({"curves": CURVES})
    CURVES.drop(columns="bin").to_parquet(tmp_path / "tables" / "larger" / "curves.parquet")
    with pytest.raises(DatasetError, match="bin_curves: column 'bin' is missing"):
        study.load()


def test_a_damaged_table_is_one_line_that_names_its_file(study: StudyTablesDataset, tmp_path: Path) -> None:
    study.save({"curves": CURVES})
    file = tmp_path / "tables" / "larger" / "curves.parquet"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(
        DatasetError, match=r"curves\.parquet: it cannot be read .*; delete it and run again what made it"
    ):
        study.load()


def test_an_optional_table_is_declared_whether_it_is_there_or_not(tmp_path: Path) -> None:
    table = "stepscale.studies.strategies.samples.SCORED_SAMPLES"
    dataset = OptionalTableDataset(filepath=str(tmp_path / "08" / "samples.parquet"), table=table)
    assert dataset.load().empty and list(dataset.load()) == list(SCORED_SAMPLES.columns)
    dataset.save(ROWS)
    assert dataset.load()["search_score"].isna().all() and dataset.load()["score"].item() == 0.5
    with pytest.raises(DatasetError, match="scored_samples: column 'sample_id' is missing"):
        dataset.save(ROWS.drop(columns="sample_id"))
