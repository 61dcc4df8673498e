"""Measures searches (Snell et al. 2024, 5): the tables behind the paper's Figures 3 and 4, and claims B1, B2 and B3.

Difficulty bins are made of the recorded samples of the searched problems: oracle by pass@1, predicted by the PRM's mean score.
As in the paper neither they nor the choice of a strategy cost anything; only the online policy pays for its probes.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from stepscale.estimators.curve import Curve, curve
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.horizontal_shift import dense_budgets
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.online_comparison import compare_online
from stepscale.estimators.online_outcomes import sample_counts_up_to
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.estimators.voting import weighted_per_problem
from stepscale.grading import Rules
from stepscale.parameters import ReportBlock
from stepscale.report.claims import Claim, settle
from stepscale.search.plan import SearchPlan
from stepscale.studies.search.claims import b1_quantities, b2_quantities, b3_quantities
from stepscale.studies.search.recorded import recorded_pool, recorded_prices, recorded_runs
from stepscale.studies.strategies.accuracy import WEIGHTED, results_of, searched_budgets, vote_errors
from stepscale.studies.strategies.curve_table import curve_rows, strategy_curves
from stepscale.studies.strategies.policies import at_equal_cost, policies, savings
from stepscale.studies.strategies.samples import SEARCH, ScoredGrid, difficulty_bins, scored_grid

PAPER_METHODS = ("beam", "lookahead")  # searches; best-of-N and votes come from the samples
POLICIES = ("compute-optimal, oracle bins", "compute-optimal, predicted bins", "uniform (one strategy for all)")


def measure_search(
    samples: pd.DataFrame, accuracy: pd.DataFrame, plan: SearchPlan, config: ReportBlock, seed: int
) -> dict[str, Any]:
    """The tables of the searches and the claims they settle.

    Args:
        samples: ``SCORED_SAMPLES`` of the test problems.
        accuracy: ``STRATEGY_ACCURACY`` of searches and best-of-N.
        plan: The searches that were planned.
        config: Bootstrap resamples.
        seed: Of the run.

    Returns:
        ``tables`` by name: curves (by unit), at_cost, by_bin, savings, chosen; and ``claims``.
    """
    resamples = config.bootstrap
    rows = searched_budgets(accuracy)
    results = results_of(rows)
    scored = scored_grid(samples, results.ids, SEARCH)
    bins = difficulty_bins(scored, seed)
    kinds = [*bins.items(), ("one bin", np.ones(len(results.ids), np.int64))]
    optimal = policies(results, dict(zip(POLICIES, kinds, strict=True)), WEIGHTED, resamples, seed)
    curves = strategy_curves(results, resamples, seed) | optimal.curves
    ns = sorted(rows.loc[rows["strategy"] == WEIGHTED, "budget"].unique())
    tables = {
        "curves": curve_rows(curves, len(results.ids), vote_errors(rows)),
        "at_cost": at_equal_cost(curves, optimal, WEIGHTED),
        "by_bin": _by_bin(results, bins["oracle"], resamples, seed),
        "savings": savings(curves, WEIGHTED, POLICIES, ns),
        "chosen": optimal.chosen,
    }
    return {
        "tables": tables,
        "claims": _claims(
            of_the_paper(results, plan), _dense_weighted(scored, resamples, seed), bins, plan, resamples, seed
        ),
    }


def measure_online_policy(
    samples: pd.DataFrame,
    accuracy: pd.DataFrame,
    candidates: pd.DataFrame,
    plan: SearchPlan,
    config: ReportBlock,
    seed: int,
    rules: Rules = "prm800k",
) -> pd.DataFrame:
    """The policy that pays for its own estimate of difficulty beside those that do not, at equal cost.

    The columns are those of ``estimators.online_comparison``.

    Args:
        samples: Scored samples of the test problems.
        accuracy: Accuracy of every strategy at every budget, a row per problem.
        candidates: What each search wrote.
        plan: Which searches were run.
        config: Budgets and resamples.
        seed: Decides orders, halves and resamples.
        rules: The grading rules by which answers are equal in a vote.
    """
    results = results_of(accuracy)
    scored = scored_grid(samples, results.ids, SEARCH)
    # 1. the searches it may choose from, replayed with their own candidates
    runs = recorded_runs(candidates, plan, results.ids)
    # 2. what samples and searches cost in FLOPs
    priced = accuracy.assign(n=accuracy["budget"], verifier_flops=accuracy["flops"] - accuracy["generator_flops"])
    run_prices = priced.assign(strategy=priced["strategy"] + " at " + priced["budget"].astype(str))
    sample_counts = sample_counts_up_to(scored.grid.mask.shape[1])
    prices = recorded_prices(priced[priced["strategy"] == WEIGHTED], run_prices, results.ids, sample_counts, list(runs))
    # 3. the comparison
    oracle, pool = difficulty_bins(scored, seed)["oracle"], recorded_pool(scored.grid, scored.prm)
    return compare_online(results, oracle, WEIGHTED, pool, runs, plan.budgets, config.bootstrap, seed, prices, rules)


def of_the_paper(results: StrategyResults, plan: SearchPlan) -> StrategyResults:
    """The results without strategies that Snell et al. do not have: their claims choose among their own methods.

    Args:
        results: Accuracy of every strategy at every budget.
        plan: Which searches were run.
    """
    later = {name for name, options in plan.named if options.method not in PAPER_METHODS}
    remaining = [i for i, name in enumerate(results.strategies) if name not in later]
    return replace(
        results,
        strategies=tuple(results.strategies[i] for i in remaining),
        accuracy=results.accuracy[remaining],
        costs={unit: cost[remaining] for unit, cost in results.costs.items()},
    )


def _dense_weighted(scored: ScoredGrid, resamples: int, seed: int) -> Curve:
    """Best-of-N weighted on these problems at N up to all recorded samples, half a doubling apart: the baseline of B3."""
    grid = scored.grid
    ns = dense_budgets(grid.mask.shape[1])
    return curve(
        weighted_per_problem(grid.answers, scored.prm, grid.correct, ns, grid.mask).per_problem, ns, resamples, seed
    )


def _claims(
    results: StrategyResults,
    weighted: Curve,
    bins: Mapping[str, Bins],
    plan: SearchPlan,
    resamples: int,
    seed: int,
) -> list[Claim]:
    """B3, and B2 and B1 where what they compare was searched."""
    beams, lookaheads = plan.settings("beam"), plan.settings("lookahead")
    quantities = {"B3": b3_quantities(results, weighted, [n for n in plan.budgets if n > 1], bins, resamples, seed)}
    if beams:
        quantities["B2"] = b2_quantities(results, WEIGHTED, beams, bins["oracle"], resamples, seed)
    if beams and lookaheads and len(plan.budgets) > 1:
        quantities["B1"] = b1_quantities(results, WEIGHTED, beams, lookaheads, resamples, seed)
    return [settle(name, parts, seeds=1) for name, parts in quantities.items()]


def _by_bin(results: StrategyResults, bins: Bins, resamples: int, seed: int) -> pd.DataFrame:
    """Accuracy of every strategy in every bin (Figure 3 right)."""
    rows = [
        {
            "bin": number,
            "strategy": results.strategies[s],
            "n": results.budgets[k],
            **bootstrap_interval(results.accuracy[s, k, bins == number], resamples, seed).cells("accuracy"),
            "n_problems": int((bins == number).sum()),
        }
        for number in np.unique(bins).tolist()
        for s, k in np.argwhere(~np.isnan(results.accuracy).any(axis=2))
    ]
    return pd.DataFrame(rows)
