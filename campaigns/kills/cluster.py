"""Pieces on a Dask cluster of two workers: the run is killed, and in each run a worker besides."""

import os
import random
import signal
import time
from collections import Counter
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd

from campaigns.kills.work import Work, note
from stepscale.datasets.shards import ShardsDataset
from stepscale.engine.cluster import Cluster
from stepscale.engine.tasks import use_cluster
from stepscale.resume import Made, Piece, Recipe, ShardPlan

_WORKERS = 2
_PIECES = 12
_PIECE_SECONDS = 0.05
_clusters: list[Any] = []  # that live as long as this process


class ClusterWork(Work):
    """Rows that depend on the piece's number alone."""

    name = "cluster"

    def prepare(self, shared: Path) -> None:
        """A scheduler and two workers on this machine; a worker that dies is started anew."""
        from distributed import LocalCluster

        root = Path(__file__).parents[2]
        os.environ["PYTHONPATH"] = os.pathsep.join([str(root / "src"), str(root), os.environ.get("PYTHONPATH", "")])
        cluster = LocalCluster(
            n_workers=_WORKERS,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs="CRITICAL",
        )
        _clusters.append(cluster)
        Thread(target=_revive, args=(cluster,), daemon=True).start()
        (shared / "address").write_text(cluster.scheduler_address)

    def run(self, shared: Path, folder: Path) -> None:
        """Make the pieces that are missing, while a worker is killed."""
        address = (shared / "address").read_text()
        use_cluster(Cluster(kind="dask", address=address))
        Thread(target=_kill_a_worker, args=(address,), daemon=True).start()
        recipe = Recipe.of("stepscale.cost", inputs={}, settings=0, seed=0)
        pieces = [
            Piece(f"piece-{number:02d}", recipe, partial(_piece, number), when_made=partial(_note_made, folder, number))
            for number in range(_PIECES)
        ]
        dataset = ShardsDataset(path=str(folder / "shards"))
        dataset.save(ShardPlan("working", tuple(pieces)))
        table = pd.concat([read() for read in dataset.load().values()], ignore_index=True)
        table.to_parquet(folder / "table.parquet")

    def results(self, folder: Path) -> dict[str, bytes]:
        """The table."""
        return {"table": (folder / "table.parquet").read_bytes()}

    def faults(self, folder: Path) -> list[tuple[str, str]]:
        """Pieces that were saved twice."""
        saved = Counter((folder / "log").read_text().splitlines())
        return [("made_twice", line) for line, times in saved.items() if times > 1]


def _piece(number: int) -> Made:
    time.sleep(_PIECE_SECONDS)
    return Made(pd.DataFrame({"number": number, "draw": np.random.default_rng(number).normal(size=50)}))


def _note_made(folder: Path, number: int, _: object) -> None:
    note(folder, "made", f"piece-{number:02d}")


def _revive(cluster: Any) -> None:
    """Start workers that are missing, again and again: Dask gives one up whose start is slow or that is killed in it."""
    while cluster.status.name == "running":
        cluster.scale(_WORKERS)
        time.sleep(1.0)


def _kill_a_worker(address: str) -> None:
    from distributed import Client

    time.sleep(random.uniform(0.0, _PIECES * _PIECE_SECONDS))
    with Client(address, set_as_default=False) as client:
        if processes := list(client.run(os.getpid).values()):
            os.kill(random.choice(processes), signal.SIGKILL)
