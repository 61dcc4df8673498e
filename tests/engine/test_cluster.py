"""Pieces of work on real clusters: in order, few at once, the same bytes when a worker is killed, one line for mistakes."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cluster_work
import pandas as pd
import pytest
from tiny_models import save_tiny_llama

from stepscale.datasets.local_folder import local_folder
from stepscale.datasets.shards import ShardsDataset
from stepscale.engine import cluster as clusters
from stepscale.engine.cluster import Cluster, check_cluster, run_on
from stepscale.engine.tasks import run_tasks, use_cluster
from stepscale.errors import InputError
from stepscale.parameters import GeneratorBlock, SampleCounts
from stepscale.pipelines.sampling import GradedSampler
from stepscale.resume import Piece, Recipe, ShardPlan

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def dask() -> Iterator[Cluster]:
    """A scheduler and two workers, one process each, on loopback; a worker that dies is started anew."""
    distributed = pytest.importorskip("distributed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", f"{TESTS.parent / 'src'}{os.pathsep}{TESTS}")
        local = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs="ERROR"
        )
        yield Cluster(kind="dask", address=local.scheduler_address)
        with suppress(TimeoutError):  # a worker that was killed may still be starting anew
            local.close(timeout=60)


@pytest.fixture(autouse=True)
def on_this_machine_afterwards() -> Iterator[None]:
    yield
    use_cluster(None)


def plan(folder: Path, n: int = 8) -> ShardPlan:
    folder.mkdir(exist_ok=True)
    recipe = Recipe.of("stepscale.cost", inputs={}, settings=0, seed=0)
    pieces = (Piece(f"piece-{i}", recipe, partial(cluster_work.piece, folder, i)) for i in range(n))
    return ShardPlan("working", tuple(pieces))


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.parquet"))}


@pytest.mark.e2e
def test_two_ray_nodes_one_of_which_is_killed_give_the_same_rows(tmp_path: Path) -> None:
    """The first one: Dask's processes, which work while they wait, are not there yet."""
    if not find_spec("ray"):
        pytest.skip("ray is an extra")
    isolated = ["unshare", "-rn"]  # Ray listens on all interfaces: here there is none but loopback
    if not shutil.which("unshare") or subprocess.run([*isolated, "true"], capture_output=True).returncode:
        pytest.skip("no network namespace can be made here")
    light = tmp_path / "light"
    light.mkdir()
    # Each of Ray's processes would load this for more than a second (conftest.py).
    (light / "rfc3987_syntax.py").write_text("raise ImportError\n")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, (TESTS.parent / "src", TESTS, light))),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_health_check_timeout_ms": "60000",
        "OMP_NUM_THREADS": "1",
    }
    command = f"ip link set lo up && exec {sys.executable} {TESTS / 'ray_session.py'} {tmp_path}"
    running = [*isolated, "sh", "-c", command]
    try:
        process = subprocess.run(running, env=environment, capture_output=True, text=True, timeout=560)
    except subprocess.TimeoutExpired:
        pytest.skip("Ray did not end in time: this machine is busy")
    if process.returncode == 75:
        pytest.skip("Ray's nodes did not start in time: this machine is busy")
    assert process.returncode == 0, (process.stdout + process.stderr)[-3000:]
    results = json.loads(process.stdout.splitlines()[-1])
    expected = [cluster_work.piece(tmp_path, n).table.to_json() for n in range(8)]
    assert results["tables"] == [hashlib.sha256(text.encode()).hexdigest() for text in expected]
    assert results["begun"].count(cluster_work.DEADLY) >= 2
    assert results["refused"].startswith("piece 2: there is no such model")


@pytest.mark.e2e
def test_a_worker_killed_in_the_middle_of_a_piece_changes_no_byte_and_nothing_saved_is_made_again(
    dask: Cluster, tmp_path: Path
) -> None:
    use_cluster(dask)
    notes = tmp_path / "notes"
    with cluster_work.killer(plan(notes) and notes):
        ShardsDataset(path=str(tmp_path / "cluster")).save(plan(notes))
    begun = [int(path.name.split("-")[1]) for path in notes.glob("begun-*")]
    assert begun.count(cluster_work.DEADLY) == 2 and set(begun) == set(range(8))
    use_cluster(None)
    ShardsDataset(path=str(tmp_path / "here")).save(plan(notes))
    assert len(files(tmp_path / "here")) == 8 and files(tmp_path / "cluster") == files(tmp_path / "here")
    use_cluster(dask)
    before = len(list(notes.glob("begun-*")))
    ShardsDataset(path=str(tmp_path / "cluster")).save(plan(notes))
    assert len(list(notes.glob("begun-*"))) == before


