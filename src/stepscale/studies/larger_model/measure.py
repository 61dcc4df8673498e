"""Test-time compute against a larger model at equal FLOPs (Snell et al. 2024, 7): the table behind Figure 9, and claim B7.

The small model follows the compute-optimal policy, of searches or of revisions, in bins of the run's own samples: oracle by
pass@1, predicted by the PRM's mean score; where FLOPs are counted it is the policy chosen at equal FLOPs. Searches go on past
their largest budget with best-of-N and votes on the recorded samples. How much larger the larger model is was counted
(``model_sizes``), not told.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import ComputeOptimal, StrategyResults, compute_optimal, strategy_results
from stepscale.estimators.cost_optimal import CostOptimal, cost_optimal
from stepscale.estimators.difficulty import Bins, quantile_bins
from stepscale.estimators.flops_match import COLUMNS, RATIOS, InFlops, flops_match
from stepscale.estimators.intervals import Interval
from stepscale.estimators.policy_errors import chosen_error, error_by_bin
from stepscale.estimators.voting import Vote
from stepscale.parameters import ReportBlock, RevisionsBlock
from stepscale.report.claims import Claim, settle
from stepscale.revisions.grid import ratio_results
from stepscale.search.plan import SearchPlan
from stepscale.studies.difficulty.measure import easiness_by_kind
from stepscale.studies.larger_model.claims import MARGINS, b7_quantities
from stepscale.studies.revisions.claims import PARALLEL
from stepscale.studies.search.measure import WEIGHTED, sample_votes, scored_samples, strategy_rows
from stepscale.verifiers.aggregation import Rule

KINDS = ("oracle", "predicted")  # of bins, as in the paper
UNITS = ("flops", "generator_flops")
_BASELINES = {"search": WEIGHTED, "revisions": PARALLEL}
TABLE = ["of", "bins", *COLUMNS, "larger_flops", "size_ratio"]
CURVES = ["of", "bins", "bin", "n", "accuracy", "low", "high", "n_problems", "error"]


@dataclass(frozen=True)
class _Policy:
    """The compute-optimal policy ``of`` searches or revisions, in one kind of ``bins`` of the problems ``ids``.

    ``by_flops``: the one chosen at equal FLOPs with best-of-N weighted, or parallel attempts. ``errors`` [bins, budgets]: the
    Monte Carlo error, at the most, and ``flops_errors`` that of ``by_flops``; None where nothing was drawn at random.
    """

    of: str
    kind: str
    ids: tuple[str, ...]
    bins: Bins
    optimal: ComputeOptimal
    by_flops: CostOptimal
    errors: Floats | None = None
    flops_errors: Floats | None = None


def measure_flops_match(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    search_results: pd.DataFrame,
    sample_costs: pd.DataFrame,
    revision_chains: pd.DataFrame,
    larger_answers: pd.DataFrame,
    model_sizes: dict[str, float],
    tree_search: SearchPlan | None,
    revisions: RevisionsBlock | None,
    config: ReportBlock,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, list[Claim]]:
    """flops_match (a row a policy, bin, version, R and way to count), the policies' curves by bin, claim B7; empty without
    a larger model's answers.
    """
    if larger_answers.empty or not model_sizes:
        return pd.DataFrame(columns=TABLE), pd.DataFrame(columns=CURVES), []
    samples = test_problems, test_solutions, prm_scores
    rows: dict[str, pd.DataFrame] = {}
    if tree_search is not None and len(search_results):
        scored = scored_samples(*samples, list(search_results["problem_id"].unique()), tree_search.rule)
        most = int(sample_costs["n"].max())
        rows["search"] = strategy_rows(scored, search_results, sample_costs, tree_search, most)
    if revisions is not None and len(revision_chains):
        rows["revisions"] = ratio_results(revision_chains, revisions.budgets, "hierarchical", seed=seed)
    # predicted bins: by the rule of the searches; of revisions, as in their own part
    rules = {"search": tree_search.rule if tree_search else config.rule, "revisions": config.rule}
    ns = [int(n) for n in sorted(sample_costs["n"].unique())] if "search" in rows else []
    policies = _policies(rows, samples, rules, ns, config, seed)
    answers, size_ratio = larger_answers.set_index("problem_id"), model_sizes["size_ratio"]
    tables = [_table(policy, answers, size_ratio) for policy in policies]
    curves = [_curves(policy) for policy in policies]
    return (
        pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=TABLE),
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(columns=CURVES),
        _claim(policies, answers, size_ratio),
    )


def log_flops_match(table: pd.DataFrame) -> None:
    """The differences (small - larger) as MLflow metric histories, step = bin (0: all problems); and the ratio of sizes."""
    from stepscale.tracking import current_run

    run = current_run()
    if run and len(table):
        run.metrics({"flops_match.size_ratio": float(table["size_ratio"].iloc[0])})
        keys = table[["of", "bins", "counted", "version", "r"]].astype(str)
        names = ["flops_match." + ".".join(key) for key in keys.itertuples(index=False)]
        run.history(zip(names, table["bin"], table["difference"], strict=True))


def _policies(
    rows: Mapping[str, pd.DataFrame],
    samples: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame],
    rules: Mapping[str, Rule],
    ns: list[int],
    config: ReportBlock,
    seed: int,
) -> list[_Policy]:
    found = []
    for of, own in rows.items():
        results = strategy_results(own, UNITS)
        scored = scored_samples(*samples, list(results.ids), rules[of])
        votes = sample_votes(scored, ns) if of == "search" else {}
        easiness = easiness_by_kind(scored, pd.DataFrame(), config.probes, seed)
        for kind in KINDS:
            if kind in easiness:
                bins = quantile_bins(easiness[kind], results.ids, seed=seed)
                found.append(_policy(of, kind, results, bins, votes, ns, config.bootstrap, seed))
    return found


def _policy(
    of: str,
    kind: str,
    results: StrategyResults,
    bins: Bins,
    votes: dict[str, Vote],
    ns: list[int],
    resamples: int,
    seed: int,
) -> _Policy:
    optimal = compute_optimal(results, bins, resamples, seed)
    by_flops = cost_optimal(results, bins, _BASELINES[of], "flops", resamples, seed, unlimited=True)
    if not votes:
        return _Policy(of, kind, results.ids, bins, optimal, by_flops)
    inside = [bins == number for number in range(1, int(bins.max()) + 1)]
    errors = [chosen_error(votes, ns, by_flops.strategies, by_flops.ns, own) for own in inside]
    of_optimal = error_by_bin(votes, ns, results.budgets, bins)
    return _Policy(of, kind, results.ids, bins, optimal, by_flops, of_optimal, np.array(errors))


def _table(policy: _Policy, answers: pd.DataFrame, size_ratio: float) -> pd.DataFrame:
    """Both versions of the formula, counted in generations and in the ledger's FLOPs."""
    own = _answers(policy, answers)
    in_flops = InFlops(policy.by_flops, own["generation_flops"].to_numpy(float), policy.flops_errors)
    found = pd.concat(
        flops_match(
            policy.optimal, policy.bins, _right(own), size_ratio, version, errors=policy.errors, in_flops=in_flops
        )
        for version in RATIOS
    )
    spent = own["flops"].to_numpy(float)
    paid = {b: float(spent[policy.bins == b].mean() if b else spent.mean()) for b in found["bin"].unique()}
    found = found.assign(of=policy.of, bins=policy.kind, size_ratio=size_ratio, larger_flops=found["bin"].map(paid))
    return found[TABLE]


