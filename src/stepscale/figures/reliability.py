"""Do predicted probabilities come true? Reliability of PRM (steps) and ORM (solutions)."""

from typing import Any

import pandas as pd

from stepscale.figures.style import COLOURS, new_figure


def reliability_curves(bins: pd.DataFrame) -> Any:
    """Observed share against predicted probability; columns verifier, predicted, observed, low, high, n."""
    figure = new_figure("predicted probability of being right", "observed share right")
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": "#94a3b8"}, name="perfectly calibrated")
    for verifier, rows in bins.groupby("verifier", sort=False):
        name = str(verifier).upper()
        figure.add_scatter(
            x=rows["predicted"], y=rows["observed"], name=name, mode="lines+markers", customdata=rows["n"],
            line={"color": COLOURS.get(name, "#334155"), "width": 2.4},
            error_y={
                "type": "data", "array": rows["high"] - rows["observed"], "arrayminus": rows["observed"] - rows["low"],
                "thickness": 1, "width": 3,
            },
            hovertemplate="predicted %{x:.2f}, observed %{y:.2f} (n=%{customdata})",
        )  # fmt: skip
    figure.update_xaxes(range=[0, 1])
    figure.update_yaxes(range=[0, 1])
    return figure
