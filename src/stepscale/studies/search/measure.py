"""What search did (Snell et al. 2024, 5): the tables behind the paper's Figures 3 and 4, and claims B1, B2 and B3.

Best-of-N, best-of-N weighted and majority come in closed form from the recorded samples, searches from their runs, on the same
problems. Difficulty bins are made of the samples of these problems: oracle by pass@1, predicted by the PRM's mean score; as
in the paper neither they nor the choice of a strategy cost anything, but for the online policy, which pays for its probes.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import StrategyResults, strategy_results
from stepscale.estimators.difficulty import Bins, oracle_easiness, predicted_easiness, quantile_bins
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.online_comparison import COLUMNS as ONLINE
from stepscale.estimators.online_comparison import compare_online
from stepscale.estimators.online_outcomes import ladder_of
from stepscale.estimators.policy_errors import chosen_error, most_error
from stepscale.estimators.voting import Vote
from stepscale.parameters import ReportBlock
from stepscale.report.claims import Claim, settle
from stepscale.search.plan import SearchPlan
from stepscale.studies.best_of_n.aggregates import Scored, score_samples
from stepscale.studies.best_of_n.comparison import estimates, per_problem
from stepscale.studies.search.claims import b1_quantities, b2_quantities, b3_quantities
from stepscale.studies.search.curve_table import COLUMNS, UNITS, curve_rows, log_curve_rows
from stepscale.studies.search.policies import AT_COST, CHOSEN, SAVINGS, Policies, at_cost, policies, savings
from stepscale.studies.search.recorded import recorded_pool, recorded_prices, recorded_run
from stepscale.verifiers.aggregation import Rule

WEIGHTED, BEST, MAJORITY = "best-of-N weighted", "best-of-N", "majority"
CLOSED_FORM = {"PRM, weighted vote": WEIGHTED, "PRM": BEST, "Majority": MAJORITY}  # by scaling.comparison's labels
POLICIES = ("compute-optimal, oracle bins", "compute-optimal, predicted bins", "uniform (one strategy for all)")
_BINS = ["bin", "strategy", "n", "accuracy", "low", "high", "n_problems", "error"]

Tables = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, list[Claim]]


def measure_search(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    search_results: pd.DataFrame,
    search_candidates: pd.DataFrame,
    sample_costs: pd.DataFrame,
    tree_search: SearchPlan | None,
    config: ReportBlock,
    seed: int,
) -> Tables:
    """Curves by unit, accuracy at a cost, accuracy by bin, savings, the online policy, what each bin chose, claims; empty
    without searches.
    """
    if tree_search is None or search_results.empty:
        tables = (pd.DataFrame(columns=names) for names in (COLUMNS, AT_COST, _BINS, SAVINGS, ONLINE, CHOSEN))
        return *tables, []  # type: ignore[return-value]  # six tables
    resamples = config.bootstrap
    ids = list(search_results["problem_id"].unique())
    scored = scored_samples(test_problems, test_solutions, prm_scores, ids, tree_search.rule)
    results = strategy_results(strategy_rows(scored, search_results, sample_costs, tree_search), ("tokens", "flops"))
    bins = difficulty_bins(scored, seed)
    kinds = [*bins.items(), ("one bin", np.ones(len(results.ids), np.int64))]
    optimal = policies(results, dict(zip(POLICIES, kinds, strict=True)), WEIGHTED, resamples, seed)
    curves = {
        (shown_unit, name): results.curve(name, unit, resamples, seed)
        for unit, shown_unit in UNITS.items()
        for name in results.strategies
    } | optimal.curves
    runs = {
        f"{name} at {budget}": recorded_run(search_candidates, options.strategy, results.ids, budget)
        for name, budget, options in tree_search.searches
    }
    pool, most = recorded_pool(scored.grid, scored.scores["prm"]), int(sample_costs["n"].max())
    others = strategy_results(strategy_rows(scored, search_results, sample_costs, tree_search, most), ("flops",))
    searched = [options.strategy for _, _, options in tree_search.searches]
    flops = recorded_prices(sample_costs, search_results, results.ids, ladder_of(scored.grid.mask.shape[1]), searched)
    online = compare_online(others, bins["oracle"], WEIGHTED, pool, runs, tree_search.budgets, resamples, seed, flops)
    ns = sorted(sample_costs.loc[sample_costs["n"] <= max(tree_search.budgets), "n"].unique())
    votes = sample_votes(scored, ns)
    errors = _errors(votes, ns, results, optimal)
    return (
        curve_rows(curves, len(results.ids), errors),
        at_cost(curves, optimal, WEIGHTED, errors),
        _by_bin(results, bins["oracle"], votes, ns, resamples, seed),
        savings(curves, WEIGHTED, POLICIES, ns, votes[WEIGHTED].error),
        online,
        optimal.chosen,
        _claims(results, bins, tree_search, resamples, seed),
    )


def _claims(
    results: StrategyResults, bins: dict[str, Bins], tree_search: SearchPlan, resamples: int, seed: int
) -> list[Claim]:
    """B3, and B2 and B1 where what they compare was searched."""
    beams, lookaheads = tree_search.settings("beam"), tree_search.settings("lookahead")
    claims = {"B3": b3_quantities(results, WEIGHTED, bins, resamples, seed)}
    if beams:
        claims["B2"] = b2_quantities(results, WEIGHTED, beams, bins["oracle"], resamples, seed)
    if beams and lookaheads and len(tree_search.budgets) > 1:
        claims["B1"] = b1_quantities(results, WEIGHTED, beams, lookaheads, resamples, seed)
    return [settle(name, quantities, seeds=1) for name, quantities in claims.items()]


def log_search_curves(curves: pd.DataFrame) -> None:
    """Accuracy by strategy as MLflow metric histories."""
    log_curve_rows("search", curves)


def scored_samples(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    ids: list[str],
    rule: Rule,
) -> Scored:
    """The samples of the problems ``ids``, in their order, with the PRM's scores by ``rule``."""
    kept = problems.set_index("problem_id", drop=False).loc[ids].reset_index(drop=True)
    prm = prm_scores[prm_scores["verifier"] == "prm"]
    return score_samples(kept, "test", solutions, prm, prm.head(0), rule=rule)


