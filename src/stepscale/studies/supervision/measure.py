"""Ways to supervise compared (Lightman et al. 2023, Figure 4): accuracy by labels and by N, ablations, active learning."""

from functools import partial
from typing import Any

import pandas as pd

from stepscale.parameters import ExperimentBlock, ReportBlock
from stepscale.report.claims import settle
from stepscale.studies.supervision.ablations import ablation_table
from stepscale.studies.supervision.blind import compared_with_blind
from stepscale.studies.supervision.claims import a3_quantities, a4_quantities
from stepscale.studies.supervision.data_efficiency import APART, data_efficiency, efficiency_table
from stepscale.studies.supervision.label_overlap import MAX_OVERLAP, label_overlap
from stepscale.studies.supervision.right_steps import right_steps_table
from stepscale.supervision.points import ACTIVE, ARMS, PROCESS, by_budget, by_size


def measure_supervision(
    points: pd.DataFrame, selections: pd.DataFrame, experiment: ExperimentBlock, config: ReportBlock, seed: int
) -> dict[str, Any]:
    """What the arms of the comparison reached.

    Args:
        points: Accuracy of every arm at every size, seed, N and problem.
        selections: Which samples each arm took.
        experiment: Sizes, budgets and ablations.
        config: Bootstrap resamples.
        seed: Of the run.

    Returns:
        ``tables`` by name: by_size, by_budget, ablations, right_steps, saved, overlap; and ``claims``: A3 and, of several
        sizes, A4.
    """
    design, resamples = experiment.design, config.bootstrap
    n = max(design.budgets)
    paper = points[points["arm"].isin(ARMS)]
    overlap = label_overlap(selections, ACTIVE, PROCESS, design.sizes, resamples, seed)
    tables = {
        "by_size": compared_with_blind(paper, by_size(paper, n, resamples, seed), n, resamples, seed),
        "by_budget": by_budget(paper, max(design.sizes), resamples, seed),
        "ablations": ablation_table(points, design.reference_arms, n, resamples, seed),
        "right_steps": right_steps_table(paper, n, resamples, seed),
        "overlap": pd.DataFrame(overlap),
    }
    claims = [settle("A3", a3_quantities(points, n, resamples, seed), design.seeds)]
    if len(design.sizes) > 1:  # of one size there is no line of best fit
        tables["saved"] = _labels_saved(points, tables["overlap"], n, resamples, seed)
        claims.append(settle("A4", a4_quantities(points, n, resamples, seed), design.seeds))
    return {"tables": {name: table for name, table in tables.items() if len(table)}, "claims": claims}


def _labels_saved(points: pd.DataFrame, overlap: pd.DataFrame, n: int, resamples: int, seed: int) -> pd.DataFrame:
    """What active learning saves: the fit that settles A4; without the selector's labels; where the arms differ."""
    fit = partial(data_efficiency, arm=ACTIVE, control=PROCESS, n=n, resamples=resamples, seed=seed)
    fits = {"": fit(points), ", selector's labels not counted": fit(points, selector_counts=False)}
    alike = set(overlap.loc[overlap["overlap"] > MAX_OVERLAP, "per_problem"]) if len(overlap) else set()
    unlike = points[~points["per_problem"].isin(alike)]
    if alike and unlike.loc[unlike["arm"] == ACTIVE, "per_problem"].nunique() > 1:
        fits[APART] = fit(unlike)
    rows = [
        {**row, "measure": f"{row['measure']}{note}"}
        for note, fitted in fits.items()
        for row in efficiency_table(fitted, ACTIVE, PROCESS)
        if not note or str(row["measure"]).startswith(("gain", "ratio", "labels"))
    ]
    bounded = ("estimate", "low", "high")
    return pd.DataFrame(rows).astype(dict.fromkeys(bounded, float))  # "inf" and "-inf" are read as what they are
