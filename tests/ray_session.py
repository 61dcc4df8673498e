"""A Ray cluster of two nodes, one piece of work after the other on it, and a node's worker and raylet killed meanwhile.

``python ray_session.py FOLDER``; Ray listens on all interfaces, so the test runs it where there is only loopback.
"""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import cluster_work
import ray._private.node
from ray.cluster_utils import Cluster as LocalRay

from stepscale.engine.cluster import Cluster, run_on
from stepscale.errors import InputError


def main(folder: Path) -> None:
    # Ray gives a node half a minute to start; a busy machine gets five.
    ray._private.node.time = SimpleNamespace(time=time.time, sleep=time.sleep, monotonic=lambda: time.monotonic() / 10)
    try:
        local = LocalRay(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
        node = local.add_node(num_cpus=1)
    except Exception as error:
        if "timed out during startup" in str(error):
            sys.exit(os.EX_TEMPFAIL)
        raise
    answers: dict[str, Any] = {}
    cluster = Cluster(kind="ray", address=local.address)
    try:
        with cluster_work.killer(folder):
            Thread(target=kill_with, args=(folder, node), daemon=True).start()
            pieces = list(run_on(cluster, cluster_work.piece, [(folder, n) for n in range(8)]))
        answers["tables"] = [hashlib.sha256(one.table.to_json().encode()).hexdigest() for one in pieces]
        answers["begun"] = sorted(int(path.name.split("-")[1]) for path in folder.glob("begun-*"))
        try:
            list(run_on(cluster, cluster_work.refuse, [(n,) for n in range(4)]))
        except InputError as error:
            answers["refused"] = str(error)
    finally:
        local.shutdown()
    print(json.dumps(answers))


def kill_with(folder: Path, node: Any) -> None:
    """The second node's raylet dies soon after the worker."""
    while not (folder / "killed").exists():
        time.sleep(0.05)
    os.kill(node.all_processes["raylet"][0].process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
