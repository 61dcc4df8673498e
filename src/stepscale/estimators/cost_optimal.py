"""The compute-optimal policy at equal cost: which strategy with which N for which difficulty, for what a baseline spends.

In: as ``compute_optimal``, a unit of cost (tokens or FLOPs a problem) and a baseline. Out: the policy's curve against what it
spends itself. At each budget of the baseline and in each bin the most accurate strategy is chosen, on one half of the bin's
problems, each with the largest N whose mean cost there is at most the baseline's there, and measured on the other half: as at
equal generations the budget is spent, and one N a strategy leaves little to be taken in by on a few problems. A policy chosen
at equal generations takes the accurate strategy whatever it costs; drawn against its cost it would look dearer than it need be.
The bootstrap chooses anew in every resample, within the costs of that resample.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import DIGITS, Cell, Cells, StrategyResults, of_each
from stepscale.estimators.curve import Curve, from_rows

_CLOSE = 1e-9  # costs that differ by so small a share are equal

Picks = NDArray[np.int64]  # each a (strategy, budget) in one number: strategy x number of budgets + budget


@dataclass(frozen=True)
class CostOptimal:
    """The policy's cross-validated results; a point for each of the baseline's ``budgets``, and one without a limit if told so.

    ``curve``: against its own mean cost in ``unit``. ``held``: the same with a last point at what the baseline spends at the
    most, for who may spend it need not; ``held_by_bin``: that for bins 1, 2, ... By problem [problems, points]: ``per_problem``
    (accuracy), ``spent`` (by unit), ``strategies`` and ``ns`` (what was chosen for it). ``chosen``: a row a (bin, half, budget
    of the baseline): strategy, n, its accuracy where it was chosen and where it was measured, its mean ``cost`` where it was
    chosen and what was ``allowed`` there, how many problems.
    """

    unit: str
    budgets: tuple[int, ...]
    curve: Curve
    held: Curve
    held_by_bin: tuple[Curve, ...]
    per_problem: Floats
    spent: dict[str, Floats]
    strategies: NDArray[np.str_]
    ns: NDArray[np.int64]
    chosen: pd.DataFrame


def cost_optimal(
    results: StrategyResults,
    bins: ArrayLike,
    baseline: str,
    unit: str,
    resamples: int = 2000,
    seed: int = 0,
    unlimited: bool = False,
) -> CostOptimal:
    """The most accurate strategy for each bin, with the largest N within what ``baseline`` spends in ``unit`` at each of its
    budgets.

    Of equally accurate ones the cheapest, of these the first. With ``unlimited`` there is a last point at which every strategy
    may take its largest N, and curves are held up to the dearest. Otherwise as ``compute_optimal``. Raises InputError if the
    baseline is none of the strategies, or there are no costs in the unit.
    """
    if baseline not in results.strategies or unit not in results.costs:
        raise InputError(f"no baseline {baseline!r} with costs in {unit!r}; there are {', '.join(results.strategies)}")
    cells = Cells(results, bins, resamples, seed)
    right, cost = cells.sums(results.accuracy), cells.sums(results.costs[unit])
    points = _points(results, baseline)
    choice = {cell: _choice(cells, right, cost, cell, points, unlimited) for cell in cells.inside}
    won = {cell: _picked(right[cell], choice[cell]) for cell in choice}
    spent = {cell: _picked(cost[cell], choice[cell]) for cell in choice}
    offered = np.flatnonzero(~_absent(results)) if unlimited else points
    allowed = {cell: own.reshape(len(own), -1)[:, offered] for cell, own in cost.items()}
    estimate = {cell: own[0] for cell, own in choice.items()}
    each, ns = cells.each(estimate), np.tile(results.budgets, len(results.strategies))
    return CostOptimal(
        unit,
        tuple(ns[points].tolist()),
        from_rows(cells.mean(spent), cells.mean(won)),
        _held(cells, won, spent, allowed),
        tuple(_held(cells, won, spent, allowed, b) for b in cells.numbers),
        of_each(results.accuracy, each),
        {name: of_each(values, each) for name, values in results.costs.items()},
        np.repeat(results.strategies, len(results.budgets))[each],
        ns[each],
        _table(cells, estimate, points, unit),
    )


def _points(results: StrategyResults, baseline: str) -> Picks:
    """Where the baseline was run, as choices."""
    own = results.strategies.index(baseline)
    run = np.flatnonzero(~np.isnan(results.accuracy[own]).all(axis=1))
    return np.asarray(own * len(results.budgets) + run)


def _absent(results: StrategyResults) -> NDArray[np.bool_]:
    """What was not run [strategies x budgets]."""
    return np.asarray(np.isnan(results.accuracy).all(axis=2).ravel())


def _choice(
    cells: Cells, right: Mapping[Cell, Floats], cost: Mapping[Cell, Floats], cell: Cell, points: Picks, unlimited: bool
) -> Picks:
    """What is chosen [rows, points] on the other half of the cell's bin."""
    absent = _absent(cells.results)
    won, spent = (own.reshape(len(own), -1) for own in (cells.seen(right, cell), cells.seen(cost, cell)))
    won, spent = np.where(absent, -np.inf, np.round(won, DIGITS)), np.where(absent, np.inf, spent)
    limits = [*(spent[:, [point]] for point in points), *([np.full((len(spent), 1), np.inf)] if unlimited else [])]
    found = np.zeros((len(won), len(limits)), np.int64)
    for i, limit in enumerate(limits):
        within = (spent <= limit * (1 + _CLOSE)) & ~absent  # without a limit what was not run is within it, too
        accuracy = np.where(_largest(within, len(cells.results.strategies)), won, -np.inf)
        price = np.where(accuracy == accuracy.max(axis=1, keepdims=True), spent, np.inf)
        found[:, i] = (price <= price.min(axis=1, keepdims=True) * (1 + _CLOSE)).argmax(axis=1)
    return found


