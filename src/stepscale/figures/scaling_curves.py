"""Accuracy against generation budget, with 95 % bands (Lightman et al. 2023, Figure 3)."""

from typing import Any

import pandas as pd

from stepscale.figures.style import COLOURS, faint, new_figure


def scaling_curves(curves: pd.DataFrame) -> Any:
    """One line a method of a curves table (columns label, n, accuracy, low, high)."""
    figure = new_figure("generation budget N (samples a problem, log scale)", "accuracy (share of problems)")
    for label, rows in curves.groupby("label", sort=False):
        rows = rows.sort_values("n")
        colour = COLOURS.get(str(label), "#334155")
        band = [*rows["high"], *rows["low"][::-1]]
        figure.add_scatter(
            x=[*rows["n"], *rows["n"][::-1]], y=band, mode="lines", fill="toself", fillcolor=faint(colour), line={"width": 0},
            hoverinfo="skip", showlegend=False, legendgroup=str(label),
        )  # fmt: skip
        figure.add_scatter(
            x=rows["n"], y=rows["accuracy"], name=str(label), mode="lines+markers", line={"color": colour, "width": 2.4},
            legendgroup=str(label), customdata=rows[["low", "high"]],
            hovertemplate="N=%{x}: %{y:.3f} [%{customdata[0]:.3f}, %{customdata[1]:.3f}]",
        )  # fmt: skip
    figure.update_xaxes(type="log", tickvals=sorted(curves["n"].unique()), ticktext=sorted(curves["n"].unique()))
    figure.update_yaxes(tickformat=".0%")
    return figure
