"""Shards made in other processes, for tests that their bytes are the same there."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import pandas as pd
import torch

from stepscale.cost import Ledger
from stepscale.generation.contract import Generator
from stepscale.generation.shards import Shard

Load = Callable[[], Generator]
Make = Callable[[Generator, Shard, Ledger], pd.DataFrame]


def made_in_workers(
    load: Load, make: Make, shards: Sequence[Shard], n_workers: int
) -> list[tuple[pd.DataFrame, Ledger]]:
    """Each shard's table and what it cost, in order, from processes that share nothing with this one and have one thread."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, torch.set_num_threads, (1,)) as pool:
        return list(pool.map(made, [load] * len(shards), [make] * len(shards), shards))


def made(load: Load, make: Make, shard: Shard) -> tuple[pd.DataFrame, Ledger]:
    """Runs in a worker."""
    ledger = Ledger()
    return make(load(), shard, ledger), ledger
