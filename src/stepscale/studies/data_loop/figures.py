"""What the report says about the data loop: accuracy by labels, the selectors' AUROC on the audit, and two tables."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stepscale.report.number_formats import cell, interval, spread_over
from stepscale.report.part import Figure, Part, TextTable
from stepscale.report.plots import curve_figure, curve_view

_HEALTH = {
    "chosen_overconfidence": "too sure of what it chose",
    "chosen_faultless": "faultless among the chosen",
    "chosen_auroc": "AUROC, chosen",
    "audit_overconfidence": "too sure of the audit",
    "audit_auroc": "AUROC, audit",
    "wrong_answers": "wrong answers",
    "first_error": "first error at step",
    "distinct_errors": "errors worded like no other",
}


def loop_part(tables: Mapping[str, pd.DataFrame]) -> Part:
    """The part of the report on the data loop (Lightman et al. 2023, 4.2).

    Args:
        tables: ``TABLES`` of the study, by name.
    """
    return Part(
        name="data-loop",
        title="Does retraining the selector between rounds pay?",
        figures=(_labels_figure(tables["by_labels"]), _audit_figure(tables["health"])),
        tables=(
            _differences(tables["differences"], int(tables["by_labels"]["n"].iloc[0])),
            TextTable(title="Selectors by round, with 95 % intervals", rows=selector_rows(tables["health"])),
        ),
    )


def _labels_figure(sizes: pd.DataFrame) -> Figure:
    n, problems, seeds = (int(sizes[name].iloc[0]) for name in ("n", "n_problems", "seeds"))
    reading = (
        "Lightman et al. 2023, 4.2, left open whether retraining the selector between rounds works. "
        f"Best-of-{n} on {problems} test problems, {seeds} seed(s), after each round. At one place all strategies have "
        f"as many labels. A collapse would be a line that falls. Bands are 95 % intervals over {spread_over(seeds)}."
    )
    view = curve_view(sizes, "labeled samples per problem (log scale)", x="labeled")
    return curve_figure("The data loop, by labels", reading, view)


def _audit_figure(health: pd.DataFrame) -> Figure:
    rows = health[health["measure"] == "audit_auroc"]
    problems, seeds = int(rows["n_problems"].max()), int(rows["seeds"].max())
    reading = (
        "How well each round's selector tells faultless solutions from faulty ones in a fixed random sample of the "
        "training problems' solutions (AUROC, 0.5 is a coin toss). No selector learned from these, but each learned "
        "from others of the same problems. A falling line would be a selector spoiled by what it chose. Bands are 95 % "
        f"intervals over {problems} problems{f', of the mean of {seeds} seeds' if seeds > 1 else ', one seed'}. They "
        "do not cover how much training varies between seeds."
    )
    view = curve_view(rows, "round", "linear", lines="strategy", x="round", y="value")
    return curve_figure("Selectors on the audit", reading, view, y_title="AUROC on the audit", percent=False)


def _differences(differences: pd.DataFrame, n: int) -> TextTable:
    rows = tuple(
        {
            "difference": row["difference"],
            "points [95 %]": interval(100 * row["estimate"], 100 * row["low"], 100 * row["high"], "+.1f"),
            "problems": str(row["n_problems"]),
            "seeds": str(row["seeds"]),
        }
        for row in differences.to_dict("records")
    )
    return TextTable(title=f"Differences at N={n}", rows=rows)


def selector_rows(health: pd.DataFrame) -> tuple[dict[str, str], ...]:
    """A row of text for each strategy and round.

    Args:
        health: ``HEALTH_BY_ROUND``.

    Returns:
        Text by column head; "" for numbers that are not known.
    """
    rows = []
    for (strategy, round_), group in health.groupby(["strategy", "round"], sort=False):
        by_measure: dict[str, Any] = {row["measure"]: row for row in group.to_dict("records")}
        rows.append(
            {"strategy": str(strategy), "round": str(round_)}
            | {heading: cell(by_measure[name], "value", ".3f") for name, heading in _HEALTH.items()}
            | {
                "samples chosen": str(by_measure["wrong_answers"]["n"]),
                "samples of the audit": str(by_measure["audit_faultless"]["n"]),
                "problems": str(int(group["n_problems"].max())),
                "seeds": str(int(group["seeds"].max())),
            }
        )
    return tuple(rows)
