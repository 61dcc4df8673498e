"""Compares ways to estimate difficulty: their agreement with the oracle, and the compute-optimal policy on its bins.

In: results of strategies, and an easiness per problem by kind ("oracle", "predicted", "question", "4 probes"). Out:
two tables with 95 % intervals over problems, differences paired by problem. What an estimate costs is not counted here, as in
Snell et al. 2024, 3.2; the online policy (``online_comparison``) pays for its own. Knows nothing about how an easiness was made.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.curve import Curve, difference
from stepscale.estimators.difficulty import quantile_bins, rank_correlation
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.studies.difficulty.tables import AGREEMENT, POLICIES

ORACLE, UNIFORM = "oracle", "one bin"


def agreement_with_oracle(
    easiness: Mapping[str, Floats], ids: tuple[str, ...], resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """How far each kind of difficulty agrees with the oracle's. Bins chosen at random share a fifth.

    Args:
        easiness: By kind [problems], "oracle" among them.
        ids: Of the problems.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them, and ties between bins.

    Returns:
        A row for each kind: Spearman's correlation with the oracle's easiness, its interval, and the share of problems in its
        bin.
    """
    bins = {kind: quantile_bins(values, ids, seed=seed) for kind, values in easiness.items()}
    rows = []
    for kind, values in easiness.items():
        agreement = rank_correlation(values, easiness[ORACLE], resamples, seed)
        equal_share = float((bins[kind] == bins[ORACLE]).mean())
        rows.append([kind, agreement["correlation"], agreement["low"], agreement["high"], equal_share, len(ids)])
    return pd.DataFrame(rows, columns=list(AGREEMENT.columns))


def policies_by_kind(
    results: StrategyResults, easiness: Mapping[str, Floats], resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Accuracy of a compute-optimal policy on each kind of bins. All are cross-validated in the same way and share resamples.

    Args:
        results: Accuracies of every strategy, budget and problem.
        easiness: By kind [problems], in the order of ``results.ids``, "oracle" among them.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them, and the halves.

    Returns:
        A row for each kind of bins and budget: the policy's accuracy, and its lead over oracle bins and over one bin. Kind "one
        bin" is the best single strategy at each budget.
    """
    members = {kind: quantile_bins(values, results.ids, seed=seed) for kind, values in easiness.items()}
    members[UNIFORM] = np.ones(len(results.ids), np.int64)
    curves = {kind: compute_optimal(results, bins, resamples, seed).curve for kind, bins in members.items()}
    return pd.concat([_rows(kind, curves, results) for kind in curves], ignore_index=True)


def _rows(kind: str, curves: Mapping[str, Curve], results: StrategyResults) -> pd.DataFrame:
    """The rows of one kind, one for each budget."""
    curve = curves[kind]
    columns: list[Floats] = [curve.accuracy, curve.interval.low, curve.interval.high]
    for reference in (ORACLE, UNIFORM):
        gap = difference(curve, curves[reference])
        columns += [gap.mean, gap.low, gap.high]
    table = pd.DataFrame(dict(zip(list(POLICIES.columns)[2:-1], columns, strict=True)))
    table.insert(0, "budget", list(results.budgets))
    table.insert(0, "kind", kind)
    return table.assign(n_problems=len(results.ids))