@pytest.mark.e2e
def test_sampling_on_a_cluster_opens_the_model_there_and_gives_the_bytes_of_this_machine(
    dask: Cluster, tmp_path: Path
) -> None:
    model = save_tiny_llama(tmp_path / "model", ["What is 3 + 4?", "3 + 4 = 7\nThe answer is 7"])
    settings = GeneratorBlock.model_validate(
        {
            "base": str(model),
            "prompt": "{problem}\n",
            "examples": "given",
            "samples_per_problem": 1,
            "sampling": {"max_new_tokens": 12},
            "fine_tuning": None,
        }
    )
    problems = pd.DataFrame(
        {"problem_id": [f"p{i}" for i in range(6)], "problem": [f"What is {i} + 4?" for i in range(6)], "answer": "7"}
    )
    counts = SampleCounts(per_problem=4, problems_per_shard=1)
    for place, cluster in (("here", None), ("cluster", dask)):
        use_cluster(cluster)
        ShardsDataset(path=str(tmp_path / place)).save(
            GradedSampler(model, settings, seed=1).plan("pool", problems, counts)
        )
    assert len(files(tmp_path / "here")) == 6 and files(tmp_path / "cluster") == files(tmp_path / "here")


@pytest.mark.e2e
def test_a_mistake_and_a_worker_of_another_version_are_one_line(dask: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_cluster(dask) in (1, 2), "the one that was killed may not be back yet"
    assert os.getpid() not in set(run_on(dask, cluster_work.process, [(0.0,)] * 3))
    with pytest.raises(InputError, match="piece 2: there is no such model"):
        list(run_on(dask, cluster_work.refuse, [(n,) for n in range(4)]))
    monkeypatch.setattr(clusters, "package_hash", lambda: "another")
    with pytest.raises(InputError, match=r"the worker on .* has another version of stepscale") as caught:
        list(run_on(dask, cluster_work.process, [(0.0,)]))
    assert "\n" not in str(caught.value)


class Slow:
    """A cluster that ends tasks in the opposite order, and notes how many it had at once."""

    slots = 1

    def __init__(self) -> None:
        self.most = 0
        self.results: dict[int, Any] = {}

    def submit(self, function: Any, task: tuple[Any, ...]) -> int:
        self.results[len(self.results)] = function(*task)
        return len(self.results) - 1

    def first_done(self, handles: list[int]) -> tuple[int, Any]:
        self.most = max(self.most, len(handles))
        return handles[-1], self.results[handles[-1]]

    def cancel(self, handles: list[int]) -> None:
        self.cancelled = handles


def test_results_come_in_order_and_few_tasks_are_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Slow()
    monkeypatch.setattr(clusters, "_connected", lambda _: nullcontext(slow))
    tasks = [(n,) for n in range(40)]
    cluster = Cluster(kind="dask", address="nowhere")
    assert list(run_on(cluster, abs, tasks)) == list(range(40))
    assert slow.most <= clusters._MIN_TASKS_AHEAD
    monkeypatch.setattr(slow, "first_done", lambda handles: (handles[0], slow.results[handles[0]]))
    results = run_on(cluster, abs, tasks)
    next(results)
    results.close()
    assert slow.cancelled, "who stops listening gives the rest up"


def test_without_a_cluster_work_is_done_here() -> None:
    assert set(run_tasks(os.getpid, [(), ()])) == {os.getpid()}
    assert list(run_tasks(abs, [])) == []


def test_a_cluster_that_does_not_answer_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(clusters, "_ANSWERS_WITHIN", 1)
    with pytest.raises(
        InputError, match=r"cluster\.address: no dask cluster answers at tcp://127\.0\.0\.1:9 "
    ) as caught:
        check_cluster(Cluster(kind="dask", address="tcp://127.0.0.1:9"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["s3://bucket/model", "gs://x", "memory://x", "hf://a/b"])
def test_a_store_that_is_no_folder_is_one_line(path: str) -> None:
    with pytest.raises(InputError, match="give a local or a shared folder") as caught:
        local_folder(path)
    assert path in str(caught.value) and "\n" not in str(caught.value)
    assert local_folder("file:///x/y") == Path("/x/y") and local_folder("data/x") == Path("data/x")
