"""One quantity over several runs: as the problems themselves would say it, and its coverage where runs differ."""

import numpy as np
import pytest

from stepscale.errors import InputError
from stepscale.estimators.intervals import bootstrap_interval, nested_interval
from stepscale.estimators.over_runs import combined_interval


def runs(rng: np.random.Generator, between: float, n_runs: int = 3, problems: int = 200) -> list[np.ndarray]:
    return [rng.normal(rng.normal(0, between), 0.4, problems) for _ in range(n_runs)]


@pytest.mark.parametrize("between", [0.0, 0.05])
def test_it_is_what_resampling_the_problems_of_each_run_gives(between: float) -> None:
    intervals = runs(np.random.default_rng(0), between)
    alone = [bootstrap_interval(run, 2000, i) for i, run in enumerate(intervals)]
    got = combined_interval([float(one.mean) for one in alone], [float(one.error) for one in alone], 4000)
    whole = nested_interval(intervals, 4000)
    assert float(got.mean) == pytest.approx(float(whole.mean))
    assert float(got.error) == pytest.approx(float(whole.error), rel=0.1)


@pytest.mark.parametrize(("between", "least"), [(0.0, 0.95), (0.02, 0.95)])
def test_the_interval_holds_the_truth_as_often_as_it_says_where_runs_differ_little(
    between: float, least: float
) -> None:
    """As docs/estimators.md has it; the tolerance is three standard deviations of the share of 300 simulations."""
    rng, covered = np.random.default_rng(1), 0
    for number in range(300):
        intervals = runs(rng, between)
        errors = [float(run.std() / len(run) ** 0.5) for run in intervals]
        got = combined_interval([float(run.mean()) for run in intervals], errors, 500, number)
        covered += float(got.low) <= 0 <= float(got.high)
    assert covered / 300 >= least - 3 * (0.95 * 0.05 / 300) ** 0.5


def test_a_single_run_is_its_own_interval() -> None:
    got = combined_interval([0.3], [0.1], 20000)
    assert [float(got.low), float(got.high)] == pytest.approx([0.3 - 0.196, 0.3 + 0.196], abs=0.01)


def test_runs_without_an_error_each_are_refused() -> None:
    for estimates, errors in (([], []), ([0.1], [0.1, 0.2]), ([0.1], [-0.1]), ([float("nan")], [0.1])):
        with pytest.raises(InputError):
            combined_interval(estimates, errors)
