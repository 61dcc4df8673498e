"""What the report says about the served policy (docs/serving.md): what it does at each budget, and what that is worth."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.estimators.intervals import verdict
from stepscale.report.number_formats import PLAIN, POINTS, cell
from stepscale.report.part import Part, TextTable
from stepscale.report.plots import curve_figure, curve_view
from stepscale.studies.stopping.figures import beaten_counts, stopping_tables
from stepscale.studies.strategies.accuracy import WEIGHTED

_LABEL = "Served policy, bins by its own probes"
_NOTE = (
    "Paired by problem, on problems that the policies were not chosen on. Intervals are over problems and hold the "
    "policies fixed. At the same cap best-of-N weighted spends all of it on every problem. At equal mean spending it "
    "spends the policy's mean on every problem, read off its curve between measured N. "
    "An empty cell: too few samples were recorded."
)


_ERROR_NOTE = (
    "Expected calibration error on test problems that neither the policy nor its calibration has seen: the mean distance of "
    "confidence from the share of right answers, in ten bins. Calibrated by isotonic regression on validation problems. "
    "Chance adds to the distance, so an estimate may lie above its interval."
)


def policy_part(
    served: Mapping[str, Any], curves: pd.DataFrame, errors: pd.DataFrame, stopping: Mapping[str, pd.DataFrame]
) -> Part:
    """The part of the report on the served policy.

    Args:
        served: Its settings.
        curves: Of the searches, with best-of-N weighted among them.
        errors: Of its confidence (``asked_confidence.calibration_errors``).
        stopping: Tables ``stopping`` and ``stopping_risk``; none where rules were not compared.
    """
    policy = pd.DataFrame([{**row, "label": _LABEL, "n": row["budget"]} for row in served["budgets"]])
    is_uniform = (curves["unit"] == "generations") & (curves["label"] == WEIGHTED)
    uniform = curves[is_uniform & (curves["n"] <= policy["n"].max())]
    lines = pd.concat([policy, uniform], ignore_index=True)[["label", "n", "accuracy", "low", "high"]]
    problems = served["chosen_on"]
    reading = (
        f"Beyond both papers: the policy that `mlflow models serve` answers with. It was chosen on {problems} problems. "
        "Its line measures policies chosen in the same way on one half of these, on the other half. It may not exceed the "
        "budget on any problem and mostly spends less (the table). The other line spends all of it on samples."
    )
    view = curve_view(lines, "most generations per problem, probes included (log scale)")
    leads = tuple(_lead_row(row, problems) for row in served["budgets"] if row.get("leads"))
    return Part(
        name="policy",
        title="What does the served policy win?",
        figures=(curve_figure("The served policy beside best-of-N weighted", reading, view),),
        tables=(
            TextTable(
                title=f"The served policy at each budget ({problems} problems)",
                rows=tuple(_budget_row(row) for row in served["budgets"]),
            ),
            TextTable(title="The served policy minus best-of-N weighted", rows=leads, note=_NOTE),
            TextTable(
                title="Is the served policy as often right as it says?",
                rows=tuple(_error_row(row) for row in errors.to_dict("records")),
                note=_ERROR_NOTE,
            ),
            *(stopping_tables(stopping["stopping"], stopping["stopping_risk"]) if stopping else ()),
        ),
        summary=beaten_counts(stopping["stopping"]) if stopping else (),
    )


def _budget_row(row: Mapping[str, Any]) -> dict[str, str]:
    policy = row["policy"]
    steps = [action["run"] or f"{action['samples']} samples" for action in policy["actions"]]
    error = "" if row.get("error") is None else f" ± {row['error']:.1%} (Monte Carlo)"
    return {
        "budget": str(row["budget"]),
        "probes": str(policy["probes"]),
        "accuracy [95 %]": cell(row, "accuracy") + error,
        "generations spent, mean": f"{row['generations']:.1f}",
        "then, easiest bin first": " / ".join(steps),
    }


def _error_row(row: Mapping[Any, Any]) -> dict[str, str]:
    return {
        "budget": str(row["budget"]),
        "problems": str(row["n_problems"]),
        "error of the vote's confidence [95 %]": cell(row, "raw", PLAIN),
        "calibrated [95 %]": cell(row, "fitted", PLAIN),
    }


def _lead_row(row: Mapping[str, Any], problems: int) -> dict[str, str]:
    by_place = {lead["at"]: lead for lead in row["leads"]}
    mean = by_place.get("mean spending")
    return {
        "budget": str(row["budget"]),
        "at the same cap [95 %]": _lead(by_place["cap"], problems) if "cap" in by_place else "",
        "mean spending": f"{mean['generations']:.1f}" if mean else "",
        "at equal mean spending [95 %]": _lead(mean, problems) if mean else "",
    }


def _lead(lead: Mapping[str, Any], problems: int) -> str:
    return f"{cell(lead, 'difference', POINTS)} ({verdict(lead['low'], lead['high'], problems)})"
