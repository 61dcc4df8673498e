"""Nodes of reporting. Heavy libraries are imported where they are used."""

from typing import Any

import numpy as np
import pandas as pd

from stepscale.parameters import PoolBlock, ReportBlock
from stepscale.scaling.aggregates import Scored, score_samples, scoring_rules
from stepscale.scaling.claims import claims_table, settle
from stepscale.scaling.comparison import a1_quantities, curves_table, per_problem
from stepscale.scaling.intervals import bootstrap_interval

SHOWN_BY_LEVEL = ("Majority", "ORM", "PRM", "pass@N (ceiling)")


def measure(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    config: ReportBlock,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]], list[dict[str, Any]]]:
    """Scaling curves of the test problems, accuracy by level, the scoring rules of A's Table 4, the claims table."""
    scored = score_samples(problems, "test", solutions, prm_scores, orm_scores)
    ns = [n for n in config.budgets if n <= scored.grid.mask.shape[1]]
    values = per_problem(scored.grid, scored.scores, ns)
    curves = curves_table("test", values, ns, config.bootstrap, seed)
    a1 = settle("A1", a1_quantities(values, ns, config.bootstrap, seed), len(scored.grid.ids), seeds=1)
    rules = scoring_rules(scored, max(ns), config.bootstrap, seed)
    return curves, _by_level(scored, values, config.bootstrap, seed), rules, claims_table({"A1": a1})


def _by_level(scored: Scored, values: dict[str, Any], resamples: int, seed: int) -> pd.DataFrame:
    """Accuracy by level at the largest budget, and pass@1."""
    shown = {"pass@1": scored.grid.correct.mean(axis=1)} | {name: values[name][:, -1] for name in SHOWN_BY_LEVEL}
    rows = []
    for level in sorted(set(scored.levels)):
        chosen = np.asarray(scored.levels) == level
        for label, accuracy in shown.items():
            interval = bootstrap_interval(accuracy[chosen], resamples, seed)
            rows.append(
                {
                    "level": level, "label": label, "accuracy": float(interval.mean), "low": float(interval.low),
                    "high": float(interval.high), "n_problems": int(chosen.sum()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def log_curves(curves: pd.DataFrame) -> None:
    """The scaling curves as MLflow metric histories: step = generation budget N."""
    from stepscale.tracking import current_run

    run = current_run()
    if run:
        names = "scaling." + curves["method"] + curves["verifier"].map(lambda v: f".{v}" if isinstance(v, str) else "")
        run.history(zip(names, curves["n"], curves["accuracy"], strict=True))


def choose_worked_examples(
    problems: pd.DataFrame, solutions: pd.DataFrame, prm_scores: pd.DataFrame, orm_scores: pd.DataFrame, pool: PoolBlock
) -> list[dict[str, Any]]:
    """Three solutions: a right one the PRM trusts, an error it caught, a wrong one that fooled it."""
    from stepscale.labeling.symbolic import label_solutions
    from stepscale.scaling.worked_examples import choose

    scored = score_samples(problems, "test", solutions, prm_scores, orm_scores)
    rate = label_solutions if pool.labeler == "symbolic" else None
    return choose(scored, problems, solutions, prm_scores, rate)


def report(
    curves: pd.DataFrame,
    levels: pd.DataFrame,
    rules: list[dict[str, Any]],
    claims: list[dict[str, Any]],
    calibration: pd.DataFrame,
    verifier_metrics: dict[str, Any],
    worked_examples: list[dict[str, Any]],
    parameters: dict[str, Any],
) -> tuple[str, dict[str, Any]]:
    """The HTML page, and the few lines a run ends with."""
    from stepscale.figures.best_of_n_report import headline, page

    lines = headline(curves, claims)
    html = page(lines, curves, levels, rules, claims, calibration, verifier_metrics, worked_examples, parameters)
    return html, {"lines": [*lines, "report: data/08_reporting/report.html"]}
