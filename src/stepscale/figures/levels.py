"""How hard each level is, and what selection makes of it: pass@1, majority, PRM and the ceiling, by level."""

from typing import Any

import pandas as pd

from stepscale.figures.style import COLOURS, new_figure


def accuracy_by_level(levels: pd.DataFrame) -> Any:
    """Grouped bars with intervals; columns level, label, accuracy, low, high."""
    figure = new_figure("problem level", "accuracy (share of problems)", barmode="group")
    for label, rows in levels.groupby("label", sort=False):
        figure.add_bar(
            x=rows["level"].astype(str), y=rows["accuracy"], name=str(label), marker_color=COLOURS.get(str(label), "#334155"),
            error_y={
                "type": "data", "array": rows["high"] - rows["accuracy"], "arrayminus": rows["accuracy"] - rows["low"],
                "thickness": 1, "width": 2,
            },
        )  # fmt: skip
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return figure
