"""Stopping rules beside the online policy of the lab's searches, in generations, tokens and FLOPs.

In: scored samples, what each search wrote, and what every strategy spent. Out: the tables of ``studies.stopping``, and every
rule as fitted to all searched problems, so that it can be set to work (docs/stopping.md). Rules sample whole solutions; the
online policy may also switch to a search.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.online_outcomes import outcomes
from stepscale.estimators.stopping.prefixes import prefixes
from stepscale.estimators.stopping.rules import COMPARED_RULES
from stepscale.grading import Rules
from stepscale.search.plan import SearchPlan
from stepscale.studies.search.recorded import recorded_pool, recorded_prices, recorded_runs
from stepscale.studies.stopping.measure import (
    FLOPS,
    GENERATIONS,
    RULE_ORDERS,
    TOKENS,
    Recorded,
    UnitPrices,
    compare_rules,
)
from stepscale.studies.strategies.accuracy import MAJORITY, WEIGHTED
from stepscale.studies.strategies.samples import SEARCH, scored_grid


def measure_stopping(
    samples: pd.DataFrame,
    candidates: pd.DataFrame,
    accuracy: pd.DataFrame,
    plan: SearchPlan,
    resamples: int,
    seed: int,
    rules: Rules = "prm800k",
) -> dict[str, Any]:
    """``tables`` (stopping, stopping_risk), and ``rules``: by name those fitted to all problems.

    Args:
        samples: ``SCORED_SAMPLES`` of the test problems.
        candidates: What each search wrote for each problem.
        accuracy: ``STRATEGY_ACCURACY`` of searches and best-of-N, for what they cost.
        plan: The searches that were run.
        resamples: Number of bootstrap resamples over problems.
        seed: Of the run.
        rules: Grading rules of the run, by which answers are equal in a vote.
    """
    ids = list(candidates["problem_id"].unique())
    scored = scored_grid(samples, ids, SEARCH)
    pool = recorded_pool(scored.grid, scored.prm)
    runs = recorded_runs(candidates, plan, ids)
    online = outcomes(ids, pool, runs, RULE_ORDERS, seed, rules=rules)
    recorded_samples = prefixes(ids, pool, RULE_ORDERS, seed, rules)
    n_samples = np.broadcast_to(np.arange(1.0, scored.grid.mask.shape[1] + 1), scored.grid.mask.shape)
    prices = {
        GENERATIONS: UnitPrices(n_samples, n_samples, online.run_cost),
        TOKENS: _prices(accuracy, "tokens", ids, n_samples.shape[1], list(runs)),
        FLOPS: _prices(accuracy, "flops", ids, n_samples.shape[1], list(runs)),
    }
    halves = fold_of(ids, np.ones(len(ids), np.int64), seed)
    recorded = Recorded(halves, (online, online), (recorded_samples, recorded_samples), prices)
    fitted = [rule.fitted(recorded_samples) for family in COMPARED_RULES for rule in family]
    return {
        "tables": compare_rules(recorded, "prm", resamples, seed),
        "rules": {f"{rule.label}, {rule.setting}": rule.model_dump(mode="json") for rule in fitted},
    }


def _prices(accuracy: pd.DataFrame, column: str, ids: Sequence[str], places: int, runs: Sequence[str]) -> UnitPrices:
    """What samples and runs cost in a column of ``accuracy``; votes of counts need no verifier."""
    priced = accuracy.assign(n=accuracy["budget"], generator_flops=accuracy[column], verifier_flops=0.0)
    by_run = priced.assign(strategy=priced["strategy"] + " at " + priced["budget"].astype(str))
    sample_counts = range(1, places + 1)

    def prices_of(strategy: str) -> tuple[Floats, Floats]:
        paid = recorded_prices(priced[priced["strategy"] == strategy], by_run, ids, sample_counts, runs)
        return paid.samples, paid.runs

    return UnitPrices(prices_of(WEIGHTED)[0], prices_of(MAJORITY)[0], prices_of(WEIGHTED)[1])
