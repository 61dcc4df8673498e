"""Accuracy against N in each fifth of the problems by difficulty (Lightman et al. 2023, Figure 6)."""

from typing import Any

import pandas as pd

from stepscale.report.scaling_curves import POINT, error_at
from stepscale.report.style import GRID, colour, faint, new_figure

_COLUMNS = 3  # panels side by side


def quintile_curves(table: pd.DataFrame) -> Any:
    """A panel a quintile, easiest first; columns quintile, label, n, accuracy, low, high (the last three in 0..1), n_problems.

    A column ``error``, the Monte Carlo standard error of an accuracy, is told where the pointer rests, if it is not 0.
    """
    quintiles = sorted(int(q) for q in table["quintile"].unique())
    n_rows = -(-len(quintiles) // _COLUMNS)
    figure = new_figure("", "")
    figure.update_layout(
        grid={"rows": n_rows, "columns": _COLUMNS, "pattern": "independent", "xgap": 0.3, "ygap": 0.35},
        height=290 * n_rows,
    )
    for place, quintile in enumerate(quintiles):
        rows = table[table["quintile"] == quintile]
        _panel(figure, "" if place == 0 else str(place + 1), rows, first=place == 0)
        hardness = {0: ", easiest", len(quintiles) - 1: ", hardest"}.get(place, "")
        axis = "" if place == 0 else str(place + 1)
        figure.add_annotation(
            text=f"quintile {quintile}{hardness} ({int(rows['n_problems'].iloc[0])} problems)",
            showarrow=False,
            x=0,
            y=1.0,
            xref=f"x{axis} domain",
            yref=f"y{axis} domain",
            xanchor="left",
            yanchor="bottom",
            font={"size": 12},
        )
    figure.update_layout(legend={"y": 1.08})
    return figure


def _panel(figure: Any, axis: str, rows: pd.DataFrame, first: bool) -> None:
    for label, line in rows.groupby("label", sort=False):
        line = line.sort_values("n")
        shared = {"legendgroup": str(label), "xaxis": f"x{axis}", "yaxis": f"y{axis}"}
        figure.add_scatter(
            x=[*line["n"], *line["n"][::-1]],
            y=[*line["high"], *line["low"][::-1]],
            mode="lines",
            fill="toself",
            fillcolor=faint(colour(label)),
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            **shared,
        )
        figure.add_scatter(
            x=line["n"],
            y=line["accuracy"],
            name=str(label),
            mode="lines+markers",
            showlegend=first,
            line={"color": colour(label), "width": 2.2},
            customdata=line[["low", "high"]].assign(error=error_at(line)),
            hovertemplate=f"N=%{{x}}: {POINT}",
            **shared,
        )
    ends = [int(rows["n"].min()), int(rows["n"].max())]
    ticks = {"tickvals": ends, "ticktext": [str(n) for n in ends]}
    look = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GRID, "automargin": True}
    figure.update_layout(
        {
            f"xaxis{axis}": {"type": "log", "title": "N, samples a problem", **ticks, **look},
            f"yaxis{axis}": {"tickformat": ".0%", "title": "accuracy (% of problems)", **look},
        }
    )
