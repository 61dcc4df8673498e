"""Lines of best fit and what they say about two ways to choose labels, on lines that are known."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from learning_points import points_table

from stepscale.errors import InputError
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.report.number_formats import unbounded
from stepscale.studies.supervision.data_efficiency import data_efficiency, efficiency_table, fitted_lines
from stepscale.supervision.points import ACTIVE, PROCESS, by_budget, by_size, crossed_interval, learning

SIZES = (1, 2, 4, 8, 16)


def points(
    lines: dict[str, tuple[float, float]], seeds: int = 3, problems: int = 40, noise: float = 0.0
) -> pd.DataFrame:
    """Points on ``lines`` (accuracy at one sample, gain per doubling) by arm, problems of unlike difficulty, at N = 8 and 16."""
    rng = np.random.default_rng(0)
    easy = rng.normal(0, 0.1, problems)
    rows = []
    for (arm, (start, slope)), size, seed, n in itertools.product(lines.items(), SIZES, range(seeds), (8, 16)):
        accuracy = start + slope * np.log2(size) + easy + rng.normal(0, noise, problems) + (0.05 if n == 16 else 0)
        rows += [(arm, size, seed, n, f"p{i:03}", a) for i, a in enumerate(accuracy)]
    return points_table(rows)


def test_the_lines_are_found_again() -> None:
    got = data_efficiency(points({ACTIVE: (0.30, 0.08), PROCESS: (0.30, 0.04)}), ACTIVE, PROCESS, 16, 200)
    assert float(got.arm.slope.mean) == pytest.approx(0.08) and float(got.control.slope.mean) == pytest.approx(0.04)
    assert float(got.arm.intercept.mean - got.control.intercept.mean) == pytest.approx(0, abs=1e-9)
    assert float(got.slope_ratio.mean) == pytest.approx(2)
    assert float(got.gain.mean) == pytest.approx(0.08)  # at 4 samples a problem, the middle: two doublings of 0.04
    assert float(got.log2_saved.mean) == pytest.approx(2) and float(got.saved.mean) == pytest.approx(4)


def test_a_parallel_line_saves_labels_though_its_slope_is_the_same() -> None:
    got = data_efficiency(points({ACTIVE: (0.36, 0.05), PROCESS: (0.30, 0.05)}, noise=0.02), ACTIVE, PROCESS, 16, 400)
    assert float(got.slope_ratio.low) < 1 < float(got.slope_ratio.high)
    assert 2**0.9 < float(got.saved.low) < 2**1.2 < float(got.saved.high)


def test_the_interval_covers_the_truth_and_narrows_with_problems() -> None:
    widths = []
    for problems in (30, 300):
        table = points({ACTIVE: (0.30, 0.08), PROCESS: (0.30, 0.04)}, problems=problems, noise=0.2)
        got = data_efficiency(table, ACTIVE, PROCESS, 16, 400)
        assert float(got.gain.low) < 0.08 < float(got.gain.high)
        widths.append(float(got.gain.high - got.gain.low))
    assert widths[1] < widths[0] / 2


def test_labels_of_the_selector_and_samples_a_problem_does_not_have_are_counted_as_they_are() -> None:
    table = points({ACTIVE: (0.38, 0.04), PROCESS: (0.30, 0.04)})
    free = data_efficiency(table, ACTIVE, PROCESS, 16, 100)
    assert float(free.log2_saved.mean) == pytest.approx(2)
    paid = table.assign(selector=np.where(table["arm"] == ACTIVE, table["per_problem"].astype(float), 0.0))
    got = data_efficiency(paid, ACTIVE, PROCESS, 16, 100)
    assert float(got.log2_saved.mean) == pytest.approx(1), "twice as many labels for the same accuracy: a doubling less"
    assert float(got.gain.mean) == pytest.approx(0.04) and float(got.slope_ratio.mean) == pytest.approx(1)
    uncounted = data_efficiency(paid, ACTIVE, PROCESS, 16, 100, selector_counts=False)
    assert float(uncounted.log2_saved.mean) == pytest.approx(2)
    scarce = table.assign(labeled=np.minimum(table["labeled"], 8.0))  # at 16 no problem had more than 8
    steeper = data_efficiency(scarce, PROCESS, PROCESS, 16, 100)
    assert float(steeper.arm.slope.mean) > 0.04 and by_size(scarce, 16, 50, 0)["labeled"].max() == 8


def test_a_control_that_does_not_rise_never_catches_up() -> None:
    got = data_efficiency(points({ACTIVE: (0.4, 0.02), PROCESS: (0.3, -0.01)}), ACTIVE, PROCESS, 16, 100)
    assert np.isposinf(got.saved.mean) and np.isposinf(got.saved.low)
    level = data_efficiency(points({ACTIVE: (0.4, 0.02), PROCESS: (0.3, 1e-17)}), ACTIVE, PROCESS, 16, 100)
    assert np.isposinf(level.slope_ratio.mean), "no ratio of rounding errors"
    below = data_efficiency(points({ACTIVE: (0.2, 0.0), PROCESS: (0.3, -0.01)}), ACTIVE, PROCESS, 16, 100)
    assert float(below.saved.mean) == 0
    rows = efficiency_table(got, ACTIVE, PROCESS)
    assert rows[-1]["estimate"] == "inf" and rows[-1]["seeds"] == 3 and rows[-1]["n_problems"] == 40


def test_what_has_no_bound_keeps_its_sign_in_json_and_in_print() -> None:
    below = data_efficiency(points({ACTIVE: (0.2, -0.01), PROCESS: (0.3, -0.01)}), ACTIVE, PROCESS, 16, 100)
    expected = {
        row["measure"]: row for row in json.loads(json.dumps(efficiency_table(below, ACTIVE, PROCESS), allow_nan=False))
    }
    ratio = expected["ratio of slopes"]
    assert ratio["estimate"] == "-inf" and float(ratio["estimate"]) == -np.inf
    assert [unbounded(value) for value in ("-inf", "inf", 0.5, 134885.2, None)] == [
        "-∞",
        "∞",
        "0.500",
        "134,885",
        "not finite",
    ]


def test_the_lines_are_told_by_arm() -> None:
    got = data_efficiency(points({ACTIVE: (0.30, 0.08), PROCESS: (0.32, 0.04)}), ACTIVE, PROCESS, 16, 50)
    lines = fitted_lines(efficiency_table(got, ACTIVE, PROCESS))
    assert lines[ACTIVE][0] == pytest.approx(0.08) and lines[PROCESS][0] == pytest.approx(0.04)
    assert lines[PROCESS][1] - lines[ACTIVE][1] == pytest.approx(0.02), "where they stand at one sample"
    assert fitted_lines([]) == {}


def test_only_common_sizes_are_compared_and_two_are_needed() -> None:
    table = points({ACTIVE: (0.3, 0.08), PROCESS: (0.3, 0.04)})
    fewer = table[(table["arm"] == PROCESS) | (table["per_problem"] <= 4)]
    assert float(data_efficiency(fewer, ACTIVE, PROCESS, 16, 50).gain.mean) == pytest.approx(0.04)
    with pytest.raises(InputError, match="two sizes or more"):
        data_efficiency(table[(table["arm"] == PROCESS) | (table["per_problem"] == 4)], ACTIVE, PROCESS, 16, 50)


def test_a_missing_cell_is_named() -> None:
    table = points({ACTIVE: (0.3, 0.08)})
    with pytest.raises(InputError, match="finish every cell"):
        learning(table[(table["seed"] != 1) | (table["per_problem"] != 4)], ACTIVE, 16)
    with pytest.raises(InputError, match="no point of arm 'Process'"):
        learning(table, PROCESS, 16)


def test_one_seed_gives_the_interval_over_problems_and_more_seeds_widen_it_by_their_spread() -> None:
    rng = np.random.default_rng(1)
    values = rng.random((1, 200))
    assert float(crossed_interval(values, 500, 3).low) == pytest.approx(
        float(bootstrap_interval(values[0], 500, 3).low)
    )
    spread = values + np.array([[0.0], [0.3], [0.6]])
    width = crossed_interval(spread, 500, 3)
    alone = bootstrap_interval(spread.mean(axis=0), 500, 3)
    assert float(width.high - width.low) > 3 * float(alone.high - alone.low)


def test_the_tables_of_figures_4a_and_4b() -> None:
    table = points({PROCESS: (0.3, 0.04), ACTIVE: (0.3, 0.08)})
    sizes, budgets = by_size(table, 16, 100, 0), by_budget(table, 16, 100, 0)
    assert sizes["label"].drop_duplicates().tolist() == [ACTIVE, PROCESS]
    assert sizes["per_problem"].tolist() == [*SIZES, *SIZES] and set(sizes["n"]) == {16}
    assert budgets["n"].tolist() == [8, 16, 8, 16] and set(budgets["per_problem"]) == {16}
    assert ((sizes["low"] <= sizes["accuracy"]) & (sizes["accuracy"] <= sizes["high"])).all()
    same = budgets[(budgets["label"] == ACTIVE) & (budgets["n"] == 16)]["accuracy"].item()
    assert same == pytest.approx(sizes[(sizes["label"] == ACTIVE) & (sizes["per_problem"] == 16)]["accuracy"].item())
    assert (sizes["seeds"] == 3).all() and (sizes["n_problems"] == 40).all()