def _largest(within: NDArray[np.bool_], strategies: int) -> NDArray[np.bool_]:
    """Of what is within a limit [rows, strategies x budgets] each strategy's last budget."""
    each = within.reshape(len(within), strategies, -1)
    later = np.cumsum(each[..., ::-1], axis=2)[..., ::-1]
    return np.asarray((each & (later == 1)).reshape(within.shape))


def _picked(sums: Floats, choice: Picks) -> Floats:
    """Of [rows, strategies, budgets] what was chosen [rows, points]."""
    return np.take_along_axis(sums.reshape(len(sums), -1), choice, 1)


def _held(
    cells: Cells,
    won: Mapping[Cell, Floats],
    spent: Mapping[Cell, Floats],
    allowed: Mapping[Cell, Floats],
    b: int | None = None,
) -> Curve:
    """The curve of all or of a bin, its last accuracy kept up to the most that it may spend."""
    accuracy, own, theirs = (cells.mean(sums, b) for sums in (won, spent, allowed))
    most = np.maximum(own.max(axis=1), theirs.max(axis=1)) * (1 + _CLOSE)  # rounding must not leave that out
    return from_rows(np.column_stack([own, most]), np.column_stack([accuracy, accuracy[:, -1]]))


def _table(cells: Cells, choice: Mapping[Cell, Picks], points: Picks, unit: str) -> pd.DataFrame:
    results = cells.results
    accuracy, cost = (own.reshape(-1, len(results.ids)) for own in (results.accuracy, results.costs[unit]))
    rows = []
    for (b, half), inside in cells.inside.items():
        other = cells.inside[b, 1 - half]
        for own, point in zip(choice[b, half], points, strict=False):  # what was chosen without a limit is not told
            strategy, k = divmod(int(own), len(results.budgets))
            rows.append(
                {
                    "bin": b,
                    "fold": half,
                    "budget": results.budgets[point % len(results.budgets)],
                    "strategy": results.strategies[strategy],
                    "n": results.budgets[k],
                    "chosen_on": float(accuracy[own, other].mean()),
                    "measured": float(accuracy[own, inside].mean()),
                    "cost": float(cost[own, other].mean()),
                    "allowed": float(cost[point, other].mean()),
                    "n_problems": len(inside),
                }
            )
    return pd.DataFrame(rows)
