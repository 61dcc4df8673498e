"""The compute-optimal policy at equal cost: which strategy with which N for which difficulty, for what a baseline spends.

In: as ``compute_optimal``, a unit of cost (tokens or FLOPs per problem) and a baseline. Out: the policy's curve against what it
spends itself. At each budget of the baseline and in each bin the most accurate strategy is chosen on one half of the bin's
problems and measured on the other. Each strategy takes the largest N whose mean cost is at most the baseline's there. A policy
chosen at equal generations takes the accurate strategy whatever it costs, and would look dearer than it need be. The bootstrap
chooses again in every resample, within the costs of that resample.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.cross_validation import DIGITS, Cell, Cells, Picks, choice_table, of_picks
from stepscale.estimators.curve import Curve, from_rows
from stepscale.estimators.strategy_results import StrategyResults, check_results

_CLOSE = 1e-9  # costs that differ by so small a share are equal
Sums = Mapping[Cell, Floats]  # [rows, picks] or [rows, points]


@dataclass(frozen=True)
class CostOptimal:
    """The policy's cross-validated results: a point per budget of the baseline, and one without a limit if asked for.

    Attributes:
        unit: What is spent ("tokens", "flops", ...).
        budgets: Those of the baseline, in generations per problem.
        curve: Accuracy against the policy's mean cost in ``unit``.
        held: The same with a last point at the most that the baseline spends, for who may spend it need not.
        held_by_bin: That for bins 1, 2, ...
        per_problem: Accuracy [problems, points].
        spent: By unit what each problem cost [problems, points].
        strategies: The strategy chosen for each problem [problems, points].
        ns: Its number of generations [problems, points].
        chosen: A row per (bin, half, budget of the baseline): strategy, n, its accuracy where it was chosen and where it was
            measured, its mean ``cost`` where it was chosen, what was ``allowed`` there, and the number of problems.
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
    """The most accurate strategy for each bin, with the largest N within what a baseline spends at each of its budgets.

    Of equally accurate ones the cheapest is taken, of these the first. Otherwise as ``compute_optimal``.

    Args:
        results: What every strategy reaches and costs.
        bins: Difficulty bin of each problem [problems]: 1, 2, ...
        baseline: The strategy whose spending is the limit.
        unit: The unit of ``results.costs`` that is counted.
        resamples: Number of bootstrap resamples over problems; each makes the choice again.
        seed: Decides halves and resamples.
        unlimited: Add a last point at which every strategy may take its largest N; curves are then held up to the dearest.

    Returns:
        The policy's curves of accuracy against spending, by difficulty bins, with what was chosen in each (Snell et al.
        2024, 3.2).

    Raises:
        InputError: The baseline is not one of the strategies, there are no costs in the unit, or bins are not as asked for.
    """
    check_results(results)
    if baseline not in results.strategies or unit not in list(results.costs):
        raise InputError(f"no baseline {baseline!r} with costs in {unit!r}; there are {', '.join(results.strategies)}")
    # 1. choose on the other half of each cell's bin, at each budget at which the baseline was run
    cells, k = Cells(results, bins, resamples, seed), len(results.budgets)
    right, cost = cells.sums(results.accuracy), cells.sums(results.costs[unit])
    first = results.strategies.index(baseline) * k
    points = first + np.flatnonzero(~cells.absent[first : first + k])
    choice = {cell: _choice(cells, right, cost, cell, points, unlimited) for cell in cells.inside}
    # 2. measure on the cell itself
    reached = {cell: np.take_along_axis(right[cell], picks, 1) for cell, picks in choice.items()}
    spent = {cell: np.take_along_axis(cost[cell], picks, 1) for cell, picks in choice.items()}
    allowed = {cell: sums[:, ~cells.absent if unlimited else points] for cell, sums in cost.items()}
    # 3. the same problem by problem, for the estimate
    estimate = {cell: picks[0] for cell, picks in choice.items()}
    picks, ns = cells.by_problem(estimate), np.tile(results.budgets, len(results.strategies))
    return CostOptimal(
        unit,
        tuple(ns[points].tolist()),
        from_rows(cells.mean(spent), cells.mean(reached)),
        _held(cells, reached, spent, allowed),
        tuple(_held(cells, reached, spent, allowed, b) for b in cells.numbers),
        of_picks(results.accuracy, picks),
        {name: of_picks(values, picks) for name, values in results.costs.items()},
        np.repeat(results.strategies, k)[picks],
        ns[picks],
        choice_table(cells, estimate, points, unit),
    )


def _choice(cells: Cells, right: Sums, cost: Sums, cell: Cell, points: Picks, unlimited: bool) -> Picks:
    """What is chosen [rows, points] on the other half of the cell's bin."""
    # 1. mean accuracy and cost of every strategy at every budget [rows, picks]; what was not run never wins
    absent, strategies = cells.absent, len(cells.results.strategies)
    accuracy = np.where(absent, -np.inf, np.round(cells.other_half(right, cell), DIGITS))
    spent = np.where(absent, np.inf, cells.other_half(cost, cell))
    # 2. the limits: what the baseline spends at each of its budgets, then none
    limits = [*(spent[:, [point]] for point in points), *([np.full((len(spent), 1), np.inf)] if unlimited else [])]
    choice = np.zeros((len(accuracy), len(limits)), np.int64)
    for i, limit in enumerate(limits):
        # 3. each strategy with its largest budget within the limit
        within = (spent <= limit * (1 + _CLOSE)) & ~absent  # without a limit what was not run is within it, too
        offered = np.where(_largest(within, strategies), accuracy, -np.inf)
        # 4. the most accurate; of equally accurate ones the cheapest, of these the first
        price = np.where(offered == offered.max(axis=1, keepdims=True), spent, np.inf)
        choice[:, i] = (price <= price.min(axis=1, keepdims=True) * (1 + _CLOSE)).argmax(axis=1)
    return choice


def _largest(within: NDArray[np.bool_], strategies: int) -> NDArray[np.bool_]:
    """Each strategy's largest budget within a limit [rows, picks]."""
    by_strategy = within.reshape(len(within), strategies, -1)
    later = np.cumsum(by_strategy[..., ::-1], axis=2)[..., ::-1]
    return np.asarray((by_strategy & (later == 1)).reshape(within.shape))


def _held(cells: Cells, reached: Sums, spent: Sums, allowed: Sums, b: int | None = None) -> Curve:
    """The curve of all or of a bin, its last accuracy kept up to the most that it may spend."""
    accuracy, x, limits = (cells.mean(sums, b) for sums in (reached, spent, allowed))
    most = np.maximum(x.max(axis=1), limits.max(axis=1)) * (1 + _CLOSE)  # rounding must not leave that out
    return from_rows(np.column_stack([x, most]), np.column_stack([accuracy, accuracy[:, -1]]))
