"""Test-time compute against a larger model at equal FLOPs (Snell et al. 2024, 7): the table behind Figure 9, and claim B7.

The small model follows the compute-optimal policy, of searches or of revisions, in bins of the run's own samples: oracle by
pass@1, predicted by the PRM's mean score. Where FLOPs are counted it is the policy chosen at equal FLOPs. Beyond their
largest budget, searches continue
as best-of-N and votes on the recorded samples. The ratio of model sizes is counted from the weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.compute_optimal import ComputeOptimal, compute_optimal
from stepscale.estimators.cost_optimal import CostOptimal, cost_optimal
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.flops_match import RATIOS, InFlops, flops_match
from stepscale.estimators.intervals import Interval
from stepscale.estimators.quantities import ASSUMED, quantity
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.parameters import ReportBlock
from stepscale.report.claims import Claim, settle
from stepscale.studies.larger_model.claims import MARGINS, b7_quantities
from stepscale.studies.larger_model.tables import BIN_CURVES, MATCH, QUANTITIES
from stepscale.studies.revisions.claims import PARALLEL
from stepscale.studies.strategies.accuracy import VERIFIER, WEIGHTED, results_of
from stepscale.studies.strategies.curve_table import curve_points
from stepscale.studies.strategies.samples import REPORT, SEARCH, difficulty_bins, scored_grid

SEARCHES, REVISIONS = "search", "revisions"
_BASELINES = {SEARCHES: WEIGHTED, REVISIONS: PARALLEL}
_SCORE_COLUMNS = {SEARCHES: SEARCH, REVISIONS: REPORT}  # of predicted bins


@dataclass(frozen=True)
class _Policy:
    """The compute-optimal policy ``of`` searches or revisions, in one ``kind`` of bins of the problems ``ids``.

    ``by_flops``: the one chosen at equal FLOPs with best-of-N weighted, or with parallel attempts.
    """

    of: str
    kind: str
    ids: tuple[str, ...]
    bins: Bins
    optimal: ComputeOptimal
    by_flops: CostOptimal


def match_larger(
    accuracy: pd.DataFrame,
    samples: pd.DataFrame,
    answers: pd.DataFrame,
    sizes: dict[str, float],
    config: ReportBlock,
    seed: int,
) -> dict[str, pd.DataFrame]:
    """Searches, or revisions chosen by their ORM, against the larger model.

    Args:
        accuracy: ``STRATEGY_ACCURACY`` of searches and best-of-N, or of revisions; no rows where neither was run.
        samples: ``SCORED_SAMPLES`` of the test problems.
        answers: The larger model's greedy answers, graded and priced.
        sizes: Parameters of both models, and their ratio ``size_ratio``.
        config: Bootstrap resamples.
        seed: Of the run.

    Returns:
        Tables ``match`` (a row for each kind of bins, bin, version, R and way to count), ``curves`` by bin, and ``quantities`` of
        claim B7; none without rows of accuracy.
    """
    if accuracy.empty:
        return {}
    # 1. the small model's policies, a kind of bins each
    compared = REVISIONS if accuracy["method"].eq("revisions").all() else SEARCHES
    results = results_of(accuracy[accuracy["chosen_by"] == VERIFIER] if compared == REVISIONS else accuracy)
    bins = difficulty_bins(scored_grid(samples, results.ids, _SCORE_COLUMNS[compared]), seed)
    policies = [_policy(compared, kind, results, member, config.bootstrap, seed) for kind, member in bins.items()]
    # 2. the larger model's answers to the same problems
    priced, size_ratio = answers_for(results.ids, answers), sizes["size_ratio"]
    right = priced["is_correct"].astype("boolean").fillna(False).to_numpy(float)
    # 3. both at equal FLOPs
    parts = b7_quantities(compared, policies[0].optimal, policies[0].bins, right, size_ratio)
    quantities = [
        [compared, name, *part.cells("mean").values(), part.n_problems, np.asarray(part.resampled).tolist()]
        for name, part in parts.items()
    ]
    return {
        "match": pd.concat([_table(policy, priced, right, size_ratio) for policy in policies], ignore_index=True),
        "curves": pd.concat([_curves(policy) for policy in policies], ignore_index=True),
        "quantities": pd.DataFrame(quantities, columns=list(QUANTITIES.columns)),
    }


def settle_b7(quantities: pd.DataFrame) -> list[Claim]:
    """Claim B7 by all that was measured in oracle bins, as in the paper.

    Args:
        quantities: ``QUANTITIES``.

    Returns:
        The settled claim; none unless one policy shows all of its sides.
    """
    if quantities.empty or quantities.groupby("of").size().max() < MARGINS:
        return []
    intervals = {}
    for row in quantities.to_dict("records"):
        mean, low, high, resampled = (np.asarray(row[key], float) for key in ("mean", "low", "high", "resampled"))
        interval = Interval(mean, low, high, int(row["n_problems"]), resampled=resampled)
        intervals[str(row["name"])] = quantity(interval, ASSUMED)
    return [settle("B7", intervals, seeds=1)]


def _policy(of: str, kind: str, results: StrategyResults, bins: Bins, resamples: int, seed: int) -> _Policy:
    optimal = compute_optimal(results, bins, resamples, seed)
    by_flops = cost_optimal(results, bins, _BASELINES[of], "flops", resamples, seed, unlimited=True)
    return _Policy(of, kind, results.ids, bins, optimal, by_flops)


def _table(policy: _Policy, answers: pd.DataFrame, right: np.ndarray, size_ratio: float) -> pd.DataFrame:
    """Both versions of the formula, counted in generations and in the ledger's FLOPs."""
    in_flops = InFlops(policy.by_flops, answers["generation_flops"].to_numpy(float))
    matched = pd.concat(
        flops_match(policy.optimal, policy.bins, right, size_ratio, version, in_flops=in_flops) for version in RATIOS
    )
    spent = answers["flops"].to_numpy(float)
    paid = {b: float(spent[policy.bins == b].mean() if b else spent.mean()) for b in matched["bin"].unique()}
    named = matched.assign(of=policy.of, bins=policy.kind, size_ratio=size_ratio)
    return named.assign(larger_flops=named["bin"].map(paid))[list(MATCH.columns)]


def _curves(policy: _Policy) -> pd.DataFrame:
    return pd.concat(
        [
            curve_points(curve).assign(n_problems=int((policy.bins == number).sum()), bin=number)
            for number, curve in enumerate(policy.optimal.by_bin, 1)
        ],
        ignore_index=True,
    ).assign(of=policy.of, bins=policy.kind)[list(BIN_CURVES.columns)]


def answers_for(ids: Sequence[str], answers: pd.DataFrame) -> pd.DataFrame:
    """The larger model's answers to some problems, in their order.

    Args:
        ids: Of the problems.
        answers: All of its answers.

    Raises:
        InputError: A problem has no answer.
    """
    by_id = answers.set_index("problem_id")
    missing = [name for name in ids if name not in by_id.index]
    if missing:
        raise InputError(
            f"the larger model has no answer to problem {missing[0]} ({len(missing)} of {len(ids)} are missing); "
            "run answer_greedily for as many problems as are searched and revised on"
        )
    return by_id.loc[list(ids)]
