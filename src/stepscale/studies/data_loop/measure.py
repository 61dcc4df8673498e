"""Nodes that measure the data loop and the PRM of rollouts."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.samples import sample_grid
from stepscale.estimators.voting import Vote
from stepscale.labeling.options import RolloutOptions
from stepscale.parameters import PoolBlock, ReportBlock, SearchBlock
from stepscale.report.claims import Claim, settle
from stepscale.studies.best_of_n.comparison import shows_growth
from stepscale.studies.data_loop.comparison import health_by_round, loop_differences
from stepscale.studies.search.curve_table import log_curve_rows
from stepscale.studies.supervision.supervision_claims import b8_quantities, b9_quantities, rule_votes
from stepscale.supervision.loop_options import LoopOptions
from stepscale.supervision.points import by_size
from stepscale.verifiers.aggregation import Rule

CURVE = ["label", "n", "accuracy", "low", "high", "n_problems", "seeds"]
SOFT_CURVE = [*CURVE, "error"]
SOFT_RULES: tuple[Rule, ...] = (("last", "positive"), ("min", "positive"), ("product", "positive"))
FEWEST_PROBLEMS = 5


def measure_loop(
    points: pd.DataFrame | None, health: pd.DataFrame | None, loop: LoopOptions | None, config: ReportBlock, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]]:
    """Strategies of the loop: accuracy by labels so far, their selectors' health by round, differences at the end."""
    how = (config.bootstrap, seed)
    if loop is None or points is None or health is None or points.empty:
        return pd.DataFrame(columns=[*CURVE, "per_problem"]), health_by_round(pd.DataFrame(), *how), []
    n = max(loop.budgets)
    return by_size(points, n, *how), health_by_round(health, *how), loop_differences(points, n, *how)


def measure_rollouts(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    soft_scores: pd.DataFrame | None,
    orm_scores: pd.DataFrame,
    rollouts: RolloutOptions | None,
    pool: PoolBlock,
    search: SearchBlock,
    config: ReportBlock,
    seed: int,
) -> tuple[pd.DataFrame, list[Claim]]:
    """The soft PRM's curves beside the PRM's and the ORM's, best-of-N weighted over the same samples, and claims B8 and B9.

    Where rollouts labelled the pool, the soft PRM is the run's own, and there is no other beside it. Given samples may come with
    verdicts of others, so nothing is told of them here. Snell et al. 2024 compare ways to aggregate steps, and their PRM with
    an ORM, under best-of-N weighted (E, F), so these do.
    """
    key = ["problem_id", "sample_id"]
    prm, orm = (scores[scores["verifier"] == name] for name, scores in (("prm", prm_scores), ("orm", orm_scores)))
    beside = {"PRM": (prm, config.rule), "ORM": (orm, SOFT_RULES[0])}
    if pool.labeler.kind == "rollouts":
        tested = set(problems.loc[problems["split"] == "test", "problem_id"])
        beside, soft_scores = {"ORM": beside["ORM"]}, prm[prm["problem_id"].isin(tested)]
    elif rollouts is None:
        soft_scores = None
    if soft_scores is None or soft_scores.empty or search.given_samples:
        return pd.DataFrame(columns=SOFT_CURVE), []
    few = soft_scores[key].merge(solutions, on=key, validate="one_to_one")
    test = problems[problems["problem_id"].isin(set(few["problem_id"]))]
    grid = sample_grid(test, few)
    ns = [n for n in config.budgets if n <= grid.mask.shape[1]]
    soft = rule_votes(grid, soft_scores, SOFT_RULES, ns)
    votes = {f"Soft PRM, {rule[0]}": own for rule, own in soft.items()}
    for label, (scores, rule) in beside.items():
        own = soft_scores[key].merge(scores, on=key, validate="one_to_one")
        votes[label] = rule_votes(grid, own, [rule], ns)[rule]
    curves = _vote_curves(votes, ns, config.bootstrap, seed)
    if len(test) < FEWEST_PROBLEMS:
        return curves, []
    largest = {rule: own.per_problem[:, -1] for rule, own in soft.items()}
    claims = {}
    if max(ns) > 1:  # of one sample all rules choose the same
        claims["B8"] = b8_quantities(largest, config.bootstrap, seed)
    if shows_growth(ns):
        compared = votes["Soft PRM, last"].per_problem, votes["ORM"].per_problem
        claims["B9"] = b9_quantities(*compared, ns, config.bootstrap, seed)
    return curves, [settle(name, found, seeds=1) for name, found in claims.items()]


def log_soft_prm_curves(curves: pd.DataFrame) -> None:
    """The soft PRM's curves as MLflow metric histories: step = N (Snell et al. 2024, Figures 13 and 14)."""
    log_curve_rows("soft_prm", curves.assign(unit="generations"))


def _vote_curves(votes: Mapping[str, Vote], ns: Sequence[int], resamples: int, seed: int) -> pd.DataFrame:
    """A row a (label, N): accuracy, its interval over problems, and its Monte Carlo error."""
    rows = []
    for label, vote in votes.items():
        found = bootstrap_interval(vote.per_problem, resamples, seed)
        points = zip(ns, found.mean, found.low, found.high, vote.error, strict=True)
        shared = len(vote.per_problem), 1
        rows += [
            [label, n, float(mean), float(low), float(high), *shared, float(e)] for n, mean, low, high, e in points
        ]
    return pd.DataFrame(rows, columns=SOFT_CURVE)
