"""What the report says about a larger model at equal FLOPs (Snell et al. 2024, 7): Figure 9 and two tables."""

import math
from typing import Any

import pandas as pd

from stepscale.estimators.flops_match import RATIOS
from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import POINT, error_at, largest_error
from stepscale.report.style import OTHER, faint, line_colours, new_figure

_AXES = {"search": "generations a problem, N (log scale)", "revisions": "attempts a problem, N (log scale)"}
_RATIOS = [f"R = {v1:g} (iclr: {iclr:g})" for v1, iclr in zip(*RATIOS.values(), strict=True)]
_READING = (
    "How to read this: a line is the small model's compute-optimal policy in one difficulty bin (1: easiest), with its 95 % "
    "band; a star of the same colour is the larger model's one greedy answer, at the N for which both cost the same FLOPs, "
    "pretraining included, where inference takes R times as many tokens as pretraining did. Where the line passes above the "
    "star, test-time compute is the better buy. An open star stands beyond what was measured."
)
_BY_BIN = "Test-time compute - larger model at equal FLOPs, by bin (accuracy [95 %]; * beyond what was measured)"
_BY_BIN_NOTE = (
    "Counted in generations the small model's policy is chosen at equal generations, counted in FLOPs at equal FLOPs, where it "
    "may spend less than it is granted."
)
_VERSION = "v1"  # in the figure: budgets of the other version lie within 2 % of these


def flops_part(table: pd.DataFrame, curves: pd.DataFrame) -> Part:
    """A figure for searches and for revisions and for each kind of bins; nothing without a larger model."""
    if table.empty:
        return Part([], {})
    sections = []
    for (of, kind), own in table.groupby(["of", "bins"], sort=False):
        drawn = curves[(curves["of"] == of) & (curves["bins"] == kind)]
        sections.append(
            FigureSection(
                f"A model {own['size_ratio'].iloc[0]:.1f} times as large, at equal FLOPs: {of}, {kind} bins",
                f"Snell et al. 2024, Figure 9; {int(own['n_problems'].max())} test problems. {_READING}{largest_error(drawn)}",
                figure_9(drawn, own[(own["version"] == _VERSION) & (own["counted"] == "generations")], _AXES[str(of)]),
            )
        )
    return Part(sections, _tables(table), {_BY_BIN: _BY_BIN_NOTE})


def figure_9(curves: pd.DataFrame, stars: pd.DataFrame, axis: str) -> Any:
    """Curves (columns bin, n, accuracy, low, high) and stars (bin, r, budget, beyond, larger), accuracies in 0..1."""
    figure = new_figure(axis, "accuracy (% of problems)")
    names = {number: f"bin {number}" for number in sorted(curves["bin"].unique())}
    colours = line_colours(names.values())
    for number, name in names.items():
        rows = curves[curves["bin"] == number].sort_values("n")
        figure.add_scatter(
            x=[*rows["n"], *rows["n"][::-1]],
            y=[*rows["high"], *rows["low"][::-1]],
            mode="lines",
            fill="toself",
            fillcolor=faint(colours[name]),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=name,
        )
        figure.add_scatter(
            x=rows["n"],
            y=rows["accuracy"],
            name=name,
            mode="lines+markers",
            legendgroup=name,
            line={"color": colours[name], "width": 2.4},
            customdata=rows[["low", "high"]].assign(error=error_at(rows)),
            hovertemplate=f"N=%{{x}}: {POINT}",
        )
        own = stars[stars["bin"] == number]
        symbols = ["star-open" if beyond else "star" for beyond in own["beyond"]]
        figure.add_scatter(
            x=own["budget"],
            y=own["larger"],
            name=f"{name}, larger model",
            mode="markers",
            legendgroup=name,
            showlegend=False,
            marker={
                "symbol": symbols,
                "size": 15,
                "color": colours[name],
                "line": {"width": 1, "color": colours[name]},
            },
            customdata=own[["r", "small"]].assign(error=error_at(own)),
            hovertemplate="R=%{customdata[0]:g}, N=%{x:.1f}: larger %{y:.1%}, small %{customdata[1]:.1%}%{customdata[2]}",
        )
    for r, budget in stars.groupby("r")["budget"].first().items():
        figure.add_vline(x=float(budget), line={"dash": "dot", "width": 1, "color": OTHER})
        figure.add_annotation(  # on a logarithmic axis annotations, unlike lines, are placed by the logarithm
            x=math.log10(budget),
            y=1.0,
            yref="paper",
            yanchor="top",
            xanchor="right",
            text=f"R = {r:g}",
            showarrow=False,
        )
    ticks = sorted({int(n) for n in curves["n"]})
    figure.update_xaxes(type="log", tickvals=ticks, ticktext=[str(n) for n in ticks])
    figure.update_yaxes(tickformat=".0%")
    return figure


def _tables(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """By bin and R, and what is spent; in oracle bins, which are the paper's."""
    oracle = table[table["bins"] == "oracle"]
    by_bin, spent = [], []
    for (of, counted, version), own in oracle.groupby(["of", "counted", "version"], sort=False):
        key = {"of": of, "counted in": _told(str(counted)), "formula": version}
        for number, rows in own.groupby("bin"):
            cells = [_cell(row) for row in rows.sort_values("r").itertuples()]
            by_bin.append(
                {**key, "bin": "all" if number == 0 else str(number), **dict(zip(_RATIOS, cells, strict=True))}
            )
        for row in own[own["bin"] == 0].itertuples():
            spent.append({**key, "R": f"{row.r:g}", **_spent(row)})
    return {
        _BY_BIN: by_bin,
        "FLOPs of inference a problem, as the ledger counts them (small model: verifier included)": spent,
    }


def _told(counted: str) -> str:
    return "generations, as the paper" if counted == "generations" else "FLOPs, verifier included"


def _cell(row: Any) -> str:
    return f"{row.difference:+.1%} [{row.low:+.1%}, {row.high:+.1%}]{'*' if row.beyond else ''}"


def _spent(row: Any) -> dict[str, str]:
    budget = f"{row.budget:.1f} generations" if row.counted == "generations" else f"{row.budget:.3g} FLOPs"
    share = row.verifier_flops / row.flops if row.flops > 0 else float("nan")
    return {
        "granted": budget,
        "small model": f"{row.flops:.3g}",
        "of it the verifier": f"{share:.0%}",
        "larger model": f"{row.larger_flops:.3g}",
    }
