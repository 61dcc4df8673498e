"""The online policy on one verifier's samples: it pays for its probes, and stands beside policies that do not pay.

In: samples, one verifier's scores by aggregation, and its other policies. Out: rows at equal mean numbers of samples. The
policy (``estimators.online_policy``) probes, then stops or samples on. One half of the problems chooses it, aggregation
included, and the other half measures it. Intervals are over problems with all choices held fixed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.checking import Floats
from stepscale.estimators.compute_optimal import StrategyResults, fold_of
from stepscale.estimators.intervals import interval_of_rows, resample_counts, verdict, with_estimate
from stepscale.estimators.online_outcomes import Candidates, Outcomes, outcomes
from stepscale.estimators.online_policy import PolicyResult, at_equal_cost, choose_policy, follow
from stepscale.estimators.samples import SampleGrid
from stepscale.studies.samples.optimal import Optimal, chosen_label, way_label
from stepscale.studies.samples.ways import WEIGHTED, Scores, Way, are_shares

_MOST_ORDERS, _FEWEST_ORDERS = 64, 8  # random orders of each problem's samples
_CELLS = 1_100_000  # places x orders: fewer orders of many samples


def online_rows(grid: SampleGrid, scores: Scores, made: Optimal, resamples: int, seed: int) -> pd.DataFrame:
    """A row per (budget, other policy): what the online policy reaches and spends, and its lead at the same spending.

    Args:
        grid: The samples.
        scores: One verifier's, by aggregation; those beyond [0, 1] say nothing of how sure a vote is, and are left out.
        made: The verifier's other policies.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides halves, orders and resamples.

    Returns:
        Columns budget, cost, accuracy, low, high, error, stopped, other, difference, difference_low, difference_high, verdict.
        No rows where no scores are within [0, 1].
    """
    usable = [how for how, values in scores.items() if are_shares(values[grid.mask])]
    halves = fold_of(grid.ids, np.ones(len(grid.ids), np.int64), seed)
    budgets = made.results.budgets[1:]  # at the least there is nothing to decide
    if not usable or not budgets:
        return pd.DataFrame()
    recorded = _by_half(grid, scores, usable, made.results, halves, seed)
    counts = with_estimate(resample_counts(len(halves), resamples, seed))
    rows: list[dict[str, object]] = []
    for budget in budgets:
        try:
            result = _cross_validated(recorded, halves, float(budget))
        except InputError:  # no policy is so cheap
            continue
        reached = interval_of_rows(counts @ result.accuracy / len(halves)).cells("accuracy")
        shown = {"budget": budget, "cost": float(result.cost.mean()), **reached}
        shown |= {"error": result.error, "stopped": result.stopped}
        for other, accuracy in _others(made).items():
            try:
                gap = at_equal_cost(result, accuracy, made.results.budgets, resamples, seed)
            except InputError:  # what it spends lies outside of the other's budgets
                continue
            bounds = {"difference_low": float(gap.low), "difference_high": float(gap.high)}
            told = {"other": other, "difference": float(gap.mean), **bounds}
            rows.append(shown | told | {"verdict": verdict(float(gap.low), float(gap.high))})
    return pd.DataFrame(rows)


def _by_half(
    grid: SampleGrid,
    scores: Scores,
    usable: Sequence[str],
    results: StrategyResults,
    halves: NDArray[np.int64],
    seed: int,
) -> tuple[Outcomes, Outcomes]:
    """For each half what a policy would meet under the aggregation whose weighted vote is the best on the other half."""
    votes = np.stack([results.accuracy[results.strategies.index(way_label(Way(WEIGHTED, "", how)))] for how in usable])
    best = [usable[int(votes[:, :, halves != half].mean(axis=(1, 2)).argmax())] for half in (0, 1)]
    costs = np.ones(grid.mask.shape)
    orders = int(np.clip(_CELLS // costs.size, _FEWEST_ORDERS, _MOST_ORDERS))
    met = {
        how: outcomes(
            grid.ids,
            Candidates(grid.answers, np.where(grid.mask, scores[how], 0.0), grid.correct, grid.mask, costs),
            {},
            orders,
            seed,
        )
        for how in set(best)
    }
    return met[best[0]], met[best[1]]


def _others(made: Optimal) -> dict[str, Floats]:
    """Accuracy [problems, budgets] of each other policy."""
    majority = made.results.accuracy[made.results.strategies.index("majority")].T
    chosen = {chosen_label(method): optimal.per_problem for method, optimal in made.chosen.items()}
    return {"majority": majority, **chosen, **{name: policy.per_problem for name, policy in made.policies.items()}}


def _cross_validated(recorded: Sequence[Outcomes], halves: NDArray[np.int64], budget: float) -> PolicyResult:
    """Each problem under the policy that the other half chose. Raises InputError if none is so cheap."""
    accuracy, cost = np.zeros(len(halves)), np.zeros(len(halves))
    errors, stopped = [], []
    for half in (0, 1):
        inside = halves == half
        policy = choose_policy(_on_problems(recorded[half], np.flatnonzero(~inside)), budget)
        result = follow(_on_problems(recorded[half], np.flatnonzero(inside)), policy)
        accuracy[inside], cost[inside] = result.accuracy, result.cost
        errors.append(result.error * inside.mean())
        stopped.append(result.stopped * inside.mean())
    return PolicyResult(accuracy, cost, float(np.hypot(*errors)), float(sum(stopped)))


def _on_problems(recorded: Outcomes, problems: NDArray[np.int64]) -> Outcomes:
    """What was met on these problems alone."""
    by_order: dict[str, Any] = {
        name: getattr(recorded, name)[:, problems] for name in ("right", "sure", "easy", "cost", "run_right")
    }
    return replace(recorded, **by_order, run_cost=recorded.run_cost[problems])
