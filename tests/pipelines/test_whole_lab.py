"""The lab on its smallest scale: whole and in part through the real ``kedro`` command, then the notebook."""

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

REPOSITORY = Path(__file__).resolve().parents[2]

Command = Callable[..., "CompletedProcess[str]"]


@pytest.mark.e2e
def test_the_lab_runs_whole_and_pipelines_go_on_from_it_and_the_notebook_reads_it(
    kedro: Command, run_in: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = kedro("run", "--env", "smoke")
    assert whole.returncode == 0, whole.stderr[-3000:]
    log = whole.stdout + whole.stderr
    assert "report.html" in log and "A1" in log
    data = project / "data" / "smoke"
    curves = pd.read_parquet(data / "08_reporting" / "curves.parquet")
    claims = json.loads((data / "08_reporting" / "claims.json").read_text())
    statuses = {claim["id"]: claim["status"] for claim in claims}
    assert statuses["A1"] in {"held", "did not hold", "inconclusive"}
    assert "best_of_n" in set(curves["method"])

    again = kedro("run", "--env", "smoke", "--pipelines", "test_time_search,reporting")
    assert again.returncode == 0, again.stderr[-3000:]
    pd.testing.assert_frame_equal(pd.read_parquet(data / "08_reporting" / "curves.parquet"), curves)
    for name in ("ingestion", "reporting"):
        alone = run_in(project, "--env", "smoke", "--pipelines", name)
        assert alone.exit_code == 0, f"{name}: {alone.output[-3000:]}"

    notebook = nbformat.read(REPOSITORY / "notebooks" / "first_look.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "the notebook is kept without outputs"
    monkeypatch.setenv("KEDRO_ENV", "smoke")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "src"))
    folder = project / "notebooks"
    folder.mkdir()
    NotebookClient(notebook, timeout=1200, resources={"metadata": {"path": str(folder)}}).execute()
    printed = "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", []))
    assert printed.count("wrong with probability") == 6
