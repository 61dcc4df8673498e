"""A PRM of rollouts beside the run's own PRM and its ORM, best-of-N weighted over the same samples (Snell et al. 2024, E, F)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.estimators.voting import Vote
from stepscale.parameters import PoolBlock, ReportBlock
from stepscale.report.claims import Claim, settle
from stepscale.studies.best_of_n.comparison import shows_growth
from stepscale.studies.rollouts.claims import b8_quantities, b9_quantities, rule_votes
from stepscale.studies.rollouts.tables import VERIFIER_CURVES
from stepscale.verifiers.aggregation import Rule

SOFT_RULES: tuple[Rule, ...] = (("last", "positive"), ("min", "positive"), ("product", "positive"))
FEWEST_PROBLEMS = 5
_KEY = ["problem_id", "sample_id"]


@dataclass(frozen=True)
class SoftScores:
    """The samples that a soft PRM scored, with the step scores of all that judged them, a row for each sample.

    ``prm``: None where the soft PRM is the run's own.
    """

    grid: SampleGrid
    soft: pd.DataFrame
    orm: pd.DataFrame
    prm: pd.DataFrame | None


def gather_soft_scores(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    soft_scores: pd.DataFrame,
    pool: PoolBlock,
) -> SoftScores:
    """What is compared. Where rollouts labeled the pool, the run's own PRM is the soft one."""
    test = problems[problems["split"] == "test"]
    prm, orm = (scores[scores["verifier"] == name] for name, scores in (("prm", prm_scores), ("orm", orm_scores)))
    is_own = pool.labeler.kind == "rollouts"
    soft = prm[prm["problem_id"].isin(set(test["problem_id"]))] if is_own else soft_scores
    scored = soft[_KEY].merge(solutions, on=_KEY, validate="one_to_one")
    beside = [soft[_KEY].merge(scores, on=_KEY, validate="one_to_one") for scores in (orm, prm)]
    grid = sample_grid(test[test["problem_id"].isin(set(scored["problem_id"]))], scored)
    return SoftScores(grid, soft, beside[0], None if is_own else beside[1])


def measure_rollouts(scores: SoftScores, config: ReportBlock, seed: int) -> dict[str, Any]:
    """``tables`` with the ``curves`` of every rule, and claims B8 and B9 (``claims``)."""
    ns = [n for n in config.budgets if n <= scores.grid.mask.shape[1]]
    soft = rule_votes(scores.grid, scores.soft, SOFT_RULES, ns)
    votes = {f"Soft PRM, {rule[0]}": vote for rule, vote in soft.items()}
    if scores.prm is not None:
        votes["PRM"] = rule_votes(scores.grid, scores.prm, [config.rule], ns)[config.rule]
    votes["ORM"] = rule_votes(scores.grid, scores.orm, SOFT_RULES[:1], ns)[SOFT_RULES[0]]
    curves = _curves(votes, ns, config.bootstrap, seed)
    return {"tables": {"curves": curves}, "claims": _claims(soft, votes, ns, config.bootstrap, seed)}


def _claims(
    soft: Mapping[Rule, Vote], votes: Mapping[str, Vote], ns: Sequence[int], resamples: int, seed: int
) -> list[Claim]:
    """None of few problems; B8 needs two samples to choose from, B9 budgets enough to see a lead grow."""
    quantities = {}
    if len(votes["ORM"].per_problem) < FEWEST_PROBLEMS:
        return []
    if max(ns) > 1:
        largest = {rule: vote.per_problem[:, -1] for rule, vote in soft.items()}
        quantities["B8"] = b8_quantities(largest, resamples, seed)
    if shows_growth(ns):
        compared = votes["Soft PRM, last"].per_problem, votes["ORM"].per_problem
        quantities["B9"] = b9_quantities(*compared, ns, resamples, seed)
    return [settle(name, parts, seeds=1) for name, parts in quantities.items()]


def _curves(votes: Mapping[str, Vote], ns: Sequence[int], resamples: int, seed: int) -> pd.DataFrame:
    rows = []
    for label, vote in votes.items():
        mean = bootstrap_interval(vote.per_problem, resamples, seed)
        points = zip(ns, mean.mean, mean.low, mean.high, vote.error, strict=True)
        n_problems = len(vote.per_problem)
        rows += [
            [label, n, float(m), float(low), float(high), n_problems, 1, float(e)] for n, m, low, high, e in points
        ]
    return pd.DataFrame(rows, columns=list(VERIFIER_CURVES.columns))
