"""Which strategy for which difficulty at which budget, and how good that is on problems it was not chosen on.

In: the expected accuracy of each problem under each strategy at each budget, and a difficulty bin per problem. Out: the
compute-optimal curve (Snell et al. 2024, 3.1, 3.2). In each bin and at each budget the best strategy is chosen on one half of the
bin's problems and measured on the other, both ways round, and averaged over problems. The bootstrap runs over problems and
makes the choice anew in every resample. Copies of a problem stay in its half, so the halves never share one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.checking import (
    Floats,
    check_columns,
    checked_bins,
    checked_budgets,
    checked_numbers,
    in_short,
)
from stepscale.estimators.curve import Curve, from_rows
from stepscale.estimators.curve import curve as make_curve
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.intervals import Counts, resample_counts, with_estimate
from stepscale.estimators.names import checked_ids
from stepscale.seeds import seed_for

DIGITS = 12  # means that agree to so many are tied
Cell = tuple[int, int]  # (bin, half)
Picks = NDArray[np.int64]  # (strategy, budget) in one number: strategy x number of budgets + budget


@dataclass(frozen=True)
class StrategyResults:
    """What every strategy reaches at every budget.

    Attributes:
        strategies: Names.
        budgets: Generations per problem, rising.
        ids: Problem ids.
        accuracy: Expected accuracy [strategies, budgets, problems]; NaN, for all problems, where a strategy has no run.
        costs: By unit ("tokens", "flops", ...) what each problem cost, of the shape of ``accuracy``.

    Raises:
        InputError: Shapes differ, two strategies or problems have one name, budgets do not rise, an accuracy is
            infinite, a strategy has results of some problems only, or a result has no cost above 0.
    """

    strategies: tuple[str, ...]
    budgets: tuple[int, ...]
    ids: tuple[str, ...]
    accuracy: Floats
    costs: Mapping[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("strategies", "ids"):
            object.__setattr__(self, name, checked_ids(getattr(self, name), name))
        object.__setattr__(self, "budgets", checked_budgets(self.budgets))
        shape = (len(self.strategies), len(self.budgets), len(self.ids))
        object.__setattr__(self, "accuracy", checked_numbers(self.accuracy, "accuracy"))
        if not isinstance(self.costs, Mapping):
            raise InputError(f"costs must be a mapping from units to arrays, not {in_short(self.costs)}")
        costs = {unit: checked_numbers(cost, f"costs in {unit}") for unit, cost in self.costs.items()}
        object.__setattr__(self, "costs", costs)
        absent = np.isnan(self.accuracy)
        if any(values.shape != shape for values in (self.accuracy, *self.costs.values())) or 0 in shape:
            raise InputError(f"strategy results must be [strategies, budgets, problems] = {shape}")
        self._check_axes()
        partly = absent.any(axis=2) & ~absent.all(axis=2)
        if partly.any():
            s, k = np.argwhere(partly)[0]
            strategy, n = f"strategy {self.strategies[s]!r} at budget {self.budgets[k]}", int((~absent[s, k]).sum())
            raise InputError(f"{strategy} has results of only {n} of {len(self.ids)} problems; run it on all of them")
        for unit, cost in self.costs.items():
            if not (cost[~absent] > 0).all():
                raise InputError(f"some results have no cost in {unit} above 0; give each its cost or leave {unit} out")
        if absent.all(axis=2).all(axis=0).any():
            raise InputError(f"at some of the budgets {self.budgets} no strategy has a result; leave these budgets out")

    def _check_axes(self) -> None:
        for names, axis in ((self.strategies, "strategies"), (self.ids, "problems")):
            if len(set(names)) < len(names):
                raise InputError(f"strategy results: two of the {axis} have one name; give each its own")
        if any(n <= m for m, n in pairwise(self.budgets)):
            raise InputError(f"strategy results: budgets must rise, not {list(self.budgets)}")
        if np.isinf(self.accuracy).any():
            raise InputError("strategy results: accuracies must be finite, or NaN where a strategy has no run")

    def curve(self, strategy: str, unit: str | None = None, resamples: int = 2000, seed: int = 0) -> Curve:
        """The curve of one strategy, against generations or the mean cost in ``unit``.

        Args:
            strategy: One of ``strategies``.
            unit: One of the units of ``costs``; None: generations.
            resamples: Number of bootstrap resamples over problems.
            seed: Decides the resamples.

        Returns:
            Accuracy with its interval, at the budgets that the strategy was run with.

        Raises:
            InputError: The strategy or the unit is unknown.
        """
        if strategy not in self.strategies or not (unit is None or unit in list(self.costs)):
            raise InputError(f"no strategy {strategy!r} with costs in {unit!r}; there are {', '.join(self.strategies)}")
        row = self.accuracy[self.strategies.index(strategy)]
        run = ~np.isnan(row).all(axis=1)
        budgets = np.asarray(self.budgets, float)[run]
        x = budgets if unit is None else self.costs[unit][self.strategies.index(strategy)][run].T
        return make_curve(row[run].T, x, resamples, seed)


def strategy_results(rows: pd.DataFrame, units: Sequence[str] = ()) -> StrategyResults:
    """Results from a tidy table; problems and strategies keep the order in which they first appear.

    Args:
        rows: Table with problem_id, strategy, budget, accuracy and a column for each unit. Rows of one key are averaged.
        units: Units of cost.

    Returns:
        The results, on a grid of strategies, budgets and problems.

    Raises:
        InputError: A column is absent, or as for ``StrategyResults``.
    """
    units = checked_ids(units, "units")
    check_columns(rows, ("problem_id", "strategy", "budget", "accuracy", *units), "a table of strategy results")
    strategies, ids = (tuple(dict.fromkeys(checked_ids(rows[name], name))) for name in ("strategy", "problem_id"))
    if rows[["problem_id", "strategy"]].isna().to_numpy().any():
        raise InputError("a table of strategy results has rows without problem_id or strategy; fill them in")
    budgets = tuple(sorted(checked_budgets(rows["budget"].unique())))
    index = pd.MultiIndex.from_product([strategies, budgets, ids])
    numbers = rows.assign(**{name: checked_numbers(rows[name], name) for name in ("accuracy", *units)})
    means = numbers.groupby(["strategy", "budget", "problem_id"])[["accuracy", *units]].mean().reindex(index)
    shape = (len(strategies), len(budgets), len(ids))
    grids = {name: means[name].to_numpy(float).reshape(shape) for name in ("accuracy", *units)}
    return StrategyResults(strategies, budgets, ids, grids.pop("accuracy"), grids)


@dataclass(frozen=True)
class ComputeOptimal:
    """The compute-optimal policy's cross-validated results, chosen by generations (``cost_optimal``: by cost).

    Attributes:
        budgets: Generations per problem.
        curve: Accuracy against generations.
        by_bin: The same for bins 1, 2, ...
        per_problem: Accuracy [problems, budgets], each problem under the strategy that the other half of its bin chose.
        spent: By unit what that cost each problem [problems, budgets].
        chosen: A row per (bin, half, budget): strategy, its accuracy where chosen and where measured, number of problems.
        counts: How often each problem is in each resample [resamples, problems].
    """

    budgets: tuple[int, ...]
    curve: Curve
    by_bin: tuple[Curve, ...]
    per_problem: Floats
    spent: dict[str, Floats]
    chosen: pd.DataFrame
    counts: Counts


def compute_optimal(results: StrategyResults, bins: ArrayLike, resamples: int = 2000, seed: int = 0) -> ComputeOptimal:
    """The best strategy for each bin and budget, cross-validated in two halves of each bin (Snell et al. 2024, 3.2).

    One bin for all problems gives the best single strategy at each budget. Ties go to the strategy that comes first. A half
    that a resample leaves empty chooses as the other halves of all bins together.

    Args:
        results: What every strategy reaches.
        bins: Difficulty bin of each problem [problems]: 1, 2, ..., all present, with two problems or more in each.
        resamples: Number of bootstrap resamples over problems; each makes the choice anew.
        seed: Decides halves and resamples.

    Returns:
        The policy's accuracy, spending and choices.

    Raises:
        InputError: Bins of another length, absent bins, or a bin of one problem.
    """
    cells, k = Cells(results, bins, resamples, seed), len(results.budgets)
    right = cells.sums(results.accuracy)
    # 1. for every cell the strategy [rows, budgets] that is best on the other half of its bin
    choice = {}
    for cell in cells.inside:
        means = np.where(cells.absent, -np.inf, np.round(cells.other_half(right, cell), DIGITS))
        choice[cell] = means.reshape(len(means), -1, k).argmax(axis=1) * k + np.arange(k)
    # 2. what it reaches on the cell itself, in the estimate and in every resample
    reached = {cell: np.take_along_axis(right[cell], picks, 1) for cell, picks in choice.items()}
    budgets = np.broadcast_to(np.asarray(results.budgets, float), reached[1, 0].shape)
    # 3. the same problem by problem, for the estimate
    estimate = {cell: picks[0] for cell, picks in choice.items()}
    picks = cells.by_problem(estimate)
    return ComputeOptimal(
        results.budgets,
        from_rows(budgets, cells.mean(reached)),
        tuple(from_rows(budgets, cells.mean(reached, b)) for b in cells.numbers),
        of_picks(results.accuracy, picks),
        {unit: of_picks(cost, picks) for unit, cost in results.costs.items()},
        choice_table(cells, estimate, np.arange(k)).drop(columns="n"),
        cells.counts[1:],
    )


def check_results(results: object) -> None:
    """Check that these are results on a grid.

    Raises:
        InputError: They are something else, such as the table that ``strategy_results`` reads.
    """
    if not isinstance(results, StrategyResults):
        raise InputError(
            f"StrategyResults are needed, not {type(results).__name__}; strategy_results makes them of a table"
        )


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
        other = cells.inside[b, 1 - half]
        for pick, point in zip(choice[b, half], points, strict=False):  # a choice without a limit has no row
            row = {"bin": b, "fold": half, "budget": results.budgets[point % k]}
            row |= {"strategy": results.strategies[pick // k], "n": results.budgets[pick % k]}
            row |= {"chosen_on": float(accuracy[pick, other].mean()), "measured": float(accuracy[pick, inside].mean())}
            if cost is not None:
                row |= {"cost": float(cost[pick, other].mean()), "allowed": float(cost[point, other].mean())}
            rows.append(row | {"n_problems": len(inside)})
    return pd.DataFrame(rows)
