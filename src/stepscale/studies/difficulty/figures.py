"""What the report says about ways to estimate difficulty (Snell et al. 2024, 3.2 and 8): policies by kind of bins, agreement."""

from collections.abc import Mapping

import pandas as pd

from stepscale.report.number_formats import POINTS, cell, interval
from stepscale.report.part import Figure, TextTable
from stepscale.report.plots import curve_figure, curve_view


def difficulty_figure(policies: pd.DataFrame, axis: str) -> Figure:
    """Accuracy of the compute-optimal policy against N, a line for each kind of bins.

    Args:
        policies: Curves of the policies, a row per kind of bins and N.
        axis: Title of the horizontal axis.
    """
    reading = (
        f"Beyond Snell et al. 2024, 3.2; {int(policies['n_problems'].iloc[0])} test problems. The compute-optimal policy "
        "has bins by how many of all samples are right (oracle), or by the PRM's mean score of all samples (predicted) "
        "or of a few (probes). Others are by the question's text alone. One bin is the best single strategy at each N. "
        "No bins are paid for."
    )
    view = curve_view(policies.rename(columns={"kind": "label", "budget": "n"}), axis)
    return curve_figure("Ways to estimate difficulty", reading, view)


def difficulty_tables(tables: Mapping[str, pd.DataFrame]) -> tuple[TextTable, ...]:
    """Two tables: how well each estimate agrees with the oracle, and the policies at the largest N.

    Args:
        tables: ``AGREEMENT`` as "agreement" and ``POLICIES`` as "policies".
    """
    policies = tables["policies"]
    agreement = tuple(
        {
            "estimate from": row["kind"],
            "rank correlation [95 %]": interval(row["correlation"], row["low"], row["high"], ".2f"),
            "in the oracle's bin": f"{row['same_bin']:.0%}",
        }
        for row in tables["agreement"].to_dict("records")
        if row["kind"] != "oracle"
    )
    largest = tuple(
        {
            "bins": row["kind"],
            "N": str(row["budget"]),
            "accuracy [95 %]": cell(row, "accuracy"),
            "minus oracle bins": cell(row, "minus_oracle", POINTS),
            "minus one bin": cell(row, "minus_uniform", POINTS),
        }
        for row in policies[policies["budget"] == policies["budget"].max()].to_dict("records")
    )
    return (
        TextTable(title="How well estimates of difficulty agree with the oracle", rows=agreement),
        TextTable(title="The compute-optimal policy by kind of bins, at the largest N", rows=largest),
    )
