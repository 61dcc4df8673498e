"""The loop's part of the report, the PRM of rollouts and the step positions: drawn as measured, absent where not measured."""

import pandas as pd
import pytest

from stepscale.report.part import Part
from stepscale.studies.data_loop.comparison import HEALTH as COLUMNS
from stepscale.studies.data_loop.comparison import MEASURES
from stepscale.studies.data_loop.figures import loop_part
from stepscale.studies.verifiers.figures import labels_part, verifiers_part

STRATEGIES = ("80/20, selector retrained", "Random")
SIZES = pd.DataFrame(
    [
        {
            "label": name,
            "per_problem": size,
            "labeled": float(size),
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


def part_of(sizes: pd.DataFrame = SIZES, health: pd.DataFrame = HEALTH) -> Part:
    return loop_part({"by_labels": sizes, "health": health, "differences": pd.DataFrame(DIFFERENCES)})


def test_every_strategy_has_its_line_by_labels_and_on_the_audit() -> None:
    learned, audited = part_of().figures
    lines = learned.views[0].panels[0].series
    assert [line.name for line in lines] == list(STRATEGIES) and lines[0].x == (1, 5, 9)
    line = audited.views[0].panels[0].series[0]
    assert audited.views[0].names == list(STRATEGIES) and line.x == (1, 2)
    assert line.y == pytest.approx((0.81, 0.82)) and line.high == pytest.approx((0.91, 0.92)) and line.low == (0.7, 0.7)
    assert "Best-of-16 on 40 test problems, 3 seed(s)" in learned.reading
    assert all(figure.views[0].x_title and figure.y_title for figure in (learned, audited))


def test_readings_tell_over_what_the_intervals_are_and_whose_problems_the_audit_is_of() -> None:
    several = [figure.reading for figure in part_of().figures]
    alone = [figure.reading for figure in part_of(SIZES.assign(seeds=1), HEALTH.assign(seeds=1)).figures]
    assert "over problems and seeds." in several[0] and "over problems; one seed" in alone[0]
    assert "over 40 problems, of the mean of 3 seeds." in several[1] and "over 40 problems, one seed." in alone[1]
    assert all("others of the same problems" in reading for reading in (several[1], alone[1]))


def test_tables_tell_differences_in_points_and_leave_unknown_numbers_blank() -> None:
    unknown = HEALTH.assign(value=HEALTH["value"].mask(HEALTH["measure"] == "first_error"))
    differences, selectors = part_of(health=unknown).tables
    assert differences.title == "Differences at N=16" and differences.rows == (
        {"difference": "last round of Random", "points [95 %]": "-2.0 [-5.0, +1.0]", "problems": "40", "seeds": "3"},
    )
    assert len(selectors.rows) == 4 and selectors.rows[0]["first error at step"] == ""
    assert selectors.rows[0]["AUROC, audit"] == "0.810 [0.700, 0.910]"
    counts = ("samples chosen", "samples of the audit", "problems", "seeds")
    assert [selectors.rows[0][name] for name in counts] == ["80", "80", "40", "3"]


NO_BINS = pd.DataFrame(columns=["verifier", "predicted", "observed", "low", "high"])


def test_positions_are_a_table_whose_unknown_numbers_are_blank() -> None:
    positions = pd.DataFrame({"verifier": ["prm"], "step": [1], "share_negative": [0.25], "auroc": [float("nan")]})
    rows = verifiers_part({}, NO_BINS, positions).tables[1].rows
    assert rows == ({"verifier": "prm", "step": "1", "share negative": "0.250", "auroc": ""},)


def test_a_position_shows_its_auroc_with_the_interval() -> None:
    row = {"verifier": "prm", "position": 1, "auroc": 0.9, "auroc_low": 0.85, "auroc_high": 0.95, "n_problems": 150.0}
    unknown = row | {"auroc": float("nan"), "auroc_low": float("nan"), "auroc_high": float("nan")}
    rows = verifiers_part({}, NO_BINS, pd.DataFrame([row, unknown])).tables[1].rows
    assert rows[0] == {"verifier": "prm", "position": "1", "auroc": "0.900 [0.850, 0.950]", "n problems": "150"}
    assert rows[1]["auroc"] == ""


def test_each_verifier_is_named_and_a_prm_of_values_is_told_from_one_of_ratings() -> None:
    bins = pd.DataFrame({"predicted": [0.2, 0.8], "observed": [0.3, 0.7], "low": 0.1, "high": 0.9})
    bins = pd.concat([bins.assign(verifier=name) for name in ("prm", "orm")])
    bounded = {"step_auroc": 0.9, "step_auroc_low": 0.87, "step_auroc_high": 0.925, "n_problems": 4000}
    rated = verifiers_part({"prm": bounded, "soft_prm": {"brier": 0.1}}, bins, pd.DataFrame())
    soft = verifiers_part({"prm": {"step_auroc": 0.9, "solution_auroc": 0.9}}, bins, pd.DataFrame())
    assert "PRM: a step is correct, by the labeler." in rated.figures[0].reading
    assert "PRM: the final answer will be right, at every step." in soft.figures[0].reading
    assert rated.figures[0].views[0].names == ["perfectly calibrated", "PRM", "ORM"]
    rows = {row["metric"]: row for row in rated.tables[0].rows}
    assert rows["step auroc"] == {"metric": "step auroc", "PRM": "0.900 [0.870, 0.925]", "Soft PRM": ""}
    assert rows["n problems"]["PRM"] == "4,000" and rows["brier"]["Soft PRM"] == "0.100"


def test_table_3_stacks_the_ratings_of_each_round() -> None:
    counts = pd.DataFrame(
        {
            "solutions": [10, 0, 10],
            "step_labels": [40, 0, 40],
            "ends_correct": [0.4, None, 0.4],
            "negative": [0.15, None, 0.15],
            "neutral": [0.1, None, 0.1],
            "positive": [0.75, None, 0.75],
        },
        index=["round 0", "round 1", "all"],
    )
    (figure,) = labels_part(counts, published=False).figures
    *ratings, ends = figure.views[0].panels[0].series
    assert all(line.x == ("round 0", "all") and line.mark == "stack" for line in ratings)
    assert sum(line.y[0] for line in ratings) == pytest.approx(1) and ends.y[0] == pytest.approx(0.4)
    assert "drawn at random" in figure.reading
