"""Nodes that measure the data loop and the PRM of rollouts."""

from typing import Any

import numpy as np
import pandas as pd

from stepscale.labeling.options import LoopOptions, RolloutOptions
from stepscale.parameters import ReportBlock
from stepscale.scaling.claims import Claim, settle
from stepscale.scaling.comparison import shows_growth
from stepscale.scaling.intervals import bootstrap_interval
from stepscale.scaling.loop_comparison import health_by_round, loop_differences
from stepscale.scaling.points import by_size
from stepscale.scaling.samples import sample_grid
from stepscale.scaling.supervision_claims import Rule, b8_quantities, b9_quantities, rule_values

CURVE = ["label", "n", "accuracy", "low", "high", "n_problems", "seeds"]
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
    problems: pd.DataFrame, solutions: pd.DataFrame, prm_scores: pd.DataFrame, soft_scores: pd.DataFrame | None,
    orm_scores: pd.DataFrame, rollouts: RolloutOptions | None, config: ReportBlock, seed: int,
) -> tuple[pd.DataFrame, list[Claim]]:  # fmt: skip
    """The soft PRM's curves beside the PRM's and the ORM's, best-of-N weighted over the same samples, and claims B8 and B9.

    Snell et al. 2024 compare ways to aggregate steps, and their PRM with an ORM, under best-of-N weighted (E, F), so these do.
    """
    if rollouts is None or soft_scores is None or soft_scores.empty:
        return pd.DataFrame(columns=CURVE), []
    key = ["problem_id", "sample_id"]
    few = soft_scores[key].merge(solutions, on=key, validate="one_to_one")
    hard, outcome = (
        soft_scores[key].merge(scores[scores["verifier"] == name], on=key, validate="one_to_one")
        for name, scores in (("prm", prm_scores), ("orm", orm_scores))
    )
    test = problems[problems["problem_id"].isin(set(few["problem_id"]))]
    grid = sample_grid(test, few)
    ns = [n for n in config.budgets if n <= grid.mask.shape[1]]
    by_n = [rule_values(grid, soft_scores, SOFT_RULES, n, vote=True) for n in ns]
    values = {f"Soft PRM, {rule[0]}": np.stack([found[rule] for found in by_n], axis=1) for rule in SOFT_RULES}
    product: Rule = ("product", "positive")
    last: Rule = ("last", "positive")
    for label, scores, rule in (("PRM", hard, product), ("ORM", outcome, last)):
        values[label] = np.stack([rule_values(grid, scores, [rule], n, vote=True)[rule] for n in ns], axis=1)
    rows = []
    for label, accuracy in values.items():
        found = bootstrap_interval(accuracy, config.bootstrap, seed)
        for i, n in enumerate(ns):
            numbers = (float(found.mean[i]), float(found.low[i]), float(found.high[i]))
            rows.append(dict(zip(CURVE, (label, n, *numbers, len(test), 1), strict=True)))
    if len(test) < FEWEST_PROBLEMS:
        return pd.DataFrame(rows), []
    claims = {"B8": b8_quantities(by_n[-1], config.bootstrap, seed)}
    if shows_growth(ns):
        claims["B9"] = b9_quantities(values["Soft PRM, last"], values["ORM"], ns, config.bootstrap, seed)
    return pd.DataFrame(rows), [settle(name, found, seeds=1) for name, found in claims.items()]
