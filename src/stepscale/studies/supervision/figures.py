"""What the report says about supervision (Lightman et al. 2023, 4): accuracy by labels and by N, active learning, ablations."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stepscale.parameters import ProblemSource, VerifierBlock
from stepscale.report.claims import Claim
from stepscale.report.number_formats import cell, interval, metric_rows, spread_over, unbounded
from stepscale.report.part import Figure, Part, Series, TextTable, View
from stepscale.report.plots import curve_figure, curve_panel, curve_view
from stepscale.studies.supervision.blind import LEAD
from stepscale.studies.supervision.data_efficiency import APART, fitted_lines
from stepscale.studies.verifiers.figures import metrics_table
from stepscale.supervision.points import BLIND


def supervision_part(
    tables: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    agreement: Mapping[str, float],
    metrics: Mapping[str, Mapping[str, float]],
    verifiers: VerifierBlock,
    problems: ProblemSource,
) -> Part:
    """The part of the report on ways to supervise.

    Args:
        tables: By name, those of ``measure_supervision``.
        claims: A3 and A4, where they were settled.
        agreement: Of PRM_large with the pool's labeler.
        metrics: Of PRM_large on validation problems, by its name.
        verifiers: With ``problems``, what the arms do not have in common.
        problems: Where the problems are from.
    """
    saved = tables.get("saved", pd.DataFrame())
    return Part(
        name="supervision",
        title="Which supervision makes the better verifier?",
        figures=(
            _labels_figure(tables["by_size"], saved, confounds(verifiers, problems.source == "lab")),
            _budgets_figure(tables["by_budget"]),
        ),
        tables=(
            TextTable(title="Accuracy of every arm at every size", rows=_size_rows(tables["by_size"])),
            _right_steps_table(tables.get("right_steps", pd.DataFrame())),
            TextTable(title="Active learning against uniform labels", rows=_saved_rows(saved)),
            _overlap_table(tables.get("overlap", pd.DataFrame())),
            _ablation_table(tables.get("ablations", pd.DataFrame())),
            TextTable(
                title="PRM_large against the pool's labeler [95 % over problems]",
                rows=metric_rows({"value [95 %]": agreement}, "measure"),
            ),
            metrics_table(metrics),
        ),
        claims=tuple(claims),
        measures={"A4": _as_in_paper(saved)} if len(saved) else {},
    )


def confounds(verifiers: VerifierBlock, in_lab: bool) -> str:
    """What the arms do not have in common besides supervision, and what none of them had to learn.

    Args:
        verifiers: How verifiers are trained.
        in_lab: Whether the problems are the lab's.
    """
    small = verifiers.sized(small=True)
    sentences = []
    if verifiers.large is None:
        sentences.append("PRM_large is the run's own PRM: it learned from more labels than the small verifiers have.")
    if small.prm.head_init_tokens or small.orm.head_init_tokens:
        rated = ", and the lab's base was pretrained on symbolic step ratings (docs/lab.md)" if in_lab else ""
        sentences.append(
            f"Heads start from tokens of the base{rated}, so even the smallest cell does not start from nothing."
        )
    process, outcome = (options.optimization.epochs for options in (small.prm, small.orm))
    if process != outcome:
        sentences.append(
            f"Process arms learn for {process:g} epochs and outcome arms for {outcome:g}, each longer where it would "
            "be fewer than least_steps optimizer steps. So they differ in more than supervision."
        )
    return " ".join(sentences)


def _labels_figure(sizes: pd.DataFrame, saved: pd.DataFrame, differences: str) -> Figure:
    """Figure 4a, with the lines of best fit that settle A4."""
    n, problems, seeds = (int(sizes[name].iloc[0]) for name in ("n", "n_problems", "seeds"))
    sentences = [
        f"Lightman et al. 2023, Figure 4a: best-of-{n} on {problems} test problems, {seeds} seed(s), by the labeled "
        "samples per problem. A higher line learns more from the same labels. Bands are 95 % intervals over "
        + spread_over(seeds)
        + "."
    ]
    if (sizes["label"] == BLIND).any():
        sentences.append("The dotted line is pass@1: a verifier on it chooses no better than blindly.")
    if len(saved):
        sentences.append("Dashed: the lines of best fit of claim A4.")
    panel = curve_panel(sizes, x="labeled")
    fits = [_fitted_series(sizes, name, *line) for name, line in fitted_lines(saved.to_dict("records")).items()]
    sample_sizes = sorted({float(size) for size in sizes["per_problem"]})
    view = View(
        x_title="labeled samples per problem (log scale)",
        panels=(panel.model_copy(update={"series": (*panel.series, *fits)}),),
        ticks=tuple((size, f"{size:g}") for size in sample_sizes),
    )
    reading = " ".join([*sentences, differences]).rstrip()
    return curve_figure("Accuracy by labels", reading, view, leads=True)


def _fitted_series(sizes: pd.DataFrame, label: str, slope: float, intercept: float) -> Series:
    """The line of best fit of an arm, in the arm's color, over the arm's sizes."""
    x = np.sort(sizes.loc[sizes["label"] == label, "labeled"].unique())
    y = intercept + slope * np.log2(x)
    return Series(name=label, x=tuple(map(float, x)), y=tuple(map(float, y)), dash="dashed", in_legend=False)


def _budgets_figure(budgets: pd.DataFrame) -> Figure:
    """Figure 4b."""
    largest, seeds = int(budgets["per_problem"].iloc[0]), int(budgets["seeds"].iloc[0])
    reading = (
        f"Lightman et al. 2023, Figure 4b: the verifiers trained on {largest} labeled samples per problem, by N. Bands "
        f"are 95 % intervals over {spread_over(seeds)}."
    )
    return curve_figure("Accuracy by N, of the verifiers with most labels", reading, curve_view(budgets))


def _size_rows(sizes: pd.DataFrame) -> tuple[dict[str, str], ...]:
    """Figure 4a as a table: every arm at every size, and pass@1 once."""
    table_rows = sizes[(sizes["label"] != BLIND) | ~sizes["label"].duplicated()]
    return tuple(_size_row(row, row["label"] != BLIND) for row in table_rows.to_dict("records"))


def _size_row(row: Mapping[Any, Any], trained: bool) -> dict[str, str]:
    lead, low, high = (100 * row.get(name, np.nan) for name in LEAD)
    return {
        "supervision": row["label"],
        "asked for": str(int(row["per_problem"])) if trained else "",
        "labeled per problem": f"{row['labeled']:.1f}" if trained else "",
        "best of": str(int(row["n"])),
        "accuracy [95 %]": interval(row["accuracy"], row["low"], row["high"], ".1%"),
        "minus choosing blindly, points": interval(lead, low, high, "+.1f") if trained else "",
        "problems": str(int(row["n_problems"])),
        "seeds": str(int(row["seeds"])) if trained else "",
    }


def _saved_rows(saved: pd.DataFrame) -> tuple[dict[str, str], ...]:
    return tuple(
        {
            "measure": row["measure"],
            "estimate [95 %]": f"{unbounded(row['estimate'])} [{unbounded(row['low'])}, {unbounded(row['high'])}]",
            "problems": str(row["n_problems"]),
            "seeds": str(row["seeds"]),
        }
        for row in saved.to_dict("records")
    )


def _as_in_paper(saved: pd.DataFrame) -> str:
    """The ratio of slopes and the labels saved, as Figure 4a states them."""
    return "; ".join(
        f"{row['measure']}: {unbounded(row['estimate'], 2)} [{unbounded(row['low'], 2)}, {unbounded(row['high'], 2)}]"
        for row in saved.to_dict("records")
        if row["measure"].startswith(("ratio", "labels")) and not row["measure"].endswith(APART)
    )


def _overlap_table(overlap: pd.DataFrame) -> TextTable:
    rows = tuple(
        {
            "labeled samples per problem": str(row["per_problem"]),
            "share also chosen uniformly [95 %]": cell(row, "overlap"),
            "problems": str(row["n_problems"]),
            "seeds": str(row["seeds"]),
        }
        for row in overlap.to_dict("records")
    )
    return TextTable(title="Labels that active learning shares with uniform choice", rows=rows)


def _right_steps_table(graded: pd.DataFrame) -> TextTable:
    title = "The arms of claim A3 where every step must be right, too"
    return _leads_table(graded, title, "supervision", "right answer by right steps, ")


def _ablation_table(ablations: pd.DataFrame) -> TextTable:
    return _leads_table(ablations, "Ablations, at the same labels as the arm each varies", "ablation")


def _leads_table(compared: pd.DataFrame, title: str, first: str, reached: str = "") -> TextTable:
    """Arms beside the arm that each is compared with, at the same labels; ``first`` and ``reached`` head two columns."""
    rows = tuple(
        {
            first: row["label"],
            "labeled samples per problem": str(int(row["per_problem"])),
            f"{reached}best-of-{row['n']} [95 %]": cell(row, "accuracy"),
            "against": row["against"],
            "difference, points": interval(100 * row["lead"], 100 * row["lead_low"], 100 * row["lead_high"], "+.1f"),
            "problems": str(int(row["n_problems"])),
            "seeds": str(int(row["seeds"])),
        }
        for row in compared.to_dict("records")
    )
    return TextTable(title=title, rows=rows)
