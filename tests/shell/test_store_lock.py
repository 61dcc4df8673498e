"""Runs that begin together on a new MLflow store make its tables one after another."""

import subprocess
import sys
from pathlib import Path

import pytest
from filelock import Timeout

from stepscale.hooks.store_lock import store_lock

PROJECT = Path(__file__).parents[2]
N_RUNS = 3
OPEN_STORE = """
import os
import sys
import traceback

import kedro_mlflow.framework.hooks
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

bootstrap_project(sys.argv[1])
roots = {"tracking_root": sys.argv[2], "data_root": sys.argv[2]}
runs = []
for _ in range(int(sys.argv[3])):  # what a run imports takes seconds, so it is imported once
    runs.append(os.fork())
    if runs[-1] == 0:
        try:
            with KedroSession.create(sys.argv[1], env="smoke", runtime_params=roots) as session:
                session.load_context()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
print([os.waitstatus_to_exitcode(os.waitpid(run, 0)[1]) for run in runs])
"""


def test_one_folder_is_one_lock_however_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with store_lock(tmp_path / "store"), pytest.raises(Timeout):
        store_lock(tmp_path / "store" / ".." / "store").acquire(timeout=0)
    with store_lock(tmp_path / "store"), store_lock(tmp_path / "other"):
        pass


def test_three_runs_begin_at_once_on_a_new_store(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN_STORE, PROJECT, tmp_path, str(N_RUNS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    assert done.stdout == f"{[0] * N_RUNS}\n", done.stderr
    assert (tmp_path / "mlflow.db").is_file()
