"""Ways to tell difficulty, side by side: from all samples (oracle, predicted), from a few probes, from the question alone.

For searches and for revisions: how well each agrees with the oracle, and how accurate the compute-optimal policy is on its bins.
The probes are drawn from the recorded samples that also measure best-of-N; no estimate's cost is counted here.
"""

import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import StrategyResults, strategy_results
from stepscale.estimators.difficulty import oracle_easiness, predicted_easiness, probe_easiness
from stepscale.estimators.policy_errors import most_error
from stepscale.parameters import ReportBlock, RevisionsBlock
from stepscale.revisions.grid import ratio_results
from stepscale.search.plan import SearchPlan
from stepscale.studies.best_of_n.aggregates import Scored
from stepscale.studies.difficulty.kinds import AGREEMENT, ORACLE, POLICIES, agreement_with_oracle, policies_by_kind
from stepscale.studies.search.measure import sample_votes, scored_samples, strategy_rows

OF = "of"  # what is scaled: "search" or "revisions"


def measure_difficulty(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    search_results: pd.DataFrame,
    sample_costs: pd.DataFrame,
    revision_chains: pd.DataFrame,
    question_difficulty: pd.DataFrame,
    tree_search: SearchPlan | None,
    revisions: RevisionsBlock | None,
    config: ReportBlock,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """difficulty_agreement and difficulty_policies, each with a column ``of``; empty without searches and revisions."""
    samples = test_problems, test_solutions, prm_scores
    found: dict[str, tuple[StrategyResults, Scored]] = {}
    errors: dict[str, Floats] = {}
    if tree_search is not None and len(search_results):
        scored = scored_samples(*samples, list(search_results["problem_id"].unique()), tree_search.rule)
        rows = strategy_rows(scored, search_results, sample_costs, tree_search)
        results = strategy_results(rows)
        found["search"] = results, scored
        ns = sorted(int(n) for n in sample_costs["n"].unique() if n <= max(tree_search.budgets))
        errors["search"] = most_error(sample_votes(scored, ns), ns, results.budgets)
    if revisions is not None and len(revision_chains):
        results = strategy_results(ratio_results(revision_chains, revisions.budgets, "hierarchical", seed=seed))
        found["revisions"] = results, scored_samples(*samples, list(results.ids), config.rule)
    agreement, policies = [pd.DataFrame(columns=[OF, *AGREEMENT])], [pd.DataFrame(columns=[OF, *POLICIES])]
    for name, (results, scored) in found.items():
        easiness = easiness_by_kind(scored, question_difficulty, config.probes, seed)
        agreed = agreement_with_oracle(easiness, results.ids, config.bootstrap, seed)
        agreement.append(agreed.assign(**{OF: name}))
        by_kind = policies_by_kind(results, easiness, config.bootstrap, seed, errors.get(name))
        policies.append(by_kind.assign(**{OF: name}))
    first = slice(1, None) if found else slice(None)
    return (
        pd.concat(agreement[first], ignore_index=True)[[OF, *AGREEMENT]],
        pd.concat(policies[first], ignore_index=True)[[OF, *POLICIES]],
    )


def easiness_by_kind(scored: Scored, question_difficulty: pd.DataFrame, probes: int, seed: int) -> dict[str, Floats]:
    """Easiness [problems] by kind, the oracle first; what there is no PRM or no predictor for is left out."""
    grid = scored.grid
    easiness = {ORACLE: oracle_easiness(grid.correct, grid.mask)}
    if "prm" in scored.scores:
        n = min(probes, grid.mask.shape[1])
        easiness["predicted"] = predicted_easiness(scored.scores["prm"], grid.mask)
        few, _ = probe_easiness(scored.scores["prm"], grid.mask, grid.ids, n, seed)
        easiness[f"{n} probes"] = few
    if len(question_difficulty):
        by_id = question_difficulty.set_index("problem_id")["easiness"]
        easiness["question alone"] = by_id.loc[list(grid.ids)].to_numpy(float)
    return easiness
