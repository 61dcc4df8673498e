"""Which strategy for which difficulty at which budget, and how good that is on problems it was not chosen on.

In: the expected accuracy of each problem under each strategy at each budget, and a difficulty bin per problem. Out: the
compute-optimal curve (Snell et al. 2024, 3.1, 3.2). In each bin and at each budget the best strategy is chosen on one half of
the bin's problems and measured on the other. It is done both ways round, and averaged over problems. The bootstrap runs over
problems and makes the choice again in every resample. Copies of a problem stay in its half, so the halves never share one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from stepscale.estimators.arrays import Floats
from stepscale.estimators.cross_validation import DIGITS, Cells, choice_table, of_picks
from stepscale.estimators.curve import Curve, from_rows
from stepscale.estimators.resampling import Counts
from stepscale.estimators.strategy_results import StrategyResults


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
        resamples: Number of bootstrap resamples over problems; each makes the choice again.
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
