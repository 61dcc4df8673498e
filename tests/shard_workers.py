"""Parts of some work made in other processes, for tests that their bytes are the same there."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import pandas as pd
import torch

from stepscale.cost import Ledger
from stepscale.generation.contract import Generator

Load = Callable[[], Generator]
Make = Callable[..., pd.DataFrame]


def made_in_workers(
    load: Load, make: Make, parts: Sequence[object], n_workers: int
) -> list[tuple[pd.DataFrame, Ledger]]:
    """Each part's table and what it cost, in order, from processes that share nothing with this one and have one thread."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, torch.set_num_threads, (1,)) as pool:
        return list(pool.map(made, [load] * len(parts), [make] * len(parts), parts))


def made(load: Load, make: Make, part: object) -> tuple[pd.DataFrame, Ledger]:
    """Runs in a worker."""
    ledger = Ledger()
    return make(load(), part, ledger), ledger
