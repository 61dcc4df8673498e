"""What labelling found, round by round: the balance of ratings and how many solutions end correct (A, Table 3)."""

from typing import Any

import pandas as pd

from stepscale.report.style import COLOURS, colour, new_figure


def label_balance(counts: pd.DataFrame) -> Any:
    """Stacked shares of the step ratings, and a marker for the solutions whose every step passes, a bar a round.

    ``counts``: as ``formats.prm800k_counts.counts_by_round`` gives them, rounds in the index; a round without labels is left
    out.
    """
    rows = counts[counts["step_labels"] > 0]
    figure = new_figure("round of labelling", "share of the step labels", barmode="stack")
    for rating in ("positive", "neutral", "negative"):
        figure.add_bar(
            x=rows.index.astype(str),
            y=rows[rating].astype(float),
            name=f"{rating} steps",
            marker_color=colour(rating),
            customdata=rows["step_labels"],
            hovertemplate="%{x}: %{y:.1%} of %{customdata} step labels",
        )
    figure.add_scatter(
        x=rows.index.astype(str),
        y=rows["ends_correct"].astype(float),
        name="solutions that end correct",
        mode="markers",
        marker={"color": COLOURS["PRM"], "size": 12, "symbol": "diamond"},
        customdata=rows["solutions"],
        hovertemplate="%{x}: %{y:.1%} of %{customdata} solutions",
    )
    figure.update_xaxes(type="category")
    figure.update_yaxes(tickformat=".0%", range=[0, 1.03])
    return figure
