"""What the report says about ways to tell difficulty (Snell et al. 2024, 3.2 and 8): policies by kind of bins, agreement."""

from typing import Any

import pandas as pd

from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import largest_error, scaling_curves

_AXES = {
    "search": "generations a problem, N (log scale)",
    "revisions": "attempts a problem, N (log scale)",
}


def difficulty_part(agreement: pd.DataFrame, policies: pd.DataFrame) -> Part:
    """A figure for searches and one for revisions, two tables; nothing where neither was run."""
    if policies.empty:
        return Part([], {})
    sections = []
    for of, rows in policies.groupby("of", sort=False):
        problems = int(rows["n_problems"].iloc[0])
        told = (
            f"Past Snell et al. 2024, 3.2; {problems} test problems. How to read this: the compute-optimal policy on bins made "
            "of all samples' right answers (oracle), of the PRM's scores of all samples (predicted) or of a few (probes), or of "
            "the question's text alone; one bin is the best single strategy at each N. No bins are paid for here."
            + largest_error(rows)
        )
        sections.append(FigureSection(f"Ways to tell difficulty: {of}", told, policies_figure(rows, str(of))))
    return Part(sections, _tables(agreement, policies))


def policies_figure(rows: pd.DataFrame, of: str) -> Any:
    """Accuracy against N, a line a kind of bins; columns kind, budget, accuracy, low, high (the last three in 0..1)."""
    figure = scaling_curves(rows.rename(columns={"kind": "label", "budget": "n"}))
    figure.update_xaxes(title=_AXES[of])
    return figure


def _tables(agreement: pd.DataFrame, policies: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    last = policies[policies["budget"] == policies.groupby("of")["budget"].transform("max")]
    return {
        "How well estimates of difficulty agree with the oracle": [
            {
                "problems of": row["of"],
                "estimate from": row["kind"],
                "rank correlation [95 %]": f"{row['correlation']:.2f} [{row['low']:.2f}, {row['high']:.2f}]",
                "in the oracle's bin": f"{row['same_bin']:.0%}",
            }
            for row in agreement.to_dict("records")
            if row["kind"] != "oracle"
        ],
        "The compute-optimal policy by kind of bins, at the largest N": [
            {
                "scaled": row["of"],
                "bins": row["kind"],
                "N": row["budget"],
                "accuracy [95 %]": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]",
                "minus oracle bins": _gap(row, "minus_oracle"),
                "minus one bin": _gap(row, "minus_uniform"),
            }
            for row in last.to_dict("records")
        ],
    }


def _gap(row: dict[Any, Any], name: str) -> str:
    return f"{row[name]:+.1%} [{row[name + '_low']:+.1%}, {row[name + '_high']:+.1%}]"
