"""Aggregating step scores."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.verifiers.aggregation import HOWS, NEUTRALS, aggregate

STEPS = st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=5))
def test_every_aggregation_is_what_its_name_says(solutions) -> None:
    plain = {"product": np.prod, "min": np.min, "last": lambda x: x[-1], "mean": np.mean}
    negative = [[a for a, _ in steps] for steps in solutions]
    neutral = [[b for _, b in steps] for steps in solutions]
    for how in HOWS:
        for neutral_is in NEUTRALS:
            expected = [
                plain[how]([1 - a - (b if neutral_is == "negative" else 0) for a, b in steps]) if steps else 0.0
                for steps in solutions
            ]
            assert aggregate(negative, neutral, how, neutral_is) == pytest.approx(expected, abs=1e-9)


def test_the_aggregation_asked_for_is_the_one_used() -> None:
    scores = {how: aggregate([[0.5, 0.1, 0.2]], [[0, 0, 0]], how)[0] for how in HOWS}
    assert scores == pytest.approx({"product": 0.36, "min": 0.5, "last": 0.8, "mean": 2.2 / 3})


def test_an_unknown_aggregation_is_refused() -> None:
    with pytest.raises(InputError, match=r"'average'.*product"):
        aggregate([[0.1]], [[0.0]], "average")  # type: ignore[arg-type]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("negative", [[[0.1, np.nan]], [["a"]], [[np.inf]], [[0.1, None]]])
def test_step_scores_that_are_no_finite_numbers_are_refused(how, negative) -> None:
    with pytest.raises(InputError, match="step scores must be"):
        aggregate(negative, [[0.0] * len(steps) for steps in negative], how)


def test_neutral_scores_of_another_length_are_refused_where_they_count() -> None:
    assert aggregate([[0.1, 0.2]], [[0.0]], "min") == pytest.approx([0.8])
    with pytest.raises(InputError, match="as many scores"):
        aggregate([[0.1, 0.2]], [[0.0]], "min", "negative")


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("negative", [[[1.5]], [[-5.0]], [[0.5, -0.1]], [[[0.5]]], [0.5], [None, [0.5]]])
def test_rewards_and_other_shapes_are_not_taken_for_probabilities(how, negative) -> None:
    with pytest.raises(InputError, match="step scores must be"):
        aggregate(negative, [[0.0]] * len(negative), how)


def test_a_probability_may_miss_its_bounds_by_rounding() -> None:
    assert aggregate([[-1e-7, 1.0000001]], [[0, 0]], "min") == pytest.approx([0.0])


@pytest.mark.parametrize("others", [(), (0.0,), (0.0, 0.3), (1.0,)])
def test_a_product_with_a_step_that_is_surely_wrong_is_zero(others: tuple[float, ...]) -> None:
    for steps in ((1.0, *others), (*others, 1.0)):
        assert aggregate([list(steps), [0.5, 0.5]], [[0.0] * len(steps), [0.0, 0.0]], "product").tolist() == [0.0, 0.25]
