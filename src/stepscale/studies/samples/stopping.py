"""Stopping rules beside the online policy on one verifier's samples. What samples cost in FLOPs is not known of a file."""

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.stopping.prefixes import prefixes
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.studies.samples.online import best_by_half, outcomes_by_half, pool_of
from stepscale.studies.samples.scored_selections import Scores
from stepscale.studies.stopping.measure import GENERATIONS, RULE_ORDERS, TOKENS, Recorded, UnitPrices, compare_rules


def stopping_rows(
    grid: SampleGrid,
    scores: Scores,
    verifier: str,
    results: StrategyResults,
    tokens: Floats | None,
    resamples: int,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Tables ``stopping`` and ``stopping_risk`` of one verifier; no tables where its scores cannot be summed.

    Args:
        grid: The samples.
        scores: The verifier's, by aggregation.
        verifier: Its name.
        results: What every answer selection reaches, for the choice of an aggregation.
        tokens: Mean tokens of a sample of each problem [problems], if they are counted.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides halves, orders and resamples.
    """
    halves = fold_of(grid.ids, np.ones(len(grid.ids), np.int64), seed)
    best = best_by_half(grid, scores, results, halves)
    if best is None or grid.mask.shape[1] == 1:
        return {}
    by_aggregation = {
        aggregation: prefixes(grid.ids, pool_of(grid, scores[aggregation]), RULE_ORDERS, seed)
        for aggregation in set(best)
    }
    paid = {GENERATIONS: np.ones(len(grid.ids))} | ({} if tokens is None else {TOKENS: tokens})
    recorded = Recorded(
        halves,
        outcomes_by_half(grid, scores, best, RULE_ORDERS, seed),
        (by_aggregation[best[0]], by_aggregation[best[1]]),
        {unit: _prices(values, grid.mask.shape[1]) for unit, values in paid.items()},
    )
    return compare_rules(recorded, verifier, resamples, seed)


def _prices(per_sample: Floats, places: int) -> UnitPrices:
    """Every sample of a problem costs the same [problems]; what a verifier reads is not counted in a file."""
    samples = np.outer(per_sample, np.arange(1, places + 1))
    return UnitPrices(samples, samples, np.empty((len(per_sample), 0)))
