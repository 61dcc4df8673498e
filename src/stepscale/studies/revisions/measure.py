"""Measures revisions (Snell et al. 2024, 6): the tables behind the paper's Figures 6, 7, 8 and 15, and claims B4-B6 and B10.

Difficulty bins are those of the run's own samples of the test problems, not of the revision model's: oracle by their
pass@1, predicted by the PRM's mean score. As in the paper, neither they nor the choice of a ratio cost anything here.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.estimators.curve import Curve
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.strategy_results import strategy_results
from stepscale.parameters import ReportBlock, RevisionsBlock
from stepscale.report.claims import Claim, settle
from stepscale.revisions.grid import from_one_attempt
from stepscale.studies.revisions.chain_rates import pass_at_1_by_position, transition_rates
from stepscale.studies.revisions.claims import (
    PARALLEL,
    SEQUENTIAL,
    b4_quantities,
    b5_quantities,
    b6_quantities,
    b10_quantities,
)
from stepscale.studies.revisions.shown_attempts import shown_attempts
from stepscale.studies.revisions.tables import RATIOS
from stepscale.studies.strategies.accuracy import BARE, COSTS, VERIFIER, VOTE, results_of
from stepscale.studies.strategies.curve_table import UNITS, curve_rows
from stepscale.studies.strategies.policies import at_equal_cost, policies, savings
from stepscale.studies.strategies.samples import REPORT, difficulty_bins, scored_grid

_BASELINE = f"{PARALLEL}, {VERIFIER}"
BySelection = Mapping[str, pd.DataFrame]  # rows of STRATEGY_ACCURACY by what chose among the attempts


def measure_revisions(
    chains: pd.DataFrame,
    accuracy: pd.DataFrame,
    samples: pd.DataFrame,
    revisions: RevisionsBlock,
    config: ReportBlock,
    seed: int,
) -> dict[str, Any]:
    """The tables of the revisions and the claims they settle.

    Args:
        chains: Graded attempts of the test problems, a row for each.
        accuracy: ``STRATEGY_ACCURACY`` of every split of every budget.
        samples: ``SCORED_SAMPLES`` of the test problems.
        revisions: How attempts were revised.
        config: Bootstrap resamples.
        seed: Of the run.

    Returns:
        ``tables`` by name: positions, changes, ratios, curves, savings, at_cost, chosen, contexts; and ``claims``.
    """
    resamples = config.bootstrap
    by_selection = {str(name): rows for name, rows in accuracy.groupby("chosen_by", sort=False)}
    results = results_of(by_selection[VERIFIER])
    bins = difficulty_bins(scored_grid(samples, results.ids, REPORT), seed)
    kinds = {f"compute-optimal, {kind} bins": (kind, member) for kind, member in bins.items()}
    optimal = policies(results, kinds, PARALLEL, resamples, seed)
    curves = _curves(by_selection, resamples, seed) | optimal.curves
    oracle = dict(zip(results.ids, bins["oracle"].tolist(), strict=True))
    tables = {
        "positions": pass_at_1_by_position(chains, resamples, seed),
        "changes": transition_rates(chains, resamples, seed),
        "ratios": _by_ratio(by_selection, oracle, resamples, seed),
        "curves": curve_rows(curves, len(results.ids)),
        "savings": savings(curves, _BASELINE, (f"{SEQUENTIAL}, {VERIFIER}", *kinds), results.budgets),
        "at_cost": at_equal_cost(curves, optimal, _BASELINE),
        "chosen": optimal.chosen,
        "contexts": shown_attempts(chains, revisions.data.layout.context, oracle, resamples, seed),
    }
    return {"tables": tables, "claims": _claims(chains, by_selection, bins, resamples, seed)}


def _claims(
    chains: pd.DataFrame, by_selection: BySelection, bins: Mapping[str, Bins], resamples: int, seed: int
) -> list[Claim]:
    chosen = by_selection[VERIFIER]
    quantities = {
        "B4": b4_quantities(chains, {name: by_selection[name] for name in (VERIFIER, VOTE)}, resamples, seed),
        "B5": b5_quantities(chosen, bins["oracle"], resamples, seed),
        "B6": b6_quantities(chosen, bins, resamples, seed),
        "B10": b10_quantities(chosen, by_selection[BARE], resamples, seed),
    }
    return [settle(name, parts, seeds=1) for name, parts in quantities.items()]


def _by_ratio(by_selection: BySelection, bin_of: Mapping[str, int], resamples: int, seed: int) -> pd.DataFrame:
    """Accuracy of every ratio (Figure 7): over all problems (bin 0), and by bin."""
    key, lines = ["strategy", "sequential", "parallel", "budget"], []
    for selection in (VERIFIER, VOTE):
        rows = by_selection[selection]
        for number, in_bin in [(0, rows), *rows.groupby(rows["problem_id"].map(dict(bin_of)))]:
            for values, group in in_bin.groupby(key, sort=False):
                mean = bootstrap_interval(group["accuracy"], resamples, seed)
                lines.append([selection, int(number), *values, *mean.cells("accuracy").values(), len(group)])
    return pd.DataFrame(lines, columns=list(RATIOS.columns))


def _curves(by_selection: BySelection, resamples: int, seed: int) -> dict[tuple[str, str], Curve]:
    """Curves of sequential and parallel revisions by (unit, label) as in Figures 6, 8 and 15."""
    results = {
        selection: strategy_results(from_one_attempt(by_selection[selection]), COSTS)
        for selection in (VERIFIER, VOTE, BARE)
    }
    return {
        (axis, f"{strategy}, {selection}"): result.curve(strategy, unit, resamples, seed)
        for unit, axis in UNITS.items()
        for selection, result in results.items()
        for strategy in (PARALLEL, SEQUENTIAL)
    }
