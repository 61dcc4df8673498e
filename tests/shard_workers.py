"""Work done in other processes, for tests that its bytes are the same there."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

import pandas as pd
import torch

from stepscale.cost import Ledger
from stepscale.generation.contract import Generator

Load = Callable[[], Generator]
Make = Callable[[Generator, pd.DataFrame, Ledger], pd.DataFrame]


def made_in_workers(
    load: Load, make: Make, parts: Sequence[pd.DataFrame], n_workers: int
) -> list[tuple[pd.DataFrame, Ledger]]:
    """The table of each part of the problems and what it cost, in order; workers share nothing and have one thread."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, torch.set_num_threads, (1,)) as pool:
        return list(pool.map(rows_and_cost, [load] * len(parts), [make] * len(parts), parts))


def rows_and_cost(load: Load, make: Make, problems: pd.DataFrame) -> tuple[pd.DataFrame, Ledger]:
    """Runs in a worker."""
    ledger = Ledger()
    return make(load(), problems, ledger), ledger
