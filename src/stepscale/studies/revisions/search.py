"""PRM search over revisions compared with its rivals at equal generations and at equal FLOPs, and which of them wins.

The rivals, on the same problems: the revision model's parallel and sequential attempts chosen by its ORM and, so that search is
told from verifier, by the PRM that is searched against. And, where searches were run, the generator's best-of-N weighted and its
beam searches. A verdict follows from the paired interval alone.
"""

import numpy as np
import pandas as pd

from stepscale.estimators.curve import Curve
from stepscale.estimators.equal_cost import lead_at_own_cost
from stepscale.estimators.intervals import verdict
from stepscale.estimators.strategy_results import strategy_results
from stepscale.parameters import ReportBlock
from stepscale.revisions.grid import from_one_attempt
from stepscale.studies.revisions.claims import PARALLEL, SEQUENTIAL
from stepscale.studies.revisions.tables import LEADS
from stepscale.studies.strategies.accuracy import BY_PRM, COSTS, VERIFIER, WEIGHTED, searched_budgets
from stepscale.studies.strategies.curve_table import UNITS, Curves, curve_rows, strategy_curves

_CHOOSERS = {VERIFIER: "ORM", BY_PRM: "PRM"}
_COLUMNS = ["problem_id", "strategy", "budget", "accuracy", *COSTS]


def measure_revision_search(
    searched: pd.DataFrame, revised: pd.DataFrame, accuracy: pd.DataFrame, config: ReportBlock, seed: int
) -> dict[str, pd.DataFrame]:
    """Tables ``curves`` (by unit) and ``leads``; none where revisions were not searched over.

    Args:
        searched: Results of the searches over revisions, a row for each problem and search.
        revised: ``STRATEGY_ACCURACY`` of revisions.
        accuracy: ``STRATEGY_ACCURACY`` of the generator's own searches; no rows where none were run.
        config: Bootstrap resamples.
        seed: Of the run.
    """
    if searched.empty:
        return {}
    searched_rows = _searched_rows(searched)
    parts = [searched_rows, _revised_rows(revised)]
    if len(accuracy):
        within = searched_budgets(accuracy)
        parts.append(within.loc[(within["strategy"] == WEIGHTED) | (within["method"] == "beam"), _COLUMNS])
    shared = set.intersection(*(set(part["problem_id"]) for part in parts))
    rows = pd.concat(parts, ignore_index=True)
    results = strategy_results(rows[rows["problem_id"].isin(shared)], COSTS)
    curves = strategy_curves(results, config.bootstrap, seed)
    return {"curves": curve_rows(curves, len(results.ids)), "leads": _leads(curves, searched_rows, len(results.ids))}


def _searched_rows(searched: pd.DataFrame) -> pd.DataFrame:
    """The searches over revisions as rows of strategy results."""
    tokens = searched[["prefill_tokens", "decode_tokens", "verify_tokens"]].sum(axis=1)
    flops = searched["generator_flops"] + searched["verifier_flops"]
    right = searched["is_correct"].fillna(False).astype(float)
    return searched.assign(strategy=searched["label"], accuracy=right, tokens=tokens, flops=flops)[_COLUMNS]


def _revised_rows(revised: pd.DataFrame) -> pd.DataFrame:
    """Parallel and sequential attempts, chosen by the revision ORM, and by the PRM if it read them."""
    rows = from_one_attempt(revised[revised["chosen_by"].isin(_CHOOSERS)])
    rows = rows[rows["strategy"].isin([PARALLEL, SEQUENTIAL])]
    named = "revisions, " + rows["strategy"] + ", " + rows["chosen_by"].map(_CHOOSERS)
    return rows.assign(strategy=named)[_COLUMNS]


def _leads(curves: Curves, searched_rows: pd.DataFrame, n_problems: int) -> pd.DataFrame:
    """Of each search over revisions over each rival, at the same generations and at the same FLOPs.

    Each search has its own budgets: methods differ in how much of a planned budget they leave unspent.
    """
    budgets = {str(name): sorted(rows["budget"].unique()) for name, rows in searched_rows.groupby("strategy")}
    rows = []
    for unit, name in curves:
        rivals = [rival for rival_unit, rival in curves if rival_unit == unit and rival not in budgets]
        if name in budgets and unit != UNITS["tokens"]:
            for rival in rivals:
                rows += _leads_over(
                    curves[unit, name], curves[unit, rival], [name, unit, rival], budgets[name], n_problems
                )
    return pd.DataFrame(rows, columns=list(LEADS.columns)[:-1]).assign(n_problems=n_problems)


def _leads_over(
    curve: Curve, rival: Curve, names: list[str], budgets: list[int], n_problems: int
) -> list[list[object]]:
    """A row for each budget at whose spending the rival was measured."""
    lead = lead_at_own_cost(curve, rival)
    name, unit, rival_name = names
    bounds = zip(map(float, lead.mean), map(float, lead.low), map(float, lead.high), strict=True)
    return [
        [name, int(n), unit, float(x), float(y), rival_name, mean, low, high, verdict(low, high, n_problems)]
        for n, x, y, (mean, low, high) in zip(budgets, curve.x, curve.accuracy, bounds, strict=True)
        if not np.isnan(mean)
    ]
