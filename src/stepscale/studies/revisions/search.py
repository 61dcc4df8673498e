"""PRM search over revisions beside what it competes with, at equal generations and at equal FLOPs; and which of them wins.

The rivals, on the same problems: the revision model's parallel and sequential attempts chosen by its ORM and, so that search is
told from verifier, by the PRM that is searched against; and, where searches were run, the generator's best-of-N weighted and its
beam searches. A verdict follows from the paired interval alone.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import strategy_results
from stepscale.estimators.curve import Curve
from stepscale.estimators.equal_cost import error_at, lead_at_own_cost
from stepscale.estimators.intervals import verdict
from stepscale.parameters import ReportBlock, RevisionsBlock
from stepscale.revisions.grid import PRM, from_one_attempt, ratio_results, read_by
from stepscale.search.plan import SearchPlan
from stepscale.studies.best_of_n.aggregates import Scored
from stepscale.studies.revisions.claims import PARALLEL, SEQUENTIAL
from stepscale.studies.search.curve_table import COLUMNS, UNITS, curve_rows
from stepscale.studies.search.measure import WEIGHTED, sample_votes, scored_samples, strategy_rows

LEADS = [
    "strategy",
    "n",
    "unit",
    "spent",
    "accuracy",
    "minus",
    "difference",
    "low",
    "high",
    "verdict",
    "n_problems",
    "error",
]
_KEPT = ["problem_id", "strategy", "budget", "accuracy", "tokens", "flops"]


def measure_revision_search(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    searched: pd.DataFrame,
    chains: pd.DataFrame,
    search_results: pd.DataFrame,
    sample_costs: pd.DataFrame,
    tree_search: SearchPlan | None,
    revisions: RevisionsBlock | None,
    config: ReportBlock,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Curves by unit, and leads: a row a (strategy, budget, unit, rival); both empty without searches over revisions."""
    if revisions is None or searched.empty or chains.empty:
        return pd.DataFrame(columns=COLUMNS), pd.DataFrame(columns=LEADS)
    ours = _searched_rows(searched)
    parts, errors = [ours, _revised_rows(chains, revisions.budgets, seed)], {}
    if tree_search is not None and len(search_results):
        ids = list(search_results["problem_id"].unique())
        scored = scored_samples(test_problems, test_solutions, prm_scores, ids, tree_search.rule)
        parts.append(_generator_rows(scored, search_results, sample_costs, tree_search))
        inside = np.isin(ids, list(_shared(parts)))
        ns = sorted(parts[-1].loc[parts[-1]["strategy"] == WEIGHTED, "budget"].unique())
        of_votes = sample_votes(scored, ns)[WEIGHTED].error_among(inside)
        errors = {(unit, WEIGHTED): of_votes for unit in UNITS.values()}
    rows = pd.concat(parts, ignore_index=True)
    results = strategy_results(rows[rows["problem_id"].isin(_shared(parts))], ("tokens", "flops"))
    curves = {
        (shown_unit, name): results.curve(name, unit, config.bootstrap, seed)
        for unit, shown_unit in UNITS.items()
        for name in results.strategies
    }
    leads = _leads(curves, list(ours["strategy"].unique()), ours, errors, len(results.ids))
    return curve_rows(curves, len(results.ids), errors), leads


def _searched_rows(searched: pd.DataFrame) -> pd.DataFrame:
    """The searches over revisions as rows of strategy results."""
    tokens = searched[["prefill_tokens", "decode_tokens", "verify_tokens"]].sum(axis=1)
    flops = searched["generator_flops"] + searched["verifier_flops"]
    right = searched["is_correct"].fillna(False).astype(float)
    return searched.assign(strategy=searched["label"], accuracy=right, tokens=tokens, flops=flops)[_KEPT]


def _revised_rows(chains: pd.DataFrame, budgets: tuple[int, ...], seed: int) -> pd.DataFrame:
    """Parallel and sequential attempts, chosen by the revision ORM, and by the PRM if it read them."""
    read = {"ORM": chains} | ({"PRM": read_by(chains, PRM)} if f"score_{PRM}" in chains else {})
    parts = []
    for verifier, table in read.items():
        rows = from_one_attempt(ratio_results(table, budgets, "hierarchical", seed=seed))
        kept = rows[rows["strategy"].isin([PARALLEL, SEQUENTIAL])]
        parts.append(kept.assign(strategy="revisions, " + kept["strategy"] + f", {verifier}")[_KEPT])
    return pd.concat(parts, ignore_index=True)


def _generator_rows(scored: Scored, searches: pd.DataFrame, costs: pd.DataFrame, plan: SearchPlan) -> pd.DataFrame:
    """The generator's best-of-N weighted and its beam searches."""
    rows = strategy_rows(scored, searches, costs, plan)
    beams = [name for name, own in plan.named if own.method == "beam"]
    return rows.loc[rows["strategy"].isin([WEIGHTED, *beams]), _KEPT]


def _shared(parts: list[pd.DataFrame]) -> set[str]:
    """The problems that all parts have."""
    return set.intersection(*(set(part["problem_id"]) for part in parts))


def _leads(
    curves: dict[tuple[str, str], Curve],
    own: list[str],
    ours: pd.DataFrame,
    errors: Mapping[tuple[str, str], Floats],
    n_problems: int,
) -> pd.DataFrame:
    """Of each search over revisions over each rival, at the same generations and at the same FLOPs.

    A search's budgets are its own: what a budget of the plan leaves unspent differs between methods. ``errors``: Monte Carlo
    standard error [points] by (unit, label); searches have none of their own, so the rival's is that of the difference.
    """
    budgets = {str(name): sorted(rows["budget"].unique()) for name, rows in ours.groupby("strategy")}
    compared = [
        (unit, name, rival)
        for unit, name in curves
        for rival_unit, rival in curves
        if name in own and rival not in own and rival_unit == unit != UNITS["tokens"]
    ]
    rows = []
    for unit, name, rival in compared:
        curve = curves[unit, name]
        lead = lead_at_own_cost(curve, curves[unit, rival])
        points = zip(budgets[name], curve.x, curve.accuracy, lead.mean, lead.low, lead.high, strict=True)
        for n, spent, accuracy, mean, low, high in points:
            if not np.isnan(mean):  # NaN where the rival was not measured at this spending
                lead_at = [float(mean), float(low), float(high), verdict(low, high)]
                error = error_at(curves[unit, rival].x, errors.get((unit, rival)), float(spent))
                rows.append([name, int(n), unit, float(spent), float(accuracy), rival, *lead_at, n_problems, error])
    return pd.DataFrame(rows, columns=LEADS)
