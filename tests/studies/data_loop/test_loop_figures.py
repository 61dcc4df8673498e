"""The loop's part of the report, the PRM of rollouts and the step positions: drawn as measured, absent where not measured."""

import pandas as pd
import pytest

from stepscale.report.report import build_report
from stepscale.studies.data_loop.comparison import HEALTH as COLUMNS
from stepscale.studies.data_loop.comparison import MEASURES, health_by_round
from stepscale.studies.data_loop.figures import loop_part, positions_part, release_part, rollouts_part

STRATEGIES = ("80/20, selector retrained", "Random")
SIZES = pd.DataFrame(
    [
        {
            "label": name,
            "per_problem": size,
            "labelled": float(size),
            "n": 16,
            "accuracy": 0.5,
            "low": 0.4,
            "high": 0.6,
            "n_problems": 40,
            "seeds": 3,
        }
        for name in STRATEGIES
        for size in (1, 5, 9)
    ]
)
HEALTH = pd.DataFrame(
    [
        (name, round_, measure, 0.8 + round_ / 100, 0.7, 0.9 + round_ / 100, 80, 40, 3)
        for name in STRATEGIES
        for round_ in (1, 2)
        for measure in MEASURES
    ],
    columns=list(COLUMNS),
)
DIFFERENCES = [
    {
        "difference": "last round of Random",
        "n": 16,
        "estimate": -0.02,
        "low": -0.05,
        "high": 0.01,
        "n_problems": 40,
        "seeds": 3,
    }
]


def test_every_strategy_has_its_line_by_labels_and_on_the_audit() -> None:
    learned, audited = loop_part(SIZES, HEALTH, DIFFERENCES).sections
    lines = [trace for trace in learned.figure.data if trace.mode == "lines+markers"]
    assert [trace.name for trace in lines] == list(STRATEGIES) and list(lines[0].x) == [1, 5, 9]
    assert [trace.name for trace in audited.figure.data] == list(STRATEGIES)
    line = audited.figure.data[0]
    assert list(line.y) == pytest.approx([0.81, 0.82])
    assert list(line.error_y.array) == pytest.approx([0.1, 0.1])
    assert list(line.error_y.arrayminus) == pytest.approx([0.11, 0.12])
    assert list(audited.figure.layout.xaxis.tickvals) == [1, 2]
    assert "Best-of-16 on 40 test problems, 3 seed(s)" in learned.reading
    for section in (learned, audited):
        assert section.figure.layout.xaxis.title.text and section.figure.layout.yaxis.title.text


def test_readings_tell_over_what_the_intervals_are_and_whose_problems_the_audit_is_of() -> None:
    several = [section.reading for section in loop_part(SIZES, HEALTH, DIFFERENCES).sections]
    alone = [section.reading for section in loop_part(SIZES.assign(seeds=1), HEALTH.assign(seeds=1), []).sections]
    assert "over problems and seeds." in several[0] and "over problems; one seed" in alone[0]
    assert "over 40 problems of the mean of 3 seeds;" in several[1] and "over 40 problems, one seed;" in alone[1]
    assert all("others of the same problems" in reading for reading in (several[1], alone[1]))


def test_tables_tell_differences_in_points_and_leave_unknown_numbers_blank() -> None:
    unknown = HEALTH.assign(value=HEALTH["value"].mask(HEALTH["measure"] == "first_error"))
    tables = loop_part(SIZES, unknown, DIFFERENCES).tables
    assert tables["The data loop: differences at N=16"] == [
        {"difference": "last round of Random", "points [95 %]": "-2.0 [-5.0, +1.0]", "problems": 40, "seeds": 3}
    ]
    rows = tables["The data loop: selectors by round, with 95 % intervals"]
    assert len(rows) == 4 and rows[0]["first error at step"] == ""
    assert rows[0]["AUROC, audit"] == "0.810 [0.700, 0.910]"
    assert [rows[0][name] for name in ("samples chosen", "samples of the audit", "problems", "seeds")] == [
        80,
        80,
        40,
        3,
    ]
    assert "-2.0 [-5.0, +1.0]" in build_report("t", [], [], [], [], tables, {})


def test_rollouts_are_one_figure_with_a_line_a_rule() -> None:
    curves = pd.DataFrame(
        [
            {"label": label, "n": n, "accuracy": 0.5, "low": 0.4, "high": 0.6, "n_problems": 40, "seeds": 1}
            for label in ("Soft PRM, last", "Soft PRM, min", "PRM")
            for n in (1, 4)
        ]
    )
    [section] = rollouts_part(curves).sections
    assert len([trace for trace in section.figure.data if trace.mode == "lines+markers"]) == 3
    assert "on 40 test problems" in section.reading


def test_positions_are_a_table_whose_unknown_numbers_are_blank() -> None:
    positions = pd.DataFrame({"verifier": ["prm"], "step": [1], "share_negative": [0.25], "auroc": [float("nan")]})
    [rows] = positions_part(positions).tables.values()
    assert rows == [{"verifier": "prm", "step": 1, "share negative": "0.250", "auroc": ""}]


def test_a_position_shows_its_auroc_with_the_interval() -> None:
    known = {"verifier": "prm", "position": 1, "auroc": 0.9, "auroc_low": 0.85, "auroc_high": 0.95, "n_problems": 150.0}
    unknown = known | {"auroc": float("nan"), "auroc_low": float("nan"), "auroc_high": float("nan")}
    [rows] = positions_part(pd.DataFrame([known, unknown])).tables.values()
    assert rows[0] == {"verifier": "prm", "position": 1, "auroc": "0.900 [0.850, 0.950]", "n problems": 150}
    assert rows[1]["auroc"] == ""


def test_what_was_not_measured_is_not_shown() -> None:
    none = pd.DataFrame(columns=SIZES.columns)
    parts = (
        loop_part(none, health_by_round(pd.DataFrame(), 10, 0), []),
        rollouts_part(none),
        positions_part(None),
        release_part(None),
        release_part(none),
    )
    assert all(not part.sections and not part.tables for part in parts)
