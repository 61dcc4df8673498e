"""Nodes of reporting. Heavy libraries are imported where they are used."""

from typing import Any

import numpy as np
import pandas as pd

from stepscale.parameters import PoolBlock, ReportBlock, SearchBlock
from stepscale.scaling.aggregates import Scored, score_samples, scoring_rules
from stepscale.scaling.claims import Claim, claims_table, settle
from stepscale.scaling.comparison import a1_quantities, curves_table, methods, per_problem
from stepscale.scaling.intervals import bootstrap_interval

A1_COMPARES = {"PRM", "ORM", "Majority"}


def measure(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    config: ReportBlock,
    search: SearchBlock,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]], list[dict[str, Any]]]:
    """Scaling curves of the test problems, accuracy by level, the scoring rules of A's Table 4, the claims table."""
    places = search.given_samples.places if search.given_samples else None
    scored = score_samples(problems, "test", solutions, prm_scores, orm_scores, places)
    ns = [n for n in config.budgets if n <= scored.grid.mask.shape[1]]
    values = per_problem(scored.grid, scored.scores, ns)
    curves = curves_table("test", values, ns, config.bootstrap, seed, scored.scores)
    settled: dict[str, Claim] = {}
    if values.keys() >= A1_COMPARES:
        quantities = a1_quantities(values, ns, config.bootstrap, seed)
        settled["A1"] = settle("A1", quantities, len(scored.grid.ids), seeds=1)
    rules = scoring_rules(scored, max(ns), config.bootstrap, seed)
    return curves, _by_level(scored, values, config.bootstrap, seed), rules, claims_table(settled)


def _by_level(scored: Scored, values: dict[str, Any], resamples: int, seed: int) -> pd.DataFrame:
    """Accuracy by level at the largest budget, and pass@1; no rows where levels are not known."""
    best = [m.label for m in methods(scored.scores) if m.method == "best_of_n" and m.verifier != "mean_logprob"]
    names = ["Majority", *reversed(best), "pass@N (ceiling)"]
    shown = {"pass@1": scored.grid.correct.mean(axis=1)} | {
        name: values[name][:, -1] for name in names if name in values
    }
    rows = []
    for level in sorted(set(scored.levels) - {0}):
        chosen = np.asarray(scored.levels) == level
        for label, accuracy in shown.items():
            interval = bootstrap_interval(accuracy[chosen], resamples, seed)
            rows.append(
                {
                    "level": level, "label": label, "accuracy": float(interval.mean), "low": float(interval.low),
                    "high": float(interval.high), "n_problems": int(chosen.sum()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows, columns=["level", "label", "accuracy", "low", "high", "n_problems"])


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
    """Three solutions: a right one the PRM trusts, an error it caught, a wrong one that fooled it; none without texts."""
    from stepscale.labeling.symbolic import label_solutions
    from stepscale.scaling.worked_examples import choose

    if "prm" not in set(prm_scores["verifier"]) or not solutions["steps"].map(len).any():
        return []
    scored = score_samples(problems, "test", solutions, prm_scores, orm_scores)
    rate = label_solutions if pool.labeler == "symbolic" else None
    return choose(scored, problems, solutions, prm_scores, rate)


def report(
    curves: pd.DataFrame,
    levels: pd.DataFrame,
    rules: list[dict[str, Any]],
    claims: list[dict[str, Any]],
    calibration: pd.DataFrame | None,
    verifier_metrics: dict[str, Any] | None,
    worked_examples: list[dict[str, Any]],
    parameters: dict[str, Any],
) -> tuple[str, dict[str, Any]]:
    """The HTML page, and the few lines a run ends with."""
    from stepscale.figures.best_of_n_report import headline, page

    lines = headline(curves, claims)
    html = page(lines, curves, levels, rules, claims, calibration, verifier_metrics, worked_examples, parameters)
    return html, {"lines": lines}
