"""Accuracy against generation budget, with 95 % bands (Lightman et al. 2023, Figure 3)."""

from typing import Any

import pandas as pd

from stepscale.report.style import COLOURS, WEIGHTED, faint, line_colours, new_figure
from stepscale.supervision.points import BLIND

# what is told where the pointer rests on a point: customdata holds its low, its high and ``error_at``
POINT = "%{y:.1%} [%{customdata[0]:.1%}, %{customdata[1]:.1%}]%{customdata[2]}"


def scaling_curves(curves: pd.DataFrame) -> Any:
    """One line a method of a curves table (columns label, n, accuracy, low, high; the last three in 0..1).

    A column ``error``, the Monte Carlo standard error of an accuracy, is told where the pointer rests, if it is not 0.
    """
    figure = new_figure("samples a problem, N (log scale)", "accuracy (% of problems)")
    colours = line_colours(curves["label"])
    for label, rows in curves.groupby("label", sort=False):
        rows = rows.sort_values("n")
        figure.add_scatter(
            x=[*rows["n"], *rows["n"][::-1]],
            y=[*rows["high"], *rows["low"][::-1]],
            mode="lines",
            fill="toself",
            fillcolor=faint(colours[str(label)]),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=str(label),
        )
        further = str(label) not in COLOURS and str(label).endswith(WEIGHTED)
        dash = "dot" if "ceiling" in str(label) or str(label) == BLIND else "dash" if further else "solid"
        figure.add_scatter(
            x=rows["n"],
            y=rows["accuracy"],
            name=str(label),
            mode="lines+markers",
            line={"color": colours[str(label)], "width": 2.4, "dash": dash},
            legendgroup=str(label),
            customdata=rows[["low", "high"]].assign(error=error_at(rows)),
            hovertemplate=f"N=%{{x}}: {POINT}",
        )
    ticks = sorted(int(n) for n in curves["n"].unique())
    figure.update_xaxes(type="log", tickvals=ticks, ticktext=[str(n) for n in ticks])
    figure.update_yaxes(tickformat=".0%")
    return figure


def error_at(rows: pd.DataFrame) -> list[str]:
    """What is said of each point's Monte Carlo error; nothing where a value is exact."""
    errors = rows["error"] if "error" in rows else [0.0] * len(rows)
    return [f", Monte Carlo error {error:.2%}" if error > 0 else "" for error in errors]


def largest_error(rows: pd.DataFrame) -> str:
    """A sentence with the largest of the column ``error``; nothing where all is exact."""
    most = float(rows["error"].max()) if "error" in rows and rows["error"].notna().any() else 0.0
    if not most > 0:
        return ""
    return f" Votes over random orders of the samples have a Monte Carlo error of their own, here at most {most:.2%}."
