"""A PRM of rollouts beside the run's own PRM and its ORM, best-of-N weighted over the same samples (Snell et al. 2024, E, F)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.quantities import Quantity
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.estimators.voting import Vote
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.parameters import PoolBlock, ReportBlock
from stepscale.report.claims import Claim, settle
from stepscale.studies.best_of_n.leads import at_budget, deciding_budget, shows_growth
from stepscale.studies.rollouts.claims import b8_quantities, b9_quantities, votes_by_aggregation
from stepscale.verifiers.aggregation import ScoreAggregation

SOFT_AGGREGATIONS = (
    ScoreAggregation("last", "positive"),
    ScoreAggregation("min", "positive"),
    ScoreAggregation("product", "positive"),
)
SAME_SOLUTIONS = "orm_of_rollouts"  # the ORM that learned from the soft PRM's solutions, as scores name it
MIN_PROBLEMS_FOR_CLAIMS = 5


@dataclass(frozen=True)
class SoftScores:
    """The samples that a soft PRM scored, with the step scores of all that judged them, a row for each sample.

    Attributes:
        grid: Answers and correctness [problems, samples].
        soft: Scores of the soft PRM.
        orm: Of the ORM.
        prm: Of the PRM trained on ratings; None where there is none, or the soft PRM is the run's own.
        equal: Whether soft PRM and ORM learned from the same solutions.
    """

    grid: SampleGrid
    soft: pd.DataFrame
    orm: pd.DataFrame
    prm: pd.DataFrame | None
    equal: bool


def gather_soft_scores(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    soft_scores: pd.DataFrame,
    pool: PoolBlock,
) -> SoftScores:
    """The scores to compare. If rollouts labeled the pool, the run's own PRM is the soft PRM.

    The ORM is the one trained on the soft PRM's own solutions (``SAME_SOLUTIONS`` in its scores), or else the run's.

    Args:
        problems: The test problems.
        solutions: Their samples.
        prm_scores: Scores of the run's own PRM.
        orm_scores: Scores of its ORM.
        soft_scores: Scores of the soft PRM and of the ORM of the same solutions.
        pool: Settings of the labeled pool, which say who labeled it.

    Returns:
        The grid of the samples, and the scores of each verifier for them.

    Raises:
        InputError: A sample that the soft PRM scored has no score of another verifier's.
    """
    test = problems[problems["split"] == "test"]
    prm, orm = (scores[scores["verifier"] == name] for name, scores in (("prm", prm_scores), ("orm", orm_scores)))
    is_own = pool.labeler.kind == "rollouts"
    alike = soft_scores["verifier"] == SAME_SOLUTIONS
    soft = prm[prm["problem_id"].isin(set(test["problem_id"]))] if is_own else soft_scores[~alike]
    orm = soft_scores[alike] if alike.any() and not is_own else orm
    scored = soft[SOLUTION_KEY].merge(solutions, on=SOLUTION_KEY, validate="one_to_one")
    grid = sample_grid(test[test["problem_id"].isin(set(scored["problem_id"]))], scored)
    rated = None if is_own or prm.empty else _of_samples(soft, prm, "prm_scores")
    return SoftScores(grid, soft, _of_samples(soft, orm, "orm_scores"), rated, bool(is_own or alike.any()))


def _of_samples(soft: pd.DataFrame, scores: pd.DataFrame, name: str) -> pd.DataFrame:
    """Another verifier's scores of the samples that the soft PRM scored."""
    beside = soft[SOLUTION_KEY].merge(scores, on=SOLUTION_KEY, validate="one_to_one")
    if len(beside) < len(soft):
        raise InputError(
            f"{name} lacks {len(soft) - len(beside)} of the {len(soft)} samples that the soft PRM scored; run test_time_search "
            "and rollouts again"
        )
    return beside


def measure_rollouts(scores: SoftScores, config: ReportBlock, seed: int) -> dict[str, Any]:
    """``tables`` with the ``curves`` of every aggregation, and claims B8 and B9 (``claims``).

    Args:
        scores: What is compared.
        config: Budgets and resamples of the report.
        seed: Of the run.

    Returns:
        The tables and the claims, by these names.
    """
    ns = [n for n in config.budgets if n <= scores.grid.mask.shape[1]]
    soft = votes_by_aggregation(scores.grid, scores.soft, SOFT_AGGREGATIONS, ns)
    votes = {f"Soft PRM, {score_aggregation.aggregation}": vote for score_aggregation, vote in soft.items()}
    if scores.prm is not None:
        votes["PRM"] = votes_by_aggregation(scores.grid, scores.prm, [config.score_aggregation], ns)[
            config.score_aggregation
        ]
    votes["ORM"] = votes_by_aggregation(scores.grid, scores.orm, SOFT_AGGREGATIONS[:1], ns)[SOFT_AGGREGATIONS[0]]
    curves = _curves(votes, ns, config.bootstrap, seed)
    return {"tables": {"curves": curves}, "claims": _claims(soft, votes, ns, config.bootstrap, seed, scores.equal)}


def _claims(
    soft: Mapping[ScoreAggregation, Vote],
    votes: Mapping[str, Vote],
    ns: Sequence[int],
    resamples: int,
    seed: int,
    equal: bool,
) -> list[Claim]:
    """No claims on few problems; B8 needs two samples to choose from, B9 enough budgets to see a lead grow."""
    quantities: dict[str, dict[str, Quantity]] = {}
    beside: dict[str, dict[str, Interval]] = {}
    if len(votes["ORM"].per_problem) < MIN_PROBLEMS_FOR_CLAIMS:
        return []
    if max(ns) > 1:
        n = deciding_budget(ns)
        decided = {aggregation: at_budget(vote.per_problem, ns, n) for aggregation, vote in soft.items()}
        quantities["B8"] = b8_quantities(decided, resamples, seed)
    if shows_growth(ns):
        compared = votes["Soft PRM, last"].per_problem, votes["ORM"].per_problem
        quantities["B9"] = b9_quantities(*compared, ns, resamples, seed, equal)
        if deciding_budget(ns) < max(ns):
            lead = np.subtract(*compared)[:, -1]
            beside["B9"] = {f"PRM - ORM at N={max(ns)}": bootstrap_interval(lead, resamples, seed)}
    return [settle(name, parts, seeds=1, beside=beside.get(name)) for name, parts in quantities.items()]


def _curves(votes: Mapping[str, Vote], ns: Sequence[int], resamples: int, seed: int) -> pd.DataFrame:
    parts = []
    for label, vote in votes.items():
        accuracy = bootstrap_interval(vote.per_problem, resamples, seed).cells("accuracy")
        curve = pd.DataFrame({"label": label, "n": list(ns), **accuracy, "n_problems": len(vote.per_problem)})
        parts.append(curve.assign(seeds=1, error=vote.error))
    return pd.concat(parts, ignore_index=True)
