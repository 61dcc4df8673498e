"""The cluster whose workers the campaign kills: it has two again, however slowly they start."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2]))

from campaigns.kills import cluster as kills_cluster

PATIENCE = 300.0  # seconds


def test_a_worker_that_dask_gave_up_is_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import dask
    from distributed import Client

    monkeypatch.setenv("PYTHONPATH", "")
    with dask.config.set({"distributed.deploy.lost-worker-timeout": "10ms"}):  # a slow start is longer than this
        kills_cluster.ClusterWork().prepare(tmp_path)
        address = (tmp_path / "address").read_text()
        try:
            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=PATIENCE)
                before = set(client.scheduler_info()["workers"])
                kills_cluster._kill_a_worker(address)
                while before <= set(client.scheduler_info()["workers"]):
                    client.wait_for_workers(1, timeout=PATIENCE)
                client.wait_for_workers(2, timeout=PATIENCE)
        finally:
            kills_cluster._clusters.pop().close()
