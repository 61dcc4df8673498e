"""The served policy in the report: a line beside best-of-N weighted, and what it does at each budget."""

import pandas as pd

from stepscale.studies.policy.figures import policy_part

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
    [
        (unit, label, n, 0.4, 0.3, 0.5)
        for unit in ("generations", "tokens")
        for label in ("best-of-N weighted", "majority")
        for n in (1, 4, 16)
    ],
    columns=["unit", "label", "n", "accuracy", "low", "high"],
)


NO_ERRORS = pd.DataFrame()


def test_the_policy_stands_beside_best_of_n_weighted_up_to_its_largest_budget() -> None:
    part = policy_part(SERVED, CURVES, NO_ERRORS, {})
    (figure,) = part.figures
    lines = {line.name: line.x for line in figure.views[0].panels[0].series}
    assert sorted(lines.values()) == [(1, 4), (2, 6)] and "40 problems" in figure.reading
    table, leads, _ = part.tables
    assert "40 problems" in table.title and not leads.rows
    assert table.rows[1]["accuracy [95 %]"] == "70.0% [40.0%, 80.0%]"
    assert table.rows[1]["generations spent, mean"] == "3.5"
    assert table.rows[1]["then, easiest bin first"] == "2 samples / beam, M = 4 at 4"


def test_leads_over_best_of_n_and_monte_carlo_errors_are_told_where_they_are_known() -> None:
    gap = {"generations": 2.0, "difference": 0.03, "low": 0.01, "high": 0.05}
    leads = [
        {"at": "cap", **gap},
        {"at": "mean spending", **gap, "generations": 3.5, "difference": -0.01, "low": -0.04},
    ]
    first, second = SERVED["budgets"]  # type: ignore[misc]
    policy = {**SERVED, "budgets": [{**first, "leads": leads, "error": 0.004}, {**second, "leads": leads[1:]}]}
    budgets, compared, _ = policy_part(policy, CURVES, NO_ERRORS, {}).tables
    assert compared.title == "The served policy minus best-of-N weighted" and compared.note
    assert compared.rows[0] == {
        "budget": "2",
        "at the same cap [95 %]": "+3.0% [+1.0%, +5.0%] (wins)",
        "mean spending": "3.5",
        "at equal mean spending [95 %]": "-1.0% [-4.0%, +5.0%] (undecided)",
    }
    assert compared.rows[1]["at the same cap [95 %]"] == "", "so many samples were not recorded"
    _, of_few, _ = policy_part({**policy, "chosen_on": 29}, CURVES, NO_ERRORS, {}).tables
    assert of_few.rows[0]["at the same cap [95 %]"].endswith("(undecided)"), "fewer than 30 problems settle nothing"
    assert budgets.rows[0]["accuracy [95 %]"].endswith("± 0.4% (Monte Carlo)")
    assert "±" not in budgets.rows[1]["accuracy [95 %]"]


def test_a_policy_is_shown_without_a_line_beside_it() -> None:
    assert len(policy_part(SERVED, CURVES[:0], NO_ERRORS, {}).figures[0].views[0].panels[0].series) == 1


def test_calibration_errors_are_told_before_and_after_with_their_intervals() -> None:
    row = {"budget": 2, "n_problems": 140, "raw": 0.2, "raw_low": 0.15, "raw_high": 0.25}
    errors = pd.DataFrame([{**row, "fitted": 0.031, "fitted_low": 0.0, "fitted_high": 0.05}])
    table = policy_part(SERVED, CURVES, errors, {}).tables[-1]
    assert table.rows == (
        {
            "budget": "2",
            "problems": "140",
            "error of the vote's confidence [95 %]": "0.200 [0.150, 0.250]",
            "calibrated [95 %]": "0.031 [0.000, 0.050]",
        },
    )
