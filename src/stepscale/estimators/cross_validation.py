"""Choosing a strategy on one half of each difficulty bin and measuring it on the other (Snell et al. 2024, 3.2).

``compute_optimal`` chooses by generations so, ``cost_optimal`` by cost.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_bins
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.resampling import resample_counts, with_estimate
from stepscale.estimators.strategy_results import StrategyResults, check_results
from stepscale.seeds import seed_for

DIGITS = 12  # means that agree to so many are tied
Cell = tuple[int, int]  # (bin, half)
Picks = NDArray[np.int64]  # (strategy, budget) in one number: strategy x number of budgets + budget


def fold_of(ids: Sequence[str], bins: Bins, seed: int = 0) -> NDArray[np.int64]:
    """Half (0 or 1) of each problem: its bin's problems in the order of their named seeds, taken in turn.

    Args:
        ids: Problem ids.
        bins: Bin of each problem [problems].
        seed: Of the run.

    Returns:
        Halves [problems].
    """
    halves = np.zeros(len(ids), np.int64)
    keys = np.array([seed_for(seed, "fold", problem_id) for problem_id in ids], np.uint64)
    for number in np.unique(bins):
        inside = np.flatnonzero(bins == number)
        halves[inside[np.argsort(keys[inside], kind="stable")]] = np.arange(len(inside)) % 2
    return halves


class Cells:
    """Problems by (bin, half), summed for the estimate (row 0) and all resamples at once: what both ways to choose share.

    A pick is one number: strategy x number of budgets + budget.

    Args:
        results: Accuracies of every strategy, budget and problem.
        bins: Difficulty bin of each problem, from 1 [problems].
        resamples: Bootstrap resamples of the problems.
        seed: Decides them, and the two halves of each bin.

    Raises:
        InputError: A bin has fewer than two problems.
    """

    def __init__(self, results: StrategyResults, bins: ArrayLike, resamples: int, seed: int) -> None:
        check_results(results)
        self.results, self.bins = results, checked_bins(bins, len(results.ids))
        if np.bincount(self.bins)[1:].min() < 2:
            raise InputError("bins must be of two problems or more each, one per half; use fewer bins")
        self.absent = np.isnan(results.accuracy).all(axis=2).ravel()  # what was not run [picks]
        halves = fold_of(results.ids, self.bins, seed)
        self.counts = with_estimate(resample_counts(len(results.ids), resamples, seed))
        self.numbers = range(1, int(self.bins.max()) + 1)
        cells = [(b, half) for b in self.numbers for half in (0, 1)]
        self.inside = {cell: np.flatnonzero((self.bins == cell[0]) & (halves == cell[1])) for cell in cells}
        self.size = {cell: self.counts[:, i].sum(axis=1, keepdims=True) for cell, i in self.inside.items()}  # [rows, 1]

    def sums(self, values: Floats) -> dict[Cell, Floats]:
        """Of each cell the sum of ``values`` [strategies, budgets, problems], as often as drawn [rows, picks].

        Args:
            values: [strategies, budgets, problems].

        Returns:
            Sums by cell.
        """
        table = np.nan_to_num(values.reshape(-1, len(self.bins)).T)
        return {cell: self.counts[:, inside] @ table[inside] for cell, inside in self.inside.items()}

    def other_half(self, sums: Mapping[Cell, Floats], cell: Cell) -> Floats:
        """Means [rows, picks] on what a cell's strategy is chosen by: the other half of its bin.

        Args:
            sums: Sums by cell (``sums``).
            cell: (bin, half).

        Returns:
            Means [rows, picks].
        """
        b, half = cell
        total, size = sums[b, 1 - half], self.size[b, 1 - half]
        if (size == 0).any():
            other_cells = [(c, 1 - half) for c in self.numbers]
            total = np.where(size == 0, sum(sums[c] for c in other_cells), total)
            size = np.where(size == 0, sum(self.size[c] for c in other_cells), size)
        return np.asarray(total / np.maximum(size, 1))

    def mean(self, sums: Mapping[Cell, Floats], b: int | None = None) -> Floats:
        """Mean over the problems of bin ``b``, or of all [rows, points]; a bin that a resample lacks keeps its estimate.

        Args:
            sums: Sums by cell [rows, points].
            b: A bin; None: all of them.

        Returns:
            Means [rows, points].
        """
        cells = [cell for cell in self.inside if b in (None, cell[0])]
        total, size = sum(sums[cell] for cell in cells), sum(self.size[cell] for cell in cells)
        means: Floats = total / np.maximum(size, 1)
        return np.where(size > 0, means, means[:1])

    def by_problem(self, choice: Mapping[Cell, Picks]) -> Picks:
        """What each problem's cell chose [points]: [problems, points].

        Args:
            choice: Picks [points] by cell.

        Returns:
            Picks [problems, points].
        """
        picks = np.zeros((len(self.bins), len(choice[1, 0])), np.int64)
        for cell, inside in self.inside.items():
            picks[inside] = choice[cell]
        return picks


def of_picks(values: Floats, picks: Picks) -> Floats:
    """Of ``values`` [strategies, budgets, problems] what was picked for each problem: [problems, points].

    Args:
        values: [strategies, budgets, problems].
        picks: [problems, points].

    Returns:
        Values [problems, points].
    """
    return np.asarray(values.reshape(-1, len(picks))[picks, np.arange(len(picks))[:, None]])


def choice_table(cells: Cells, choice: Mapping[Cell, Picks], points: Picks, unit: str | None = None) -> pd.DataFrame:
    """A row per (bin, half, point): what was picked there; with a unit of cost, what that cost and what was allowed.

    Args:
        cells: The problems by bin and half.
        choice: Picks [points] by cell.
        points: The pick whose budget and cost are each point's limit [points].
        unit: Of cost; None: generations.

    Returns:
        Columns bin, fold, budget, strategy, n, chosen_on, measured, n_problems; with a unit cost and allowed too.
    """
    results, rows = cells.results, list[dict[str, object]]()
    accuracy, k = results.accuracy.reshape(-1, len(results.ids)), len(results.budgets)
    cost = None if unit is None else results.costs[unit].reshape(accuracy.shape)
    for (b, half), inside in cells.inside.items():
        opposite = cells.inside[b, 1 - half]
        for pick, point in zip(choice[b, half], points, strict=False):  # a choice without a limit has no row
            row = {"bin": b, "fold": half, "budget": results.budgets[point % k]}
            row |= {"strategy": results.strategies[pick // k], "n": results.budgets[pick % k]}
            row |= {
                "chosen_on": float(accuracy[pick, opposite].mean()),
                "measured": float(accuracy[pick, inside].mean()),
            }
            if cost is not None:
                row |= {"cost": float(cost[pick, opposite].mean()), "allowed": float(cost[point, opposite].mean())}
            rows.append(row | {"n_problems": len(inside)})
    return pd.DataFrame(rows)
