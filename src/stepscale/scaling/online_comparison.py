"""The online policy beside policies that do not pay for what they know, at equal total cost (past Snell et al. 2024, 8).

In: recorded samples and searches, and the strategies' results on the same problems. Out: for each budget what the online
policy reaches and spends, and how far that is from best-of-N weighted, from the uniform and from the oracle-binned policy at
the same mean spending. Its parameters are chosen on one half of the problems and measured on the other, both ways round, as
those of ``compute_optimal`` are. Spending is in generations, probes included.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.scaling.compute_optimal import StrategyResults, compute_optimal, fold_of
from stepscale.scaling.curve import interval_of, with_estimate
from stepscale.scaling.difficulty import Bins
from stepscale.scaling.intervals import resample_counts, verdict
from stepscale.scaling.online_outcomes import Candidates, Outcomes, outcomes
from stepscale.scaling.online_policy import Followed, OnlinePolicy, at_equal_cost, choose_policy, follow

Choose = Callable[[Outcomes, float], OnlinePolicy]
ORDERS = 64  # random orders of each problem's pool
COLUMNS = (
    "budget", "cost", "accuracy", "low", "high", "error", "stopped", "other", "difference", "difference_low",
    "difference_high", "verdict",
)  # fmt: skip


def compare_online(
    results: StrategyResults, oracle: Bins, baseline: str, pool: Candidates, runs: Mapping[str, Candidates],
    budgets: Sequence[int], resamples: int, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """A row a (budget, other policy); ``error`` is the Monte Carlo error of the online accuracy over the orders.

    A budget that no online policy keeps to, or at which the other policy was not measured, has no row.
    """
    one_bin = np.ones(len(oracle), np.int64)
    others = {
        baseline: results.accuracy[results.strategies.index(baseline)].T,
        "uniform": compute_optimal(results, one_bin, resamples, seed).per_problem,
        "oracle bins": compute_optimal(results, oracle, resamples, seed).per_problem,
    }
    halves = fold_of(results.ids, one_bin, seed)
    met = outcomes(results.ids, pool, runs, ORDERS, seed)
    counts = with_estimate(resample_counts(len(results.ids), resamples, seed))
    rows = []
    for budget in budgets:
        try:
            found = cross_followed(met, halves, float(budget))
        except InputError:  # no policy is so cheap
            continue
        means = counts @ found.accuracy / len(results.ids)
        reached = interval_of(means[0], means[1:])
        shown = [found.cost.mean(), reached.mean, reached.low, reached.high, found.error, found.stopped]
        for name, values in others.items():
            measured = ~np.isnan(values).all(axis=0)
            try:
                gap = at_equal_cost(
                    found, values[:, measured], np.asarray(results.budgets, float)[measured], resamples, seed
                )
            except InputError:  # what the online policy spends lies outside of the other's budgets
                continue
            compared = float(gap.mean), float(gap.low), float(gap.high), verdict(float(gap.low), float(gap.high))
            rows.append([int(budget), *map(float, shown), name, *compared])
    return pd.DataFrame(rows, columns=list(COLUMNS))


def cross_followed(met: Outcomes, halves: NDArray[np.int64], budget: float, choose: Choose = choose_policy) -> Followed:
    """Each problem under the policy that the other half chose for ``budget``. Raises InputError if none is so cheap."""
    accuracy, cost = np.zeros(len(halves)), np.zeros(len(halves))
    errors, stopped = [], []
    own = [_of(met, np.flatnonzero(halves == half)) for half in (0, 1)]
    for half in (0, 1):
        found, inside = follow(own[half], choose(own[1 - half], budget)), halves == half
        accuracy[inside], cost[inside] = found.accuracy, found.cost
        errors.append(found.error * inside.mean())
        stopped.append(found.stopped * inside.mean())
    return Followed(accuracy, cost, float(np.hypot(*errors)), float(sum(stopped)))


def _of(met: Outcomes, problems: NDArray[np.int64]) -> Outcomes:
    """What was met on these problems alone."""
    by_order = {name: getattr(met, name)[:, problems] for name in ("right", "sure", "easy", "cost", "run_right")}
    return replace(met, **by_order, run_cost=met.run_cost[problems])
