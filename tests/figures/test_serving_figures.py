"""The served policy in the report: a line beside best-of-N weighted, and what it does at each budget."""

import pandas as pd

from stepscale.figures.serving_report import serving_part
from stepscale.pipelines.reporting import sections

_ACTIONS = [{"samples": 2, "run": None}, {"samples": 2, "run": "beam, M = 4 at 4"}]
_TOLD = {"low": 0.4, "high": 0.8, "generations": 3.5}
SERVED = {
    "chosen_on": 40,
    "budgets": [
        {"budget": 2, "policy": {"probes": 2, "actions": _ACTIONS[:1]}, "accuracy": 0.5, **_TOLD},
        {"budget": 6, "policy": {"probes": 2, "actions": _ACTIONS}, "accuracy": 0.7, **_TOLD},
    ],
}
CURVES = pd.DataFrame(
    [(unit, label, n, 0.4, 0.3, 0.5) for unit in ("generations", "tokens") for label in ("best-of-N weighted", "majority")
     for n in (1, 4, 16)],
    columns=["unit", "label", "n", "accuracy", "low", "high"],
)  # fmt: skip


def test_the_policy_stands_beside_best_of_n_weighted_up_to_its_largest_budget() -> None:
    part = sections.serving(SERVED, CURVES)
    [section] = part.sections
    lines = {trace.name: list(trace.x) for trace in section.figure.data if trace.mode == "lines+markers"}
    assert sorted(lines.values()) == [[1, 4], [2, 6]] and "40 problems" in section.reading
    [(title, rows)] = part.tables.items()
    assert "40 problems" in title
    assert rows[1]["accuracy [95 %]"] == "70.0% [40.0%, 80.0%]" and rows[1]["generations spent, mean"] == "3.5"
    assert rows[1]["then, easiest bin first"] == "2 samples / beam, M = 4 at 4"


def test_without_a_policy_there_is_nothing_to_show() -> None:
    assert not sections.serving({}, CURVES).sections
    assert serving_part(SERVED, CURVES[:0]).sections, "a policy is shown without a line beside it"
