"""Nodes of reporting. Heavy libraries are imported where they are used."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.voting import Vote
from stepscale.parameters import ExperimentBlock, PoolBlock, ReportBlock, SearchBlock
from stepscale.report.claims import Claim, claims_table, settle
from stepscale.report.report import Part
from stepscale.studies.best_of_n.aggregates import Scored, score_samples, scoring_rules
from stepscale.studies.best_of_n.comparison import a1_quantities, curves_table, estimates, methods, shows_growth
from stepscale.studies.best_of_n.quintiles import a6_quantities, by_quintile, quintiles
from stepscale.studies.supervision import ablations
from stepscale.studies.supervision.blind import beside_blind
from stepscale.studies.supervision.data_efficiency import APART, data_efficiency, efficiency_table
from stepscale.studies.supervision.label_overlap import MOST, label_overlap
from stepscale.studies.supervision.supervision_claims import (
    RULES,
    a2_quantities,
    a3_quantities,
    a4_quantities,
    a5_quantities,
    rule_values,
)
from stepscale.supervision.points import ACTIVE, ARMS, PROCESS, by_budget, by_size

A1_COMPARES = {"PRM", "ORM", "Majority"}
FEWEST_PROBLEMS = 5  # quintiles need as many
QUINTILES = ["quintile", "label", "n", "accuracy", "low", "high", "n_problems", "error"]


def measure(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    config: ReportBlock,
    search: SearchBlock,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame, list[dict[str, Any]], list[Claim]]:
    """Scaling curves of the test problems and of the held-out ones, accuracy by level and quintile, the rules of A's Table 4,
    the claims they settle.
    """
    places = search.given_samples.places if search.given_samples else None
    rules = search.grading_rules
    scored = score_samples(problems, "test", solutions, prm_scores, orm_scores, places, config.rule, rules)
    ns = _budgets(scored, config)
    votes, curves = _best_of_n("test", scored, ns, config.bootstrap, seed)
    values = _per_problem(votes)
    by_rule = scoring_rules(scored, max(ns), config.bootstrap, seed)
    levels = _by_level(scored, values, config.bootstrap, seed)
    if not values.keys() >= A1_COMPARES or len(scored.grid.ids) < FEWEST_PROBLEMS:
        return curves, curves.head(0), levels, pd.DataFrame(columns=QUINTILES), by_rule, []
    bins = quintiles(scored.grid)
    by_fifth = by_quintile(bins, votes, ns, config.bootstrap, seed)
    claims = _claims(scored, values, bins, ns, config.bootstrap, seed)
    if not problems["split"].eq("heldout").any():
        return curves, curves.head(0), levels, by_fifth, by_rule, claims
    unlike = score_samples(problems, "heldout", solutions, prm_scores, orm_scores, None, config.rule, rules)
    few = [n for n in ns if n in _budgets(unlike, config)]
    found, heldout = _best_of_n("heldout", unlike, few, config.bootstrap, seed)
    claims.append(settle("A5", a5_quantities(_per_problem(found), few, config.bootstrap, seed), seeds=1))
    return curves, heldout, levels, by_fifth, by_rule, claims


def _budgets(scored: Scored, config: ReportBlock) -> list[int]:
    """Those that there are samples enough for."""
    return [n for n in config.budgets if n <= scored.grid.mask.shape[1]]


def _best_of_n(
    data: str, scored: Scored, ns: list[int], resamples: int, seed: int
) -> tuple[dict[str, Vote], pd.DataFrame]:
    """What every way to choose reaches with N samples, and the curves."""
    votes = estimates(scored.grid, scored.scores, ns)
    errors = {label: found.error for label, found in votes.items()}
    return votes, curves_table(data, _per_problem(votes), ns, resamples, seed, scored.scores, errors)


def _per_problem(votes: Mapping[str, Vote]) -> dict[str, Floats]:
    """Accuracy [problems, budgets] of every way to choose."""
    return {label: found.per_problem for label, found in votes.items()}


def _claims(
    scored: Scored, values: dict[str, Floats], bins: Any, ns: list[int], resamples: int, seed: int
) -> list[Claim]:
    """A1, A2 and A6. A1 asks how leads grow with N, so it stays unmeasured where there are too few budgets to tell; A2 what
    neutral steps count as, so it does of a PRM that has none.
    """
    settled = [settle("A6", a6_quantities(bins, values, ns, resamples, seed), seeds=1)]
    if shows_growth(ns):
        settled.append(settle("A1", a1_quantities(values, ns, resamples, seed), seeds=1))
    if scored.steps is not None and scored.has_neutral:
        rules = rule_values(scored.grid, scored.steps, RULES, max(ns))
        settled.append(settle("A2", a2_quantities(rules, resamples, seed), seeds=1))
    return settled


def measure_supervision(
    points: pd.DataFrame | None,
    selections: pd.DataFrame | None,
    experiment: ExperimentBlock | None,
    config: ReportBlock,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, list[dict[str, Any]], list[dict[str, Any]], list[Claim]]:
    """Ways to supervise compared: accuracy by labels and by N (A, Figure 4) beside choosing blindly, ablations, what active
    learning saves, which labels it shares with uniform ones, A3 and A4.
    """
    if experiment is None or points is None or points.empty:
        empty = pd.DataFrame(columns=["label", "per_problem", "n", "accuracy", "low", "high", "n_problems", "seeds"])
        return empty, empty, pd.DataFrame(columns=list(ablations.COLUMNS)), [], [], []
    design, paper = experiment.design, points[points["arm"].isin(ARMS)]
    n, largest = max(design.budgets), max(design.sizes)
    sizes = beside_blind(paper, by_size(paper, n, config.bootstrap, seed), n, config.bootstrap, seed)
    budgets = by_budget(paper, largest, config.bootstrap, seed)
    varied = ablations.ablation_table(points, design.varied, n, config.bootstrap, seed)
    overlap = (
        [] if selections is None else label_overlap(selections, ACTIVE, PROCESS, design.sizes, config.bootstrap, seed)
    )
    # of one size there is no line of best fit
    saved = _labels_saved(points, overlap, n, config.bootstrap, seed) if len(design.sizes) > 1 else []
    claims = [settle("A3", a3_quantities(points, n, config.bootstrap, seed), design.seeds)]
    if saved:
        claims.append(settle("A4", a4_quantities(points, n, config.bootstrap, seed), design.seeds))
    return sizes, budgets, varied, saved, overlap, claims


def _labels_saved(
    points: pd.DataFrame, overlap: list[dict[str, Any]], n: int, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """What active learning saves: the fit that settles A4; without the selector's labels; where the arms are not much alike."""
    fit = partial(data_efficiency, arm=ACTIVE, control=PROCESS, n=n, resamples=resamples, seed=seed)
    fits = {"": fit(points), ", selector's labels not counted": fit(points, selector_counts=False)}
    alike = {row["per_problem"] for row in overlap if row["overlap"] > MOST}
    apart = points[~points["per_problem"].isin(alike)]
    if alike and len(apart.loc[apart["arm"] == ACTIVE, "per_problem"].unique()) > 1:
        fits[APART] = fit(apart)
    return [
        row | {"measure": f"{row['measure']}{note}"}
        for note, found in fits.items()
        for row in efficiency_table(found, ACTIVE, PROCESS)
        if not note or str(row["measure"]).startswith(("gain", "ratio", "labels"))
    ]


