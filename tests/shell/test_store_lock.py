"""Runs that begin together on a new MLflow store make its tables one after another."""

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from stepscale.hooks.store_lock import store_lock

PROJECT = Path(__file__).parents[2]
OPEN_STORE = """
import sys
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
bootstrap_project(sys.argv[1])
roots = {"tracking_root": sys.argv[2], "data_root": sys.argv[2]}
with KedroSession.create(sys.argv[1], env="smoke", runtime_params=roots) as session:
    session.load_context()
"""


def test_one_folder_is_one_lock_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with store_lock(tmp_path / "store"), pytest.raises(Timeout):
        store_lock(tmp_path / "store" / ".." / "store").acquire(timeout=0)
    with store_lock(tmp_path / "store"), store_lock(tmp_path / "other"):
        pass


def test_three_runs_begin_at_once_on_a_new_store(tmp_path: Path) -> None:
    starts = [
        subprocess.Popen([sys.executable, "-c", OPEN_STORE, PROJECT, tmp_path], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    errors = [start.communicate(timeout=3600)[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0], errors
    assert (tmp_path / "mlflow.db").is_file()