def strategy_rows(
    scored: Scored, searches: pd.DataFrame, costs: pd.DataFrame, plan: SearchPlan, most: int | None = None
) -> pd.DataFrame:
    """A row a (strategy, budget, problem): accuracy, tokens and FLOPs a problem, generator and verifier together, and of
    these the generator's FLOPs. Budgets go up to the largest that was searched at, or ``most``: beyond it there are samples.
    """
    named = {options.strategy: name for name, _, options in plan.runs}
    searched = searches.assign(
        strategy=searches["strategy"].map(named), accuracy=searches["is_correct"].fillna(False).astype(float)
    )
    costs = costs[costs["n"] <= (most or max(plan.budgets))]
    ns = sorted(costs["n"].unique())
    parts = []
    for label, values in per_problem(scored.grid, scored.scores, [int(n) for n in ns]).items():
        if label in CLOSED_FORM:
            table = (
                pd.DataFrame(values, index=list(scored.grid.ids), columns=ns).rename_axis("problem_id").reset_index()
            )
            long = table.melt("problem_id", var_name="budget", value_name="accuracy").astype({"budget": "int64"})
            spent = costs.rename(columns={"n": "budget"})
            if CLOSED_FORM[label] == MAJORITY:
                spent = spent.assign(verify_tokens=0.0, verifier_flops=0.0)
            parts.append(long.merge(spent, on=["problem_id", "budget"]).assign(strategy=CLOSED_FORM[label]))
    order = {label: i for i, label in enumerate([*CLOSED_FORM.values()])}
    parts.sort(key=lambda part: order[part["strategy"].iloc[0]])
    rows = pd.concat([*parts, searched], ignore_index=True)
    tokens = rows[["prefill_tokens", "decode_tokens", "verify_tokens"]].sum(axis=1)
    flops = rows["generator_flops"] + rows["verifier_flops"]
    kept = ["problem_id", "strategy", "budget", "accuracy", "tokens", "flops", "generator_flops"]
    return rows.assign(tokens=tokens, flops=flops)[kept]


def difficulty_bins(scored: Scored, seed: int) -> dict[str, Bins]:
    """Difficulty bins of these problems: oracle and, where the PRM scored them, predicted."""
    grid = scored.grid
    easiness = {"oracle": oracle_easiness(grid.correct, grid.mask)}
    if "prm" in scored.scores:
        easiness["predicted"] = predicted_easiness(scored.scores["prm"], grid.mask)
    return {kind: quantile_bins(values, grid.ids, seed=seed) for kind, values in easiness.items()}


def _errors(
    votes: dict[str, Vote], ns: Sequence[int], results: StrategyResults, optimal: Policies
) -> dict[tuple[str, str], Floats]:
    """Monte Carlo errors by (unit, label); of policies chosen at equal generations what they are at the most."""
    errors = {(unit, name): own.error for unit in UNITS.values() for name, own in votes.items()}
    errors |= {(UNITS[None], label): most_error(votes, ns, results.budgets) for label in POLICIES}
    return errors | {key: chosen_error(votes, ns, own.strategies, own.ns) for key, own in optimal.by_cost.items()}


def sample_votes(scored: Scored, ns: Sequence[int]) -> dict[str, Vote]:
    """Each way to choose among ``ns`` of the recorded samples, by its shown name, with its Monte Carlo error."""
    found = estimates(scored.grid, scored.scores, [int(n) for n in ns])
    return {CLOSED_FORM[label]: own for label, own in found.items() if label in CLOSED_FORM}


def _by_bin(
    results: StrategyResults, bins: Bins, votes: dict[str, Vote], ns: Sequence[int], resamples: int, seed: int
) -> pd.DataFrame:
    """Accuracy of every strategy in every bin (Figure 3 right), with its Monte Carlo error; searches have none of their own."""
    rows = []
    for number in sorted(set(bins.tolist())):
        inside = bins == number
        errors = {(name, n): e for name, v in votes.items() for n, e in zip(ns, v.error_among(inside), strict=True)}
        for s, k in np.argwhere(~np.isnan(results.accuracy).any(axis=2)):
            own = bootstrap_interval(results.accuracy[s, k, inside], resamples, seed)
            bounds = float(own.mean), float(own.low), float(own.high)
            key = results.strategies[s], results.budgets[k]
            rows.append([number, *key, *bounds, int(inside.sum()), errors.get(key, np.nan)])
    return pd.DataFrame(rows, columns=_BINS)
