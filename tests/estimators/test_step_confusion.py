"""PRMScore and balanced F1: by hand, against scikit-learn, and where there is nothing to divide by."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.step_confusion import (
    balanced_accuracy,
    balanced_f1,
    confusion,
    f1,
    negative_f1,
    prm_score,
    true_rates,
)

steps = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30)


def test_the_scores_of_a_worked_example() -> None:
    # 3 right and accepted, 1 wrong and accepted, 2 wrong and rejected, 2 right and rejected
    right = [True] * 3 + [False] + [False] * 2 + [True] * 2
    accepted = [True] * 3 + [True] + [False] * 2 + [False] * 2
    counts = confusion(right, accepted).sum(axis=0)
    assert counts.tolist() == [3, 1, 2, 2]
    assert f1(counts) == pytest.approx(2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5))
    assert negative_f1(counts) == pytest.approx(2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3))
    assert prm_score(counts) == pytest.approx((f1(counts) + negative_f1(counts)) / 2)
    assert true_rates(counts) == pytest.approx((3 / 5, 2 / 3))
    assert balanced_accuracy(counts) == pytest.approx((3 / 5 + 2 / 3) / 2)
    assert balanced_f1(counts) == pytest.approx(2 * (3 / 5) * (2 / 3) / (3 / 5 + 2 / 3))


@given(steps)
def test_they_agree_with_scikit_learn(judged: list[tuple[bool, bool]]) -> None:
    from sklearn.metrics import balanced_accuracy_score, f1_score

    right, accepted = zip(*judged, strict=True)
    counts = confusion(right, accepted).sum(axis=0)
    if any(right) or any(accepted):
        assert f1(counts) == pytest.approx(f1_score(right, accepted, zero_division=0))
    if not all(right) or not all(accepted):
        assert negative_f1(counts) == pytest.approx(f1_score(right, accepted, pos_label=False, zero_division=0))
    if len(set(right)) == 2:
        assert balanced_accuracy(counts) == pytest.approx(balanced_accuracy_score(right, accepted))
        rates = true_rates(counts)
        assert min(rates) <= balanced_f1(counts) + 1e-12 and balanced_f1(counts) <= balanced_accuracy(counts) + 1e-12


def test_who_accepts_everything_has_a_balanced_f1_of_0_and_a_half_of_accuracy() -> None:
    counts = confusion([True, True, False], [True] * 3).sum(axis=0)
    assert balanced_f1(counts) == 0 and balanced_accuracy(counts) == 0.5


def test_a_score_over_steps_of_one_kind_is_not_known() -> None:
    counts = confusion([True, True], [True, True]).sum(axis=0)
    assert f1(counts) == 1 and all(math.isnan(value(counts)) for value in (negative_f1, prm_score, balanced_f1))


def test_counts_of_many_resamples_are_scored_at_once_and_lengths_are_checked() -> None:
    counts = np.array([[3.0, 1, 2, 2], [0, 0, 0, 0]])
    assert f1(counts)[0] == pytest.approx(2 / 3) and np.isnan(f1(counts)[1])
    with pytest.raises(InputError, match="1 judgments of 2 steps"):
        confusion([True, False], [True])
