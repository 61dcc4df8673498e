"""What each way to tell difficulty is worth: its agreement with the oracle, and the compute-optimal policy on its bins.

In: results of strategies, and an easiness a problem by kind ("oracle", "predicted", "question", "4 probes"; ``difficulty``). Out:
two tables with 95 % intervals over problems, differences paired by problem. What an estimate costs is not counted here, as in
Snell et al. 2024, 3.2; the online policy (``online_comparison``) pays for its own. Knows nothing of how an easiness was made.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import StrategyResults, compute_optimal
from stepscale.estimators.curve import Curve, difference
from stepscale.estimators.difficulty import quantile_bins, rank_correlation

ORACLE, UNIFORM = "oracle", "one bin"
AGREEMENT = ("kind", "correlation", "low", "high", "same_bin", "n_problems")
POLICIES = (
    "kind",
    "budget",
    "accuracy",
    "low",
    "high",
    "minus_oracle",
    "minus_oracle_low",
    "minus_oracle_high",
    "minus_uniform",
    "minus_uniform_low",
    "minus_uniform_high",
    "n_problems",
    "error",
)


def agreement_with_oracle(
    easiness: Mapping[str, Floats], ids: tuple[str, ...], resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """A row a kind: Spearman's correlation with the oracle's easiness, its interval, and the share of problems in its bin.

    Bins chosen at random share a fifth. ``easiness``: by kind [problems], "oracle" among them.
    """
    bins = {kind: quantile_bins(values, ids, seed=seed) for kind, values in easiness.items()}
    rows = []
    for kind, values in easiness.items():
        found = rank_correlation(values, easiness[ORACLE], resamples, seed)
        same = float((bins[kind] == bins[ORACLE]).mean())
        rows.append([kind, found["correlation"], found["low"], found["high"], same, len(ids)])
    return pd.DataFrame(rows, columns=list(AGREEMENT))


def policies_by_kind(
    results: StrategyResults,
    easiness: Mapping[str, Floats],
    resamples: int = 2000,
    seed: int = 0,
    errors: Floats | None = None,
) -> pd.DataFrame:
    """A row a (kind of bins, budget): the compute-optimal policy's accuracy, and its lead over oracle bins and over one bin.

    ``easiness``: by kind [problems], in the order of ``results.ids``, "oracle" among them. Kind "one bin" is the best
    single strategy at each budget. All are cross-validated alike and share their resamples. ``errors`` [budgets]: the Monte Carlo
    error that any policy's accuracy has at the most; null where it is not told.
    """
    members = {kind: quantile_bins(values, results.ids, seed=seed) for kind, values in easiness.items()}
    members[UNIFORM] = np.ones(len(results.ids), np.int64)
    curves = {kind: compute_optimal(results, bins, resamples, seed).curve for kind, bins in members.items()}
    rows = pd.concat([_rows(kind, own, curves, results) for kind, own in curves.items()], ignore_index=True)
    told = np.full(len(results.budgets), np.nan) if errors is None else errors
    return rows.assign(error=np.tile(told, len(curves)))


def _rows(kind: str, own: Curve, curves: Mapping[str, Curve], results: StrategyResults) -> pd.DataFrame:
    """Of one kind, a row a budget."""
    columns: list[Floats] = [own.accuracy, own.interval.low, own.interval.high]
    for other in (ORACLE, UNIFORM):
        gap = difference(own, curves[other])
        columns += [gap.mean, gap.low, gap.high]
    table = pd.DataFrame(dict(zip(POLICIES[2:-2], columns, strict=True)))
    table.insert(0, "budget", list(results.budgets))
    table.insert(0, "kind", kind)
    return table.assign(n_problems=len(results.ids))
