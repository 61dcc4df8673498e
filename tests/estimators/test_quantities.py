"""Power: against the normal approximation, against runs that are drawn anew, and jointly over the parts of a claim."""

from statistics import NormalDist

import numpy as np
import pytest

from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.quantities import growth_of, power, quantity

PROBLEMS, SPREAD = 200, 0.4
NORMAL = NormalDist()


def difference(seed: int, mean: float = 0.0, problems: int = PROBLEMS) -> Interval:
    return bootstrap_interval(np.random.default_rng(seed).normal(mean, SPREAD, problems), 4000, seed)


def test_the_standard_error_is_the_paired_spread_over_the_root_of_the_problems() -> None:
    values = np.random.default_rng(0).normal(0, SPREAD, PROBLEMS)
    assert float(bootstrap_interval(values, 4000).error) == pytest.approx(values.std() / PROBLEMS**0.5, rel=0.05)


@pytest.mark.parametrize("effect", [0.0, 0.03, 0.05, 0.1])
def test_power_is_that_of_the_normal_approximation(effect: float) -> None:
    got = difference(1)
    expected = NORMAL.cdf(effect / float(got.error) - NORMAL.inv_cdf(0.975))
    assert power([quantity(got, effect)]) == pytest.approx(expected, abs=0.03)


def test_power_does_not_go_by_what_came_out() -> None:
    values = np.random.default_rng(2).normal(0, SPREAD, PROBLEMS)
    shifted = [power([quantity(bootstrap_interval(values + mean), 0.06)]) for mean in (-0.2, 0.0, 0.3)]
    assert shifted == pytest.approx([shifted[0]] * 3)


def test_power_is_how_often_other_runs_would_hold_it() -> None:
    """500 runs in which the effect is there; the bootstrap of one run tells how many of them show it."""
    is_significant = [
        float(bootstrap_interval(r, 400, 0).low) > 0
        for r in np.random.default_rng(3).normal(0.08, SPREAD, (500, PROBLEMS))
    ]
    assert power([quantity(difference(4), 0.08)]) == pytest.approx(np.mean(is_significant), abs=0.08)


def test_a_margin_is_power_to_be_no_worse() -> None:
    margin = quantity(difference(5), 0.0, above=-0.1)
    assert power([margin]) == pytest.approx(power([quantity(difference(5), 0.1)]))


def test_of_several_parts_all_must_be_shown_together() -> None:
    one, other = quantity(difference(6), 0.08), quantity(difference(7), 0.08)
    alone = [power([part]) for part in (one, other)]
    assert power([one, one]) == pytest.approx(alone[0]), "one part twice is one part"
    assert power([one, other]) == pytest.approx(alone[0] * alone[1], abs=0.03), "other problems, so independent"


def test_a_one_sided_bound_has_the_power_of_a_one_sided_test() -> None:
    values = np.random.default_rng(8).normal(0, SPREAD, PROBLEMS)
    got = bootstrap_interval(values, 4000, 0, level=0.90)
    expected = NORMAL.cdf(0.06 / float(got.error) - NORMAL.inv_cdf(0.95))
    assert power([quantity(got, 0.06)]) == pytest.approx(expected, abs=0.03)


def test_what_cannot_be_told_has_no_power_or_an_unknown_one() -> None:
    assert power([quantity(difference(9), 0.1, unmet="the control is flat")]) == 0
    assert power([quantity(difference(9))]) is None
    assert power([quantity(Interval(*np.zeros((3, 1))), 0.1)]) is None
    assert power([]) is None


def test_a_growth_reaches_its_effect_at_the_largest_budget() -> None:
    assert growth_of(0.06, 64) * 6 == pytest.approx(0.06) and growth_of(0.05, 1) == 0.05
