"""What revisions did (Snell et al. 2024, 6): the tables behind the paper's Figures 6, 7, 8 and 15, and claims B4-B6 and B10.

Difficulty bins are those of the run's own samples of the test problems, not of the revision model's: oracle by their
pass@1, predicted by the PRM's mean score. As in the paper, neither they nor the choice of a ratio cost anything here.
"""

import pandas as pd

from stepscale.estimators.compute_optimal import strategy_results
from stepscale.estimators.curve import Curve
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.parameters import ReportBlock, RevisionsBlock
from stepscale.report.claims import Claim, settle
from stepscale.revisions.grid import WITHOUT_HISTORY, from_one_attempt, ratio_results, read_by
from stepscale.studies.revisions.chain_rates import pass_at_1_by_position, transition_rates
from stepscale.studies.revisions.claims import (
    PARALLEL,
    SEQUENTIAL,
    b4_quantities,
    b5_quantities,
    b6_quantities,
    b10_quantities,
)
from stepscale.studies.search.curve_table import COLUMNS, UNITS, curve_rows, log_curve_rows
from stepscale.studies.search.measure import difficulty_bins, scored_samples
from stepscale.studies.search.policies import AT_COST, CHOSEN, SAVINGS, at_cost, policies, savings

VERIFIER, MAJORITY, BARE = "verifier", "majority", "verifier without history"
_BASELINE = f"{PARALLEL}, {VERIFIER}"
_RATIOS = ["select", "bin", "strategy", "sequential", "parallel", "budget", "accuracy", "low", "high", "n_problems"]
_POSITIONS = ["position", "accuracy", "low", "high", "n_attempts", "n_problems"]
_CHANGES = ["change", "position", "rate", "low", "high", "n", "paper"]

Tables = tuple[
    pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, list[Claim]
]


def measure_revisions(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    chains: pd.DataFrame,
    revisions: RevisionsBlock | None,
    config: ReportBlock,
    seed: int,
) -> Tables:
    """Pass@1 along the chain, right answers lost and won, accuracy by ratio, curves, savings, accuracy at a cost, what each bin
    chose, claims; empty without revisions.
    """
    if revisions is None or chains.empty:
        columns = (_POSITIONS, _CHANGES, _RATIOS, COLUMNS, SAVINGS, AT_COST, CHOSEN)
        return *(pd.DataFrame(columns=names) for names in columns), []  # type: ignore[return-value]  # seven tables
    found = _ratios(chains, revisions.budgets, seed)
    ids = list(found[VERIFIER]["problem_id"].unique())
    bins = difficulty_bins(scored_samples(test_problems, test_solutions, prm_scores, ids, config.rule), seed)
    splits = strategy_results(found[VERIFIER], ("tokens", "flops"))
    kinds = {f"compute-optimal, {kind} bins": (kind, own) for kind, own in bins.items()}
    optimal = policies(splits, kinds, PARALLEL, config.bootstrap, seed)
    measured = _curves(found, config.bootstrap, seed) | optimal.curves
    rivals = (f"{SEQUENTIAL}, {VERIFIER}", *kinds)
    claims = {
        "B4": b4_quantities(chains, {name: found[name] for name in (VERIFIER, MAJORITY)}, config.bootstrap, seed),
        "B5": b5_quantities(found[VERIFIER], bins["oracle"], config.bootstrap, seed),
        "B6": b6_quantities(found[VERIFIER], bins, config.bootstrap, seed),
        "B10": b10_quantities(found[VERIFIER], found[BARE], config.bootstrap, seed),
    }
    n_problems = int(chains["problem_id"].nunique())
    return (
        pass_at_1_by_position(chains, config.bootstrap, seed),
        transition_rates(chains, config.bootstrap, seed),
        _by_ratio(found, bins["oracle"], config.bootstrap, seed),
        curve_rows(measured, n_problems),
        savings(measured, _BASELINE, rivals, splits.budgets),
        at_cost(measured, optimal, _BASELINE),
        optimal.chosen,
        [settle(name, quantities, seeds=1) for name, quantities in claims.items()],
    )


def log_revision_curves(positions: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Pass@1 along the chain and accuracy by strategy as metric histories of the MLflow run."""
    along = positions.assign(n=positions["position"] + 1, unit="chain", label="pass at 1")
    log_curve_rows("revisions", pd.concat([along[["unit", "label", "n", "accuracy"]], curves], ignore_index=True))


def _ratios(chains: pd.DataFrame, budgets: tuple[int, ...], seed: int) -> dict[str, pd.DataFrame]:
    """Every split of every budget, by what selects."""
    return {
        VERIFIER: ratio_results(chains, budgets, "hierarchical", seed=seed),
        MAJORITY: ratio_results(chains, budgets, "majority", seed=seed),
        BARE: ratio_results(read_by(chains, WITHOUT_HISTORY), budgets, "hierarchical", seed=seed),
    }


def _by_ratio(found: dict[str, pd.DataFrame], bins: Bins, resamples: int, seed: int) -> pd.DataFrame:
    """Accuracy of every ratio (Figure 7): over all problems (bin 0), and by bin."""
    parts = []
    for select in (VERIFIER, MAJORITY):
        rows = found[select]
        bin_of = dict(zip(rows["problem_id"].unique(), bins, strict=True))
        for number, own in [(0, rows), *rows.groupby(rows["problem_id"].map(bin_of))]:
            key = ["strategy", "sequential", "parallel", "budget"]
            for values, cell in own.groupby(key, sort=False):
                interval = bootstrap_interval(cell["accuracy"], resamples, seed)
                bounds = float(interval.mean), float(interval.low), float(interval.high)
                parts.append([select, int(number), *values, *bounds, len(cell)])
    return pd.DataFrame(parts, columns=_RATIOS)


def _curves(found: dict[str, pd.DataFrame], resamples: int, seed: int) -> dict[tuple[str, str], Curve]:
    """Curves of sequential and parallel revisions by (unit, label) as in Figures 6, 8 and 15."""
    curves: dict[tuple[str, str], Curve] = {}
    results = {select: strategy_results(from_one_attempt(rows), ("tokens", "flops")) for select, rows in found.items()}
    for unit, shown in UNITS.items():
        for select, result in results.items():
            for strategy in (PARALLEL, SEQUENTIAL):
                curves[shown, f"{strategy}, {select}"] = result.curve(strategy, unit, resamples, seed)
    return curves
