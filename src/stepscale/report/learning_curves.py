"""Accuracy against the number of labelled samples, arm by arm, with lines of best fit (Lightman et al. 2023, Figure 4a).

Figure 4b, the same arms against the budget N, is ``scaling_curves`` of ``scaling.points.by_budget``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from stepscale.report.scaling_curves import scaling_curves
from stepscale.report.style import line_colours


def learning_curves(sizes: pd.DataFrame, lines: Mapping[str, tuple[float, float]] | None = None) -> Any:
    """One line with its 95 % band an arm: columns label, per_problem, labelled, accuracy, low, high (the last three in 0..1).

    Points stand at the samples really labelled, ticks at those asked for (per_problem).

    ``lines``: by label, slope and intercept of accuracy on log2 of the samples, drawn dashed over the label's sizes.
    """
    figure = scaling_curves(sizes.assign(n=sizes["labelled"]))
    asked = sorted(int(size) for size in sizes["per_problem"].unique())
    figure.update_xaxes(
        title="labelled samples a problem (log scale)", tickvals=asked, ticktext=[str(size) for size in asked]
    )
    figure.update_traces(
        hovertemplate="%{x:.3g} a problem: %{y:.1%} [%{customdata[0]:.1%}, %{customdata[1]:.1%}]",
        selector={"mode": "lines+markers"},
    )
    colours = line_colours(sizes["label"])
    for label, (slope, intercept) in (lines or {}).items():
        x = np.sort(sizes.loc[sizes["label"] == label, "labelled"].unique())
        figure.add_scatter(
            x=x,
            y=intercept + slope * np.log2(x),
            mode="lines",
            name=f"{label}: line of best fit",
            legendgroup=label,
            line={"color": colours[label], "width": 1.4, "dash": "dash"},
            showlegend=False,
            hoverinfo="skip",
        )
    return figure
