"""Aggregating step scores."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.verifiers.aggregation import AGGREGATIONS, NEUTRALS, aggregate

STEPS = st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)), max_size=6)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=5))
def test_every_aggregation_is_what_its_name_says(solutions) -> None:
    plain = {"product": np.prod, "min": np.min, "last": lambda x: x[-1], "mean": np.mean}
    negative = [[a for a, _ in steps] for steps in solutions]
    neutral = [[b for _, b in steps] for steps in solutions]
    for aggregation in AGGREGATIONS:
        for neutral_is in NEUTRALS:
            expected = [
                plain[aggregation]([1 - a - (b if neutral_is == "negative" else 0) for a, b in steps]) if steps else 0.0
                for steps in solutions
            ]
            assert aggregate(negative, neutral, aggregation, neutral_is) == pytest.approx(expected, abs=1e-9)


def test_the_aggregation_asked_for_is_the_one_used() -> None:
    scores = {aggregation: aggregate([[0.5, 0.1, 0.2]], [[0, 0, 0]], aggregation)[0] for aggregation in AGGREGATIONS}
    assert scores == pytest.approx({"product": 0.36, "min": 0.5, "last": 0.8, "mean": 2.2 / 3})


def test_an_unknown_aggregation_is_refused() -> None:
    with pytest.raises(InputError, match=r"'average'.*product"):
        aggregate([[0.1]], [[0.0]], "average")  # type: ignore[arg-type]


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("negative", [[[0.1, np.nan]], [["a"]], [[np.inf]], [[0.1, None]]])
def test_step_scores_that_are_no_finite_numbers_are_refused(aggregation, negative) -> None:
    with pytest.raises(InputError, match="step scores must be"):
        aggregate(negative, [[0.0] * len(steps) for steps in negative], aggregation)


def test_neutral_scores_of_another_length_are_refused_where_they_count() -> None:
    assert aggregate([[0.1, 0.2]], [[0.0]], "min") == pytest.approx([0.8])
    with pytest.raises(InputError, match="as many scores"):
        aggregate([[0.1, 0.2]], [[0.0]], "min", "negative")


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
@pytest.mark.parametrize("negative", [[[1.5]], [[-5.0]], [[0.5, -0.1]], [[[0.5]]], [0.5], [None, [0.5]]])
def test_rewards_and_other_shapes_are_not_taken_for_probabilities(aggregation, negative) -> None:
    with pytest.raises(InputError, match="step scores must be"):
        aggregate(negative, [[0.0]] * len(negative), aggregation)


def test_a_probability_may_miss_its_bounds_by_rounding() -> None:
    assert aggregate([[-1e-7, 1.0000001]], [[0, 0]], "min") == pytest.approx([0.0])


@pytest.mark.parametrize("others", [(), (0.0,), (0.0, 0.3), (1.0,)])
def test_a_product_with_a_step_that_is_surely_wrong_is_zero(others: tuple[float, ...]) -> None:
    for steps in ((1.0, *others), (*others, 1.0)):
        assert aggregate([list(steps), [0.5, 0.5]], [[0.0] * len(steps), [0.0, 0.0]], "product").tolist() == [0.0, 0.25]


@pytest.mark.parametrize("neutral", [None, [0.1], 5, "x", [["0.1"]], [[None]], [[[0.1]]], [{0.1}], {0: [0.1]}, [["a"]]])
def test_neutral_scores_that_are_no_numbers_are_refused_where_they_count(neutral) -> None:
    assert aggregate([[0.1]], neutral, "min") == pytest.approx([0.9])
    with pytest.raises(InputError, match="step scores must be") as caught:
        aggregate([[0.1]], neutral, "min", "negative")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "negative",
    [[["0.1"]], [np.array(["0.1"])], "0.1", 5, None, {0: [0.1]}, [{0.1}], [[1j]], [[np.datetime64("2020")]], [[[0.1]]]],
)
def test_text_and_what_has_no_rows_are_no_step_scores(negative) -> None:
    with pytest.raises(InputError, match="step scores must be"):
        aggregate(negative, [[0.0]], "min")


def test_a_mask_of_step_scores_is_not_lost() -> None:
    hidden = np.ma.array([[0.1, 0.9]], mask=[[0, 1]])
    for scores in (hidden, [hidden[0]], [[0.1, np.ma.masked]]):
        with pytest.raises(InputError, match="step scores is a masked array"):
            aggregate(scores, [[0.0, 0.0]], "min")
        with pytest.raises(InputError, match="step scores is a masked array"):
            aggregate([[0.1, 0.1]], scores, "min", "negative")


def test_step_scores_in_every_container_are_read() -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[0.25, 0.5]], requires_grad=True)
    rows = [[0.25, 0.5]]
    forms = [rows, (tuple(rows[0]),), np.array(rows), pd.DataFrame(rows, columns=["a", "b"]), pd.Series(rows)]
    forms += [tensor, [tensor[0]], [list(tensor[0])], [np.array(rows[0], np.float16)], [pd.Series(rows[0])]]
    for form in forms:
        assert aggregate(form, form, "min", "negative") == pytest.approx([0.0])
        assert aggregate(form, [], "mean") == pytest.approx([0.625])
    assert aggregate([], [], "min").shape == (0,)
    assert aggregate([[], [0.1]], [[], [0.2]], "min", "negative") == pytest.approx([0.0, 0.7])
