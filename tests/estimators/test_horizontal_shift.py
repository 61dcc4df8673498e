"""The horizontal shift: by hand, against brute force, where it is not well posed, and in a world where the truth is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.curve import Curve, curve
from stepscale.estimators.horizontal_shift import FLAT, dense_budgets, horizontal_shift, rising_end

NS = [1, 2, 4, 8, 16, 32]


def line(ns: list[int], accuracy: list[float], problems: int = 40) -> Curve:
    """A curve of problems that are all alike."""
    return curve(np.tile(accuracy, (problems, 1)), ns, 50)


STEADY = line(NS, [0.2, 0.3, 0.4, 0.5, 0.6, 0.7])


def test_the_shift_is_the_mean_of_the_doublings_read_off_the_baseline() -> None:
    """0.5 takes the baseline 8, four times 2. 0.65 takes it 16 * sqrt(2), half a doubling and one more than 8."""
    shift = horizontal_shift(STEADY, line([2, 8], [0.5, 0.65]), [2, 8], 40)
    assert shift.compared == (2, 8) and shift.matched == pytest.approx((8, 16 * 2**0.5)) and shift.notes == ()
    assert float(shift.log2.mean) == pytest.approx((2 + 1.5) / 2)
    assert (shift.log2.n_problems, shift.log2.level) == (40, 0.90)


def test_a_curve_beside_itself_has_no_shift() -> None:
    shift = horizontal_shift(STEADY, STEADY, [2, 4, 8])
    assert [float(shift.log2.mean), float(shift.log2.low), float(shift.log2.high)] == pytest.approx([0, 0, 0])


def test_a_baseline_that_dips_counts_as_what_it_reached_before() -> None:
    dipping = line(NS, [0.2, 0.3, 0.5, 0.4, 0.6, 0.7])
    assert horizontal_shift(dipping, line([2], [0.5]), [2]).matched == pytest.approx((4,))


def test_a_flat_baseline_is_not_matched_and_that_is_said() -> None:
    flat = line(NS, [0.5, 0.505, 0.51, 0.511, 0.512, 0.512])
    shift = horizontal_shift(flat, line([2, 8], [0.6, 0.7]), [2, 8])
    assert shift.compared == () and np.isnan(shift.log2.mean) and np.isnan(shift.log2.low)
    assert shift.notes[0] == "not matched at 2: the baseline is flat or not measured beyond 0, and 8 are needed"


def test_a_baseline_ends_where_it_stops_rising_and_budgets_without_room_are_named() -> None:
    """It rises to 8 alone, so a budget of 2 has its fourfold and one of 4 has not."""
    bent = line(NS, [0.2, 0.3, 0.4, 0.5, 0.505, 0.505])
    assert rising_end(bent.x, bent.accuracy) == 8
    shift = horizontal_shift(bent, line([2, 4], [0.4, 0.5]), [2, 4])
    assert shift.compared == (2,) and shift.matched == pytest.approx((4,))
    assert shift.notes == ("not matched at 4: the baseline is flat or not measured beyond 8, and 16 are needed",)


def test_a_policy_that_no_longer_rises_is_not_matched_there_and_both_accuracies_are_told() -> None:
    shift = horizontal_shift(STEADY, line([2, 8], [0.45, 0.4]), [2, 8])
    assert shift.compared == (2,)
    assert shift.notes == ("not matched at 8: the policy is flat there (0.400, the baseline 0.500)",)


def test_where_the_policy_leaves_the_measured_curve_the_shift_is_capped_and_that_is_said() -> None:
    above = horizontal_shift(STEADY, line([2], [0.9]), [2])
    assert above.matched == (32,) and float(above.log2.mean) == 4
    assert above.notes == ("capped at 2: the policy is above all that the baseline reaches with 32",)
    below = horizontal_shift(STEADY, line([1, 2, 8], [0.1, 0.12, 0.15]), [2, 8])
    assert below.compared == (2, 8) and float(below.log2.mean) == -2, "as one sample: 2 and 8 times as many"
    assert below.notes == tuple(f"capped at {n}: the policy is below a single sample" for n in (2, 8))


def test_unpaired_curves_and_budgets_that_were_not_measured_are_refused() -> None:
    with pytest.raises(InputError, match="same resamples"):
        horizontal_shift(STEADY, curve(np.full((40, 1), 0.5), [2], 20), [2])
    with pytest.raises(InputError, match="not measured at the budgets"):
        horizontal_shift(STEADY, line([2], [0.5]), [4])


@pytest.mark.parametrize("largest", [1, 2, 3, 64, 100, 256, 1860])
def test_dense_budgets_rise_by_half_a_doubling_and_hold_all_powers_of_two(largest: int) -> None:
    ns = dense_budgets(largest)
    assert ns[0] == 1 and ns[-1] == largest and ns == sorted(set(ns))
    assert {2**i for i in range(largest.bit_length()) if 2**i <= largest} <= set(ns)
    assert all(b / a < 2.01 for a, b in pairwise(ns))


RISES = st.lists(st.floats(FLAT * 1.01, 0.1), min_size=8, max_size=8)


@settings(max_examples=60, deadline=None)
@given(RISES, st.integers(0, 2))
def test_a_policy_that_does_with_n_what_the_baseline_does_with_c_times_n_has_a_shift_of_log2_c(
    rises, doublings
) -> None:
    accuracy = 0.1 + np.concatenate([[0.0], np.cumsum(rises)])  # at 1, 2, ..., 256
    ns = [2**i for i in range(9)]
    policy = line([2, 8, 32], [float(accuracy[i + doublings]) for i in (1, 3, 5)])
    shift = horizontal_shift(line(ns, accuracy.tolist()), policy, [2, 8, 32])
    assert shift.compared == (2, 8, 32) and float(shift.log2.mean) == pytest.approx(doublings)


@settings(max_examples=60, deadline=None)
@given(RISES, st.floats(0.0, 1.0), st.floats(0.0, 0.3))
def test_the_match_is_the_first_budget_of_a_fine_search_and_grows_with_accuracy(rises, at, more) -> None:
    accuracy = 0.1 + np.concatenate([[0.0], np.cumsum(rises)])
    ns = [2**i for i in range(9)]
    target = float(accuracy[1] + at * (accuracy[-1] - accuracy[1]))
    baseline = line(ns, accuracy.tolist())
    got = horizontal_shift(baseline, line([2], [target]), [2]).matched[0]
    fine = 2 ** np.linspace(0, 8, 20001)
    reached = fine[np.interp(np.log2(fine), range(9), accuracy) >= target - 1e-9][0]
    assert got == pytest.approx(reached, rel=1e-3)
    assert horizontal_shift(baseline, line([2], [target + more]), [2]).matched[0] >= got - 1e-9


WORLDS = 200
TOLERATED = 0.05 + 3 * np.sqrt(0.05 * 0.95 / WORLDS)  # three standard deviations of a share of so many worlds


@pytest.mark.parametrize(("largest", "errors"), [(1024, "low high"), (256, "low")])
def test_the_one_sided_bounds_hold_the_truth_as_often_as_they_say(largest: int, errors: str) -> None:
    """Worlds of 120 problems in which a search with n does what the baseline does with 4 n: each bound errs in 5 % of them.

    The baseline's accuracy is an expectation for each problem, the search's one outcome, as in a run. Where the truth is as far
    as the baseline was measured (256 for a search with 64), the cap lowers the shift, and the lower bound holds all the more.
    """
    ns, searched = dense_budgets(largest), [4, 16, 64]
    rng = np.random.default_rng(0)
    missed = {"low": 0, "high": 0}
    for world in range(WORLDS):
        skill = rng.normal(-2.5, 1.5, (120, 1))
        chance = 1 / (1 + np.exp(-(skill + 0.6 * np.log2([*ns, *(4 * n for n in searched)]))))
        base, policy = chance[:, : len(ns)], rng.random((120, 3)) < chance[:, len(ns) :]
        curves = curve(base, ns, 200, world), curve(policy.astype(float), searched, 200, world)
        bounds = horizontal_shift(*curves, searched).log2
        missed["low"] += float(bounds.low) > 2
        missed["high"] += float(bounds.high) < 2
    assert all(missed[bound] / WORLDS <= TOLERATED for bound in errors.split()), missed
