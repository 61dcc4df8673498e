"""Do predicted probabilities come true? Reliability of PRM (steps) and ORM (solutions)."""

from typing import Any

import pandas as pd

from stepscale.report.style import OTHER, error_bars, line_colours, new_figure


def reliability_curves(bins: pd.DataFrame) -> Any:
    """Observed share against predicted probability; columns verifier, predicted, observed, low, high (in 0..1), n."""
    figure = new_figure("predicted probability of being right", "share that was right")
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"dash": "dot", "color": OTHER}, name="perfectly calibrated"
    )
    shown = {str(name): str(name).upper().replace("_", " ") for name in bins["verifier"].unique()}
    colours = line_colours(shown.values())
    for verifier, rows in bins.groupby("verifier", sort=False):
        name = shown[str(verifier)]
        figure.add_scatter(
            x=rows["predicted"],
            y=rows["observed"],
            name=name,
            mode="lines+markers",
            customdata=rows["n"],
            line={"color": colours[name], "width": 2.4},
            error_y=error_bars(rows, "observed"),
            hovertemplate="predicted %{x:.2f}, came out %{y:.2f} (%{customdata} cases)",
        )
    figure.update_xaxes(range=[0, 1.02])
    figure.update_yaxes(range=[0, 1.04])
    return figure
