"""How hard each level is, and what selection makes of it: pass@1, majority, PRM and the ceiling, by level."""

from typing import Any

import pandas as pd

from stepscale.report.style import error_bars, line_colours, new_figure


def accuracy_by_level(levels: pd.DataFrame) -> Any:
    """Grouped bars with intervals; columns level, label, accuracy, low, high (the last three in 0..1), n_problems."""
    figure = new_figure("level of the problem (1 easiest)", "accuracy (% of problems)", barmode="group")
    colours = line_colours(levels["label"])
    for label, rows in levels.groupby("label", sort=False):
        figure.add_bar(
            x=rows["level"].astype(str),
            y=rows["accuracy"],
            name=str(label),
            marker_color=colours[str(label)],
            error_y=error_bars(rows, "accuracy"),
            customdata=rows["n_problems"],
            hovertemplate="level %{x}: %{y:.1%} of %{customdata} problems",
        )
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return figure
