"""What the report says about the served policy (docs/serving.md): what it does at each budget, and what that is worth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.figures.report import FigureSection, Part
from stepscale.figures.scaling_curves import scaling_curves

_LABEL = "Served policy, bins by its own probes"


def serving_part(served: Mapping[str, Any], uniform: pd.DataFrame) -> Part:
    """Accuracy by budget beside ``uniform`` (columns label, n, accuracy, low, high), and a table; figure and table."""
    own = [{**row, "label": _LABEL, "n": row["budget"]} for row in served["budgets"]]
    lines = pd.concat([pd.DataFrame(own), uniform[uniform["n"] <= max(row["n"] for row in own)]], ignore_index=True)
    figure = scaling_curves(lines[["label", "n", "accuracy", "low", "high"]])
    figure.update_xaxes(title="generations a problem at the most, probes included (log scale)")
    told = (
        f"Past both papers: the policy that `mlflow models serve` answers with. It was chosen on {served['chosen_on']} problems; "
        "its line is of policies chosen alike on one half of these and followed on the other. How to read this: it may not go "
        "beyond the budget on any problem and mostly spends less (the table); the other line spends all of it on samples."
    )
    table = {
        f"The served policy at each budget ({served['chosen_on']} problems)": [_row(row) for row in served["budgets"]]
    }
    return Part([FigureSection("The served policy", told, figure)], table)


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    policy = row["policy"]
    steps = [action["run"] or f"{action['samples']} samples" for action in policy["actions"]]
    return {
        "budget": row["budget"], "probes": policy["probes"],
        "accuracy [95 %]": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]",
        "generations spent, mean": f"{row['generations']:.1f}", "then, easiest bin first": " / ".join(steps),
    }  # fmt: skip
