"""The online policy compared with policies that do not pay for their estimate of difficulty, at equal total cost (past Snell
et al. 2024, 8).

In: recorded samples and searches, and the strategies' results on the same problems. Out: for each budget what the online policy
reaches and spends, and its lead over best-of-N weighted, the uniform and the oracle-binned policy at the same mean spending. Its
parameters are chosen on one half of the problems and measured on the other, both ways round. Spending is in generations, probes
included, and once more in FLOPs of generator and verifier; there the others are chosen at equal FLOPs too (``cost_optimal``).
Intervals are over problems with all choices held fixed: a resample does not choose again here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.cost_optimal import cost_optimal
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.intervals import interval_of_rows, verdict
from stepscale.estimators.online_outcomes import Candidates, Outcomes, Prices, outcomes, repriced
from stepscale.estimators.online_policy import OnlinePolicy, PolicyResult, at_equal_cost, choose_policy, follow
from stepscale.estimators.resampling import resample_counts, with_estimate
from stepscale.estimators.strategy_results import StrategyResults

if TYPE_CHECKING:
    from stepscale.grading import Rules

PolicySelection = Callable[[Outcomes, float], OnlinePolicy]
"""The rule by which a policy is selected, from outcomes and a budget per problem."""
ORDERS = 64  # random orders of each problem's pool
GENERATIONS, FLOPS = "generations", "FLOPs"
_ONLINE = ("unit", "budget", "cost", "accuracy", "low", "high", "error", "stopped")
COLUMNS = (*_ONLINE, "other", "difference", "difference_low", "difference_high", "verdict")


def compare_online(
    results: StrategyResults,
    oracle: Bins,
    baseline: str,
    pool: Candidates,
    runs: Mapping[str, Candidates],
    budgets: Sequence[int],
    resamples: int,
    seed: int,
    flops: Prices | None = None,
    rules: "Rules" = "prm800k",
) -> pd.DataFrame:
    """The online policy and each other policy at the same mean spending.

    A budget that no online policy keeps to, or at which the other policy was not measured, has no row.

    Args:
        results: What every strategy reaches and costs on these problems.
        oracle: Difficulty bins [problems] of the oracle-binned policy.
        baseline: The strategy that samples without a search.
        pool: Recorded samples of the same problems.
        runs: Search runs on them, by name.
        budgets: In generations per problem.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides halves, orders and resamples.
        flops: What samples and runs cost in FLOPs. With it, and costs in "flops" in ``results``, there are rows counted in FLOPs
            too: what each budget costs the baseline is granted, and the policy is chosen again for it.
        rules: Grading rules by which answers are equal in a vote.

    Returns:
        A row per (unit, budget, other policy) with ``COLUMNS``; ``error`` is the Monte Carlo error over the orders.

    Raises:
        InputError: As ``outcomes`` raises it.
    """
    halves = fold_of(results.ids, np.ones(len(oracle), np.int64), seed)
    recorded = outcomes(results.ids, pool, runs, ORDERS, seed, rules=rules)
    comparators = _comparators(results, oracle, baseline, resamples, seed)
    rows = _rows(GENERATIONS, recorded, halves, [float(n) for n in budgets], comparators, resamples, seed)
    if flops is not None:
        priced = results.costs["flops"][results.strategies.index(baseline)].mean(axis=1)
        granted = [float(priced[results.budgets.index(n)]) for n in budgets if n in results.budgets]
        granted = [cost for cost in granted if not np.isnan(cost)]  # NaN where the baseline has no result
        rows += _rows(FLOPS, repriced(recorded, flops), halves, granted, comparators, resamples, seed)
    return pd.DataFrame(rows, columns=list(COLUMNS))


Comparators = dict[tuple[str, str], tuple[Floats, Floats]]  # by (unit, name): accuracy [problems, points] and spending


def _comparators(results: StrategyResults, oracle: Bins, baseline: str, resamples: int, seed: int) -> Comparators:
    """The policies compared with, at the budgets at which each was measured."""
    of_baseline = results.strategies.index(baseline)
    accuracy = results.accuracy[of_baseline].T
    run = ~np.isnan(accuracy).all(axis=0)
    budgets = np.asarray(results.budgets, float)
    comparators: Comparators = {(GENERATIONS, baseline): (accuracy[:, run], budgets[run])}
    priced = results.costs["flops"][of_baseline].T[:, run] if "flops" in results.costs else None
    if priced is not None:
        comparators[FLOPS, baseline] = accuracy[:, run], priced
    for name, bins in {"uniform": np.ones(len(oracle), np.int64), "oracle bins": oracle}.items():
        comparators[GENERATIONS, name] = compute_optimal(results, bins, resamples, seed).per_problem, budgets
        if priced is not None:
            optimal = cost_optimal(results, bins, baseline, "flops", resamples, seed)
            comparators[FLOPS, name] = _extended(optimal.per_problem, optimal.spent["flops"], priced[:, -1])
    return comparators


def _extended(accuracy: Floats, spent: Floats, most: Floats) -> tuple[Floats, Floats]:
    """With a last point [problems, points] at what the baseline spends at the ``most``: who may spend it need not."""
    if spent.mean(axis=0).max() >= most.mean():
        return accuracy, spent
    return np.column_stack([accuracy, accuracy[:, -1]]), np.column_stack([spent, most])


def _rows(
    unit: str,
    recorded: Outcomes,
    halves: NDArray[np.int64],
    budgets: Sequence[float],
    comparators: Comparators,
    resamples: int,
    seed: int,
) -> list[list[float | str]]:
    """The rows of one unit."""
    counts = with_estimate(resample_counts(len(halves), resamples, seed))
    rows: list[list[float | str]] = []
    for budget in budgets:
        try:
            result = cross_validated((recorded, recorded), halves, budget)
        except InputError:  # no policy is so cheap
            continue
        reached = interval_of_rows(counts @ result.accuracy / len(halves))
        measured_cells = result.cost.mean(), reached.mean, reached.low, reached.high, result.error, result.stopped
        in_unit = {name: measured for (counted, name), measured in comparators.items() if counted == unit}
        for name, (accuracy, spent) in in_unit.items():
            try:
                gap = at_equal_cost(result, accuracy, spent, resamples, seed)
            except InputError:  # what the online policy spends lies outside of the other's budgets
                continue
            low, high = float(gap.low), float(gap.high)
            compared = float(gap.mean), low, high, verdict(low, high, len(halves))
            rows.append([unit, budget, *map(float, measured_cells), name, *compared])
    return rows


def cross_validated(
    recorded: Sequence[Outcomes], halves: NDArray[np.int64], budget: float, choose: PolicySelection = choose_policy
) -> PolicyResult:
    """Each problem under the policy that the other half chose.

    Args:
        recorded: For each half what is met when it is measured; whoever chooses for a half meets the same.
        halves: The half, 0 or 1, of each problem [problems].
        budget: What a policy may cost per problem on the mean, in the outcomes' unit.
        choose: How a policy is selected from outcomes and a budget.

    Raises:
        InputError: A chosen policy needs what was not recorded.
    """
    accuracy, cost = np.zeros(len(halves)), np.zeros(len(halves))
    errors, stopped = [], []
    for half in (0, 1):
        inside = halves == half
        policy = choose(_on_problems(recorded[half], np.flatnonzero(~inside)), budget)
        result = follow(_on_problems(recorded[half], np.flatnonzero(inside)), policy)
        accuracy[inside], cost[inside] = result.accuracy, result.cost
        errors.append(result.error * inside.mean())
        stopped.append(result.stopped * inside.mean())
    return PolicyResult(accuracy, cost, float(np.hypot(*errors)), float(sum(stopped)))


def _on_problems(recorded: Outcomes, problems: NDArray[np.int64]) -> Outcomes:
    """What was met on these problems alone."""
    by_order = {
        name: getattr(recorded, name)[:, problems]
        for name in ("expected_correct", "vote_share", "mean_score", "cost", "run_expected_correct")
    }
    return replace(recorded, **by_order, run_cost=recorded.run_cost[problems])