def _curves(policy: _Policy) -> pd.DataFrame:
    rows = []
    for number, curve in enumerate(policy.optimal.by_bin, 1):
        errors = np.full(len(curve.x), np.nan) if policy.errors is None else policy.errors[number - 1]
        points = zip(curve.x, curve.accuracy, curve.interval.low, curve.interval.high, errors, strict=True)
        n_problems = int((policy.bins == number).sum())
        rows += [[policy.of, policy.kind, number, *point, n_problems, error] for *point, error in points]
    return pd.DataFrame(rows, columns=CURVES)


def _claim(policies: list[_Policy], answers: pd.DataFrame, size_ratio: float) -> list[Claim]:
    """B7 by all that was measured in oracle bins, as in the paper; not settled unless one policy shows all of its sides."""
    quantities: dict[str, Interval] = {}
    whole = False
    for policy in policies:
        if policy.kind == "oracle":
            right = _right(_answers(policy, answers))
            found = b7_quantities(policy.of, policy.optimal, policy.bins, right, size_ratio)
            quantities |= found
            whole = whole or len(found) == MARGINS
    return [settle("B7", quantities, seeds=1)] if whole else []


def _answers(policy: _Policy, answers: pd.DataFrame) -> pd.DataFrame:
    missing = [i for i in policy.ids if i not in answers.index]
    if missing:
        raise InputError(
            f"the larger model has no answer to problem {missing[0]} ({len(missing)} of {len(policy.ids)} are missing); "
            "run answer_greedily for as many problems as are searched and revised on"
        )
    return answers.loc[list(policy.ids)]


def _right(answers: pd.DataFrame) -> np.ndarray:
    return answers["is_correct"].astype("boolean").fillna(False).to_numpy(float)
