"""Ways to estimate difficulty, side by side: from all samples (oracle, predicted), from a few probes, from the question alone.

How well each agrees with the oracle, and how accurate the compute-optimal policy is on its bins. The probes are drawn from the
recorded samples that also measure best-of-N; no estimate's cost is counted here.
"""

import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.difficulty import oracle_easiness, predicted_easiness, probe_easiness
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.parameters import ReportBlock
from stepscale.studies.difficulty.kinds import ORACLE, agreement_with_oracle, policies_by_kind
from stepscale.studies.strategies.samples import ScoredGrid


def measure_difficulty(
    results: StrategyResults, scored: ScoredGrid, question: pd.DataFrame, config: ReportBlock, seed: int
) -> dict[str, pd.DataFrame]:
    """Tables ``agreement`` and ``policies``: how far the kinds of difficulty agree, and the accuracy of policies on their bins.

    Args:
        results: Accuracies of every strategy, budget and problem.
        scored: Samples of the same problems, with scores.
        question: Easiness predicted from the text of each problem; no rows where nothing was predicted.
        config: Probes and resamples.
        seed: Of the run.
    """
    easiness = easiness_by_kind(scored, question, config.probes, seed)
    return {
        "agreement": agreement_with_oracle(easiness, results.ids, config.bootstrap, seed),
        "policies": policies_by_kind(results, easiness, config.bootstrap, seed),
    }


def easiness_by_kind(scored: ScoredGrid, question: pd.DataFrame, probes: int, seed: int) -> dict[str, Floats]:
    """Easiness [problems] by kind, the oracle first; kinds that lack a PRM or a predictor are left out.

    Args:
        scored: Scored samples.
        question: Easiness that is predicted from each problem's text.
        probes: Samples per problem that a probe draws.
        seed: Decides which.
    """
    grid = scored.grid
    easiness = {ORACLE: oracle_easiness(grid.correct, grid.mask)}
    if scored.scores is not None:
        n = min(probes, grid.mask.shape[1])
        easiness["predicted"] = predicted_easiness(scored.scores, grid.mask)
        easiness[f"{n} probes"] = probe_easiness(scored.scores, grid.mask, grid.ids, n, seed)[0]
    if len(question):
        by_id = question.set_index("problem_id")["easiness"]
        easiness["question alone"] = by_id.loc[list(grid.ids)].to_numpy(float)
    return easiness
