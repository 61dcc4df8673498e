"""ProcessBench's F1 and the threshold that is chosen on one part and held on the others."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.verifiers.processbench import choose_threshold, predict_first_errors, processbench_f1, processbench_score


def test_f1_is_the_harmonic_mean_of_the_two_accuracies() -> None:
    score = processbench_f1([0, 1, 2, -1, -1], [0, 2, 2, -1, 0])
    assert (score.error, score.correct, score.n_error, score.n_correct) == (2 / 3, 1 / 2, 3, 2)
    assert score.f1 == pytest.approx(2 * (2 / 3) * (1 / 2) / (2 / 3 + 1 / 2))
    assert processbench_f1([0, -1], [1, 0]).f1 == 0.0


def test_a_part_of_one_kind_only_or_of_another_length_is_refused() -> None:
    for truth, predicted in (([0, 1], [0, 1]), ([-1], [-1]), ([0, -1], [0])):
        with pytest.raises(InputError):
            processbench_f1(truth, predicted)


def test_the_accuracy_over_no_solution_is_nan_and_so_is_f1() -> None:
    score = processbench_score([-1], [-1])
    assert math.isnan(score.error) and math.isnan(score.f1) and score.correct == 1.0
    with pytest.raises(InputError, match="pass one for each"):
        processbench_score([0], [0, 0])


def test_the_first_step_above_the_threshold_is_predicted() -> None:
    assert predict_first_errors([[0.1, 0.6, 0.9], [0.2], []], 0.5).tolist() == [1, -1, -1]


def test_the_threshold_with_the_best_f1_is_chosen() -> None:
    negative = [[0.1, 0.8], [0.2, 0.1], [0.7, 0.9], [0.3]]
    threshold = choose_threshold([1, -1, 0, -1], negative)
    assert 0.3 < threshold < 0.7
    assert processbench_f1([1, -1, 0, -1], predict_first_errors(negative, threshold).tolist()).f1 == 1.0


rows = st.lists(st.lists(st.floats(0, 1), min_size=1, max_size=4), min_size=2, max_size=8)


@given(rows, st.data())
def test_no_other_threshold_does_better(negative: list[list[float]], data: st.DataObject) -> None:
    truth = [0, -1, *(data.draw(st.integers(-1, len(row) - 1)) for row in negative[2:])]
    chosen = choose_threshold(truth, negative)
    best = processbench_f1(truth, predict_first_errors(negative, chosen).tolist()).f1
    other = predict_first_errors(negative, data.draw(st.floats(0, 1))).tolist()
    assert processbench_f1(truth, other).f1 <= best + 1e-12


@pytest.mark.parametrize("negative", [[[math.nan]], [[0.1, None]], [["a"]], [0.5]])
def test_scores_that_are_no_numbers_never_mean_that_all_is_right(negative) -> None:
    with pytest.raises(InputError, match=r"P\(negative\)"):
        predict_first_errors(negative, 0.5)
    with pytest.raises(InputError, match=r"P\(negative\)"):
        choose_threshold([0], negative)


def test_a_threshold_that_is_no_number_is_refused() -> None:
    with pytest.raises(InputError, match="threshold is NaN"):
        predict_first_errors([[0.9]], math.nan)


@pytest.mark.parametrize(
    "negative", [[["0.9"]], ["0.9"], "0.9", 5, None, [0.9], [[[0.9]]], {0: [0.9]}, [{0.9}], [["a"]]]
)
def test_probabilities_that_are_no_numbers_per_solution_are_refused(negative) -> None:
    with pytest.raises(InputError, match=r"P\(negative\) must be numbers"):
        predict_first_errors(negative, 0.5)


def test_masks_are_not_lost_and_tensors_are_read() -> None:
    torch = pytest.importorskip("torch")
    for call in (
        lambda: predict_first_errors([np.ma.array([0.9, 0.1], mask=[1, 0])], 0.5),
        lambda: processbench_score(np.ma.array([0, -1], mask=[1, 0]), [0, -1]),
    ):
        with pytest.raises(InputError, match="mask would be lost"):
            call()
    negative = torch.tensor([[0.1, 0.9], [0.2, 0.3]], requires_grad=True)
    for form in (negative, list(negative), [[0.1, 0.9], negative[1]]):
        assert predict_first_errors(form, 0.5).tolist() == [1, -1]
    assert processbench_score([torch.tensor(1), torch.tensor(-1)], [1, 0]).correct == 0.0
