"""What the report says about the served policy (docs/serving.md): what it does at each budget, and what that is worth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.estimators.intervals import verdict
from stepscale.report.measured import monte_carlo
from stepscale.report.report import FigureSection, Part
from stepscale.report.scaling_curves import largest_error, scaling_curves

_LABEL = "Served policy, bins by its own probes"
_LEADS = "The served policy minus best-of-N weighted"
_NOTE = (
    "Paired by problem, on problems that the policies were not chosen on; intervals are over problems and hold the policies "
    "fixed. At the same cap best-of-N weighted spends all of it on every problem; at equal mean spending it spends on every "
    "problem what the policy spends on the mean, read off its curve between measured N. The policy's Monte Carlo error is in the "
    "difference too. Empty: not so many samples were recorded."
)


def serving_part(served: Mapping[str, Any], uniform: pd.DataFrame) -> Part:
    """Accuracy by budget beside ``uniform`` (columns label, n, accuracy, low, high), and a table; figure and table."""
    own = [{**row, "label": _LABEL, "n": row["budget"]} for row in served["budgets"]]
    lines = pd.concat([pd.DataFrame(own), uniform[uniform["n"] <= max(row["n"] for row in own)]], ignore_index=True)
    lines = lines.reindex(columns=["label", "n", "accuracy", "low", "high", "error"])
    figure = scaling_curves(lines)
    figure.update_xaxes(title="generations a problem at the most, probes included (log scale)")
    told = (
        f"Past both papers: the policy that `mlflow models serve` answers with. It was chosen on {served['chosen_on']} problems; "
        "its line is of policies chosen alike on one half of these and followed on the other. How to read this: it may not go "
        "beyond the budget on any problem and mostly spends less (the table); the other line spends all of it on samples. "
        f"Paired differences: the table below.{largest_error(lines)}"
    )
    tables = {
        f"The served policy at each budget ({served['chosen_on']} problems)": [_row(row) for row in served["budgets"]]
    }
    compared = [_compared(row) for row in served["budgets"] if row.get("leads")]
    if compared:
        tables[_LEADS] = compared
    return Part([FigureSection("The served policy", told, figure)], tables, {_LEADS: _NOTE} if compared else {})


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    policy = row["policy"]
    steps = [action["run"] or f"{action['samples']} samples" for action in policy["actions"]]
    return {
        "budget": row["budget"],
        "probes": policy["probes"],
        "accuracy [95 %]": f"{row['accuracy']:.1%} [{row['low']:.1%}, {row['high']:.1%}]{_error(row)}",
        "generations spent, mean": f"{row['generations']:.1f}",
        "then, easiest bin first": " / ".join(steps),
    }


def _error(row: Mapping[str, Any]) -> str:
    return "" if row.get("error") is None else f" ± {row['error']:.1%} (Monte Carlo)"


def _compared(row: Mapping[str, Any]) -> dict[str, Any]:
    by = {lead["at"]: lead for lead in row["leads"]}
    told = {at: _lead(by[at]) if at in by else "" for at in ("cap", "mean spending")}
    spent = by["mean spending"]["generations"] if "mean spending" in by else None
    return {
        "budget": row["budget"],
        "at the same cap [95 %]": told["cap"],
        "mean spending": "" if spent is None else f"{spent:.1f}",
        "at equal mean spending [95 %]": told["mean spending"],
    }


def _lead(lead: Mapping[str, Any]) -> str:
    low, high = lead["low"], lead["high"]
    return f"{lead['difference']:+.1%} [{low:+.1%}, {high:+.1%}]{monte_carlo(lead)} ({verdict(low, high)})"
