"""Calibration and its intervals: over problems, whose steps are alike, and not over steps."""

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.verifiers.calibration import expected_error, expected_error_interval, reliability

PROBLEMS, STEPS = 150, 20
IDS = [f"p{i}" for i in range(PROBLEMS) for _ in range(STEPS)]


def test_a_calibrated_forecast_has_no_calibration_error_and_its_bins_hold_the_diagonal() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(40_000)
    y = rng.random(40_000) < p
    ids = [f"p{i % 400}" for i in range(len(p))]
    table = reliability(p, y, ids)
    assert expected_error(table) < 0.01
    assert ((table["low"] <= table["predicted"]) & (table["predicted"] <= table["high"])).mean() >= 0.8
    assert expected_error(reliability(np.sqrt(p), y, ids)) > 0.1


def test_intervals_of_bins_hold_the_truth_as_often_as_they_say_where_the_steps_of_a_problem_are_alike() -> None:
    """Every step of a problem comes out alike: an interval over steps would hold the truth in about a third of the cases."""
    rng, covered = np.random.default_rng(0), 0
    for _ in range(200):
        y = np.repeat(rng.random(PROBLEMS) < 0.7, STEPS)
        [row] = reliability(np.full(len(y), 0.75), y, IDS, resamples=300).to_dict("records")
        covered += row["low"] <= 0.7 <= row["high"]
    assert 0.9 <= covered / 200 <= 1


def test_the_interval_of_the_calibration_error_holds_the_truth_as_often_as_it_says() -> None:
    """Predicted 0.1 to 0.9, a tenth too sure at every level, each problem with a shift of its own."""
    rng, covered = np.random.default_rng(0), 0
    for _ in range(200):
        true = rng.choice([0.2, 0.4, 0.6, 0.8], (PROBLEMS, STEPS))
        shift = np.repeat(rng.choice([-0.1, 0.1], (PROBLEMS, 1)), STEPS, axis=1)
        y = (rng.random(true.shape) < true + shift).ravel()
        low, high = expected_error_interval(true.ravel() + 0.1, y, IDS, resamples=300)
        covered += low <= 0.1 <= high
    assert 0.9 <= covered / 200 <= 1


def test_the_interval_of_a_well_calibrated_verifier_reaches_zero() -> None:
    p = np.random.default_rng(0).random(PROBLEMS * STEPS)
    low, high = expected_error_interval(p, np.random.default_rng(1).random(len(p)) < p, IDS)
    assert low == 0 and high < 0.05


@pytest.mark.filterwarnings("error")
def test_of_no_forecast_the_calibration_error_is_nan() -> None:
    assert np.isnan(expected_error(reliability([], [], [])))
    assert np.isnan(expected_error_interval([], [], [])).all()


def test_forecasts_without_their_problems_are_refused() -> None:
    for measure in (reliability, expected_error_interval):
        with pytest.raises(InputError, match="1 problem_ids for 2 predictions"):
            measure([0.5, 0.4], [1, 0], ["a"])
