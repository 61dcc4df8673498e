"""The real ``kedro run``, killed while it samples and run again: same bytes, and no finished shard is made twice."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from shard_workers import begin

REPOSITORY = Path(__file__).resolve().parents[2]
NODES = "choose_test_problems,sample_test,gather_test"
PARAMS = "search.samples.problems_per_shard=2,search.samples.per_problem=2"
N_SHARDS = 8
KILLED_AT = (3,)  # shards that lie there when a run is killed; test_resume kills many times
WORDS = ("--env", "smoke", "--nodes", NODES, "--params", PARAMS)


def finished(project: Path) -> dict[Path, int]:
    """Shards that lie there whole, and when each was written."""
    got = {}
    for path in (project / "data" / "smoke" / "02_intermediate" / "test").rglob("*.parquet"):
        try:
            pd.read_parquet(path)
        except Exception:  # cut short by the kill
            continue
        if not path.name.startswith("current"):
            got[path] = path.stat().st_mtime_ns
    return got


def kill_at(project: Path, shards: int) -> None:
    """Start a run and kill it as soon as so many shards lie there."""
    run = begin("kedro", ("run", *WORDS), project)
    shard_folder = project / "data" / "smoke" / "02_intermediate" / "test"
    while run.is_alive() and len(list(shard_folder.rglob("*.parquet"))) < shards:
        time.sleep(0.01)
    assert run.is_alive(), "the run ended before it could be killed"
    run.kill()
    run.join()


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As the processes that are killed have it: sums in another order would be other last digits."""
    n = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n)


@pytest.mark.e2e
@pytest.mark.usefixtures("one_thread")
def test_a_run_killed_while_it_samples_goes_on_where_it_stopped(project: Path, run_in: Callable[..., Any]) -> None:
    from stepscale.lab.problems import make_problems

    data = project / "data" / "smoke"
    (data / "03_primary").mkdir(parents=True)
    tests, heldout = make_problems(2 * N_SHARDS, "test", 0), make_problems(4, "test", 0, families=("active",))
    pd.concat([tests, heldout]).to_parquet(data / "03_primary" / "problems.parquet")
    shutil.copytree(REPOSITORY / "data" / "01_raw" / "lab_base", data / "06_models" / "generator")
    for shards in KILLED_AT:
        before = finished(project)
        kill_at(project, shards)
        assert before.items() <= finished(project).items(), "a finished shard was made again"
    tables = finished(project)
    assert KILLED_AT[-1] - 1 <= len(tables) < N_SHARDS
    last = run_in(project, *WORDS)
    assert last.exit_code == 0, last.output[-3000:]
    assert tables.items() <= finished(project).items(), "a finished shard was made again"
    table = (data / "07_model_output" / "test_solutions.parquet").read_bytes()

    shutil.rmtree(data / "02_intermediate")
    undisturbed = run_in(project, *WORDS)
    assert undisturbed.exit_code == 0, undisturbed.output[-3000:]
    assert (data / "07_model_output" / "test_solutions.parquet").read_bytes() == table
