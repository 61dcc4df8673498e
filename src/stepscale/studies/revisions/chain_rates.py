"""What happens along a chain of revisions (Snell et al. 2024, 6.1): accuracy by position, right answers lost and won.

In: a graded chains table (problem_id, chain, position from 0, is_correct). Out: tables with 95 % intervals over problems.
An attempt without an answer counts as wrong. A problem's value is the mean over its chains that reach a position; how
long a chain is never depends on what is in it. Knows nothing about models.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import Interval, bootstrap_interval, interval_of
from stepscale.estimators.resampling import resample_counts

PAPER_LOST = 0.38
"""Share of right answers that the next revision turns wrong, in the paper."""


def pass_at_1_by_position(chains: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """A row for each position: position (from 0), accuracy, low, high, n_attempts, n_problems; as the paper's Figure 6, left.

    Args:
        chains: A graded chains table.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Raises:
        InputError: Some problem has no chain as long as the longest.
    """
    values = accuracy_by_position(chains)
    interval = bootstrap_interval(values, resamples, seed)
    attempts = chains.groupby("position").size()
    return pd.DataFrame(
        {
            "position": attempts.index.to_numpy(),
            **interval.cells("accuracy"),
            "n_attempts": attempts.to_numpy(),
            "n_problems": len(values),
        }
    )


def transition_rates(chains: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """How often the next revision turns a right answer wrong ("lost") or a wrong one right ("won").

    Args:
        chains: Attempts by problem, chain and position.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Returns:
        A row for each change, for all positions together (``position`` null) and for each position that is revised: change,
        position, rate (over attempts), low, high, n (attempts it could happen to), paper (0.38 for "lost" over all). NaN where it
        could happen to none.

    Raises:
        InputError: A chain has fewer than two attempts, or lacks a position.
    """
    ordered = chains.sort_values(["problem_id", "chain", "position"], kind="stable")
    right = ordered["is_correct"].fillna(False).astype(bool).to_numpy()
    problem, names = pd.factorize(ordered["problem_id"])
    chain, position = ordered["chain"].to_numpy(np.int64), ordered["position"].to_numpy(np.int64)
    follows = (problem[1:] == problem[:-1]) & (chain[1:] == chain[:-1])
    if (np.diff(position)[follows] != 1).any() or not follows.any():
        raise InputError("chains need two or more attempts at positions 0, 1, 2, ... each; give whole chains")
    counts = resample_counts(len(names), resamples, seed)
    rows: list[dict[str, Any]] = []
    for change, starts in (("lost", True), ("won", False)):
        able = follows & (right[:-1] == starts)
        changed = able & (right[1:] != starts)
        for place in (None, *range(int(position.max()))):
            at_place = able if place is None else able & (position[:-1] == place)
            chances = np.bincount(problem[:-1][at_place], minlength=len(names)).astype(float)
            events = np.bincount(problem[:-1][at_place & changed], minlength=len(names)).astype(float)
            rows.append(
                {
                    "change": change,
                    "position": place,
                    **_ratio(events, chances, counts).cells("rate"),
                    "n": int(chances.sum()),
                    "paper": PAPER_LOST if change == "lost" and place is None else float("nan"),
                }
            )
    return pd.DataFrame(rows).astype({"position": "Int64"})


def accuracy_by_position(chains: pd.DataFrame) -> Floats:
    """Mean correctness [problems, positions] over the chains that reach a position.

    Args:
        chains: A graded chains table.

    Raises:
        InputError: Some problem has no chain as long as the longest.
    """
    right = chains.assign(right=chains["is_correct"].fillna(False).astype(float))
    table = right.pivot_table(index="problem_id", columns="position", values="right", aggfunc="mean", sort=False)
    table = table.sort_index(axis=1)
    positions = table.columns.to_numpy(np.int64)
    if table.empty or table.isna().to_numpy().any() or (positions != np.arange(len(positions))).any():
        raise InputError("every problem needs a chain as long as the longest; run all problems with the same lengths")
    return table.to_numpy(float)


def _ratio(events: Floats, chances: Floats, counts: NDArray[np.int64]) -> Interval:
    """Sum of events over sum of chances; resamples without any chance are left out."""
    if not chances.sum():
        nothing = np.asarray(np.nan)
        return Interval(nothing, nothing, nothing)
    total = counts @ chances
    rates = (counts @ events)[total > 0] / total[total > 0]
    return interval_of(np.asarray(events.sum() / chances.sum()), rates)
