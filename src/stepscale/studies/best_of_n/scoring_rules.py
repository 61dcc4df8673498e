"""How much the reading of step scores matters: aggregation x neutral (Lightman et al. 2023, Table 4)."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from stepscale.report.style import colour, error_bars, new_figure


def scoring_rules_figure(rules: Sequence[Mapping[str, Any]]) -> Any:
    """Points with intervals; rows with aggregation, neutral as, accuracy, low, high (the last three in 0..1)."""
    table = pd.DataFrame(rules)
    figure = new_figure("aggregation of the step scores", "accuracy (% of problems)", scattermode="group")
    for neutral, rows in table.groupby("neutral as", sort=False):
        label = f"neutral is {neutral}"
        figure.add_scatter(
            x=rows["aggregation"],
            y=rows["accuracy"],
            name=label,
            mode="markers",
            offsetgroup=label,
            marker={"color": colour(label), "size": 11},
            error_y=error_bars(rows, "accuracy"),
            customdata=rows[["low", "high"]],
            hovertemplate="%{x}: %{y:.1%} [%{customdata[0]:.1%}, %{customdata[1]:.1%}]",
        )
    figure.update_xaxes(type="category")
    low, high = float(table["low"].min()), float(table["high"].max())
    figure.update_yaxes(
        tickformat=".0%", range=[max(low - 0.02, 0), min(high + 0.02, 1.02)]
    )  # differences are small: not from zero
    return figure
