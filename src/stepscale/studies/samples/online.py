"""The online policy on one verifier's samples: it pays for its probes, and is compared with policies that do not.

In: samples, one verifier's scores by aggregation, and its other policies. Out: rows at equal mean numbers of samples. The
policy (``estimators.online_policy``) probes, then stops or samples on. One half of the problems chooses it, aggregation
included, and the other half measures it. Intervals are over problems with all choices held fixed.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.intervals import interval_of_rows, verdict
from stepscale.estimators.online_comparison import cross_validated
from stepscale.estimators.online_outcomes import Candidates, Outcomes, outcomes
from stepscale.estimators.online_policy import at_equal_cost
from stepscale.estimators.resampling import resample_counts, with_estimate
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.studies.best_of_n.comparison import are_shares
from stepscale.studies.samples.optimal import Optimal, chosen_label, selection_label
from stepscale.studies.samples.scored_selections import WEIGHTED, ScoredSelection, Scores

_MAX_ORDERS, _MIN_ORDERS = 64, 8  # random orders of each problem's samples
_MAX_CELLS = 1_100_000  # places x orders: fewer orders of many samples


def online_rows(grid: SampleGrid, scores: Scores, optimal: Optimal, resamples: int, seed: int) -> pd.DataFrame:
    """A row per (budget, other policy): what the online policy reaches and spends, and its lead at the same spending.

    Args:
        grid: The samples.
        scores: One verifier's, by aggregation; those beyond [0, 1] say nothing of how sure a vote is, and are left out.
        optimal: The verifier's other policies.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides halves, orders and resamples.

    Returns:
        Columns budget, cost, accuracy, low, high, error, stopped, other, difference, difference_low, difference_high, verdict.
        No rows where no scores are within [0, 1].
    """
    halves = fold_of(grid.ids, np.ones(len(grid.ids), np.int64), seed)
    best = best_by_half(grid, scores, optimal.results, halves)
    budgets = optimal.results.budgets[1:]  # at the least there is nothing to decide
    if best is None or not budgets:
        return pd.DataFrame()
    orders = int(np.clip(_MAX_CELLS // grid.mask.size, _MIN_ORDERS, _MAX_ORDERS))
    recorded = outcomes_by_half(grid, scores, best, orders, seed)
    counts = with_estimate(resample_counts(len(halves), resamples, seed))
    rows: list[dict[str, object]] = []
    for budget in budgets:
        try:
            result = cross_validated(recorded, halves, float(budget))
        except InputError:  # no policy is so cheap
            continue
        reached = interval_of_rows(counts @ result.accuracy / len(halves)).cells("accuracy")
        row = {"budget": budget, "cost": float(result.cost.mean()), **reached}
        row |= {"error": result.error, "stopped": result.stopped}
        for policy, accuracy in _others(optimal).items():
            try:
                gap = at_equal_cost(result, accuracy, optimal.results.budgets, resamples, seed)
            except InputError:  # what it spends lies outside of the other's budgets
                continue
            bounds = {"difference_low": float(gap.low), "difference_high": float(gap.high)}
            compared = {"other": policy, "difference": float(gap.mean), **bounds}
            rows.append(row | compared | {"verdict": verdict(float(gap.low), float(gap.high), len(halves))})
    return pd.DataFrame(rows)


def best_by_half(
    grid: SampleGrid, scores: Scores, results: StrategyResults, halves: NDArray[np.int64]
) -> tuple[str, str] | None:
    """For each half the aggregation whose weighted vote is the best on the other half; None where no scores can be summed.

    Args:
        grid: Answers and correctness [problems, samples].
        scores: By aggregation [problems, samples].
        results: Accuracy of every answer selection.
        halves: Half (0 or 1) of each problem [problems].
    """
    usable = [aggregation for aggregation, values in scores.items() if are_shares(values[grid.mask])]
    if not usable:
        return None
    votes = np.stack(
        [
            results.accuracy[results.strategies.index(selection_label(ScoredSelection(WEIGHTED, "", aggregation)))]
            for aggregation in usable
        ]
    )
    first, second = (usable[int(votes[:, :, halves != half].mean(axis=(1, 2)).argmax())] for half in (0, 1))
    return first, second


def pool_of(grid: SampleGrid, values: Floats) -> Candidates:
    """The samples under one aggregation; each costs one.

    Args:
        grid: Answers and correctness [problems, samples].
        values: Scores [problems, samples].
    """
    return Candidates(grid.answers, np.where(grid.mask, values, 0.0), grid.correct, grid.mask, np.ones(grid.mask.shape))


def outcomes_by_half(
    grid: SampleGrid, scores: Scores, best: Sequence[str], orders: int, seed: int
) -> tuple[Outcomes, Outcomes]:
    """For each half what a policy would meet under its aggregation.

    Args:
        grid: Answers and correctness [problems, samples].
        scores: By aggregation [problems, samples].
        best: The aggregation of each half.
        orders: Random orders of each problem's samples.
        seed: Decides them.
    """
    met = {
        aggregation: outcomes(grid.ids, pool_of(grid, scores[aggregation]), {}, orders, seed)
        for aggregation in set(best)
    }
    return met[best[0]], met[best[1]]


def _others(optimal: Optimal) -> dict[str, Floats]:
    """Accuracy [problems, budgets] of each other policy."""
    majority = optimal.results.accuracy[optimal.results.strategies.index("majority")].T
    chosen = {chosen_label(method): policy.per_problem for method, policy in optimal.chosen.items()}
    return {"majority": majority, **chosen, **{name: policy.per_problem for name, policy in optimal.policies.items()}}