def log_label_overlap(overlap: list[dict[str, Any]]) -> None:
    """Shares of labels that active learning has in common with uniform ones as an MLflow metric history: step = size."""
    from stepscale.tracking import current_run

    run = current_run()
    if run and overlap:
        run.history(("label_overlap", row["per_problem"], row["overlap"]) for row in overlap)


def collect_claims(*settled: list[Claim]) -> list[dict[str, Any]]:
    """The claims table: what each part settled, the rest "not measured"."""
    return claims_table({claim.id: claim for claims in settled for claim in claims})


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
                    "level": level,
                    "label": label,
                    "accuracy": float(interval.mean),
                    "low": float(interval.low),
                    "high": float(interval.high),
                    "n_problems": int(chosen.sum()),
                }
            )
    return pd.DataFrame(rows, columns=["level", "label", "accuracy", "low", "high", "n_problems"])


def log_curves(curves: pd.DataFrame, heldout: pd.DataFrame) -> None:
    """The scaling curves as MLflow metric histories, those of the held-out problems by a name of their own: step = budget N."""
    from stepscale.tracking import current_run

    run = current_run()
    for start, table in (("scaling", curves), ("scaling_heldout", heldout)):
        if run and len(table):
            verifier = table["verifier"].map(lambda v: f".{v}" if isinstance(v, str) else "")
            names = f"{start}." + table["method"] + verifier
            run.history(zip(names, table["n"], table["accuracy"], strict=True))


def choose_worked_examples(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    orm_scores: pd.DataFrame,
    pool: PoolBlock,
    config: ReportBlock,
) -> list[dict[str, Any]]:
    """Three solutions: a right one the PRM trusts, an error it caught, a wrong one that fooled it; none without texts."""
    from stepscale.labeling.symbolic import label_solutions
    from stepscale.studies.best_of_n.worked_examples import choose

    if "prm" not in set(prm_scores["verifier"]) or not solutions["steps"].map(len).any():
        return []
    scored = score_samples(problems, "test", solutions, prm_scores, orm_scores, rule=config.rule)
    rate = label_solutions if pool.labeler.kind == "symbolic" else None
    ours = prm_scores[prm_scores["verifier"] == "prm"]
    return choose(scored, problems, solutions, ours, rate)


def report(
    curves: pd.DataFrame,
    levels: pd.DataFrame,
    rules: list[dict[str, Any]],
    claims: list[dict[str, Any]],
    calibration: pd.DataFrame | None,
    verifier_metrics: dict[str, Any] | None,
    worked_examples: list[dict[str, Any]],
    supervision: Part,
    search: Part,
    revisions: Part,
    revision_search: Part,
    difficulty: Part,
    larger: Part,
    served: Part,
    learning: list[Part],
    parameters: dict[str, Any],
) -> tuple[str, dict[str, Any]]:
    """The HTML page, and the few lines a run ends with."""
    from stepscale.studies.best_of_n.figures import headline, page

    lines = headline(curves, claims)
    parts = [supervision, search, revisions, revision_search, difficulty, larger, served, *learning]
    html = page(lines, curves, levels, rules, claims, calibration, verifier_metrics, worked_examples, parameters, parts)
    return html, {"lines": lines}


def keep_report(report: str) -> None:
    """The page with every figure, as an artifact of the MLflow run."""
    from stepscale.tracking import current_run

    run = current_run()
    if run:
        run.text(report, "report.html")
