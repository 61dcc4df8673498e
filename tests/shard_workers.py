"""Work done in other processes, for tests that its bytes are the same there, or that it may be killed at any moment."""

import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from stepscale.cost import Ledger
from stepscale.generation.contract import Generator

Load = Callable[[], Generator]
Make = Callable[[Generator, pd.DataFrame, Ledger], pd.DataFrame]

# Fresh processes: of what this one has made they know nothing. The libraries, which take seconds, are loaded once, in the
# server that they are forked from.
FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(
    [
        "pytest",
        "stepscale.datasets.shards",
        "stepscale.generation.local",
        "stepscale.verifiers.training",
        "transformers.models.llama.modeling_llama",
    ]
)


def started(script: Path, **variables: Any) -> multiprocessing.process.BaseProcess:
    """A fresh process that runs ``script``, which finds these names given."""
    process = FRESH.Process(target=runpy.run_path, args=(str(script), variables))
    process.start()
    return process


def begin(module: str, words: Sequence[str], folder: Path) -> multiprocessing.process.BaseProcess:
    """``python -m MODULE WORDS`` in a folder, in a fresh process that need not import torch first."""
    process = FRESH.Process(target=_run_module, args=(module, list(words), str(folder)))
    process.start()
    return process


def _run_module(module: str, words: list[str], folder: str) -> None:
    os.chdir(folder)
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def launch(script: Path, words: Sequence[str], n_processes: int) -> list[int | None]:
    """Run ``script WORDS`` in fresh processes that torch's launcher has told of each other; returns their exit codes.

    As ``torchrun`` does, this process keeps the store where they meet, and tells them the rest by variables. Its own process,
    and theirs, would each import torch first.
    """
    store = torch.distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(store.port), "TORCHELASTIC_USE_AGENT_STORE": "True"}
    processes = []
    for rank in range(n_processes):
        variables = where | {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(n_processes)}
        processes.append(FRESH.Process(target=_run_with_variables, args=(str(script), list(words), variables)))
        processes[-1].start()
    for process in processes:
        process.join()
    return [process.exitcode for process in processes]


def _run_with_variables(script: str, words: list[str], variables: dict[str, str]) -> None:
    os.environ |= variables
    sys.argv = [script, *words]
    runpy.run_path(script, run_name="__main__")


def made_in_workers(
    load: Load, make: Make, parts: Sequence[pd.DataFrame], n_workers: int
) -> list[tuple[pd.DataFrame, Ledger]]:
    """The table of each part of the problems and what it cost, in order; workers share nothing and have one thread."""
    with ProcessPoolExecutor(n_workers, FRESH, torch.set_num_threads, (1,)) as pool:
        return list(pool.map(rows_and_cost, [load] * len(parts), [make] * len(parts), parts))


def rows_and_cost(load: Load, make: Make, problems: pd.DataFrame) -> tuple[pd.DataFrame, Ledger]:
    """Runs in a worker."""
    ledger = Ledger()
    return make(load(), problems, ledger), ledger
