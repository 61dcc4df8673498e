"""The lab on its smallest scale: whole, then in part, also through the real ``kedro`` command, then the notebook."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pandas as pd
import pytest

from stepscale.publish.costs import claim_costs

REPOSITORY = Path(__file__).resolve().parents[2]

Command = Callable[..., "CompletedProcess[str]"]
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def data(run_in: Run, shared_project: Path) -> Path:
    """What a run of the whole lab leaves."""
    done = run_in(shared_project, "--env", "smoke")
    assert done.exit_code == 0, done.output[-3000:]
    return shared_project / "data" / "smoke"


@pytest.fixture(scope="module")
def curves(data: Path) -> pd.DataFrame:
    """Its curves."""
    return pd.read_parquet(data / "08_reporting" / "curves.parquet")


@pytest.mark.e2e
def test_the_lab_runs_whole(data: Path, curves: pd.DataFrame) -> None:
    claims = json.loads((data / "08_reporting" / "claims.json").read_text())
    statuses = {claim["id"]: claim["status"] for claim in claims}
    assert statuses["A1"] in {"held", "did not hold", "inconclusive"}
    assert "best_of_n" in set(curves["method"])


@pytest.mark.e2e
def test_each_claim_that_was_measured_has_its_cost(data: Path) -> None:
    claims = json.loads((data / "08_reporting" / "claims.json").read_text())
    costs = claim_costs(data)
    assert {claim for cost in costs for claim in cost.claims} == {
        claim["id"] for claim in claims if claim["status"] != "not measured"
    }
    assert all(cost.seconds > cost.own_seconds > 0 for cost in costs)  # all need the generator


@pytest.mark.e2e
def test_pipelines_go_on_from_it(
    run_in: Run, shared_kedro: Command, shared_project: Path, data: Path, curves: pd.DataFrame
) -> None:
    for name in ("ingestion", "test_time_search"):
        alone = run_in(shared_project, "--env", "smoke", "--pipelines", name)
        assert alone.exit_code == 0, f"{name}: {alone.output[-3000:]}"
    again = shared_kedro("run", "--env", "smoke", "--pipelines", "reporting")
    assert again.returncode == 0, again.stderr[-3000:]
    log = again.stdout + again.stderr
    assert "report.html" in log and "A1" in log
    pd.testing.assert_frame_equal(pd.read_parquet(data / "08_reporting" / "curves.parquet"), curves)


@pytest.mark.e2e
@pytest.mark.usefixtures("data")
def test_the_notebook_reads_it(shared_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat  # takes seconds, which not every worker of the suite should spend
    from nbclient import NotebookClient

    notebook = nbformat.read(REPOSITORY / "notebooks" / "first_look.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "the notebook is kept without outputs"
    monkeypatch.setenv("KEDRO_ENV", "smoke")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "src"))
    folder = shared_project / "notebooks"
    folder.mkdir()
    NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(folder)}}).execute()
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert printed.count("wrong with probability") == 6
