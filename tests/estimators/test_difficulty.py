"""Difficulty: values by hand, bins of equal size whatever the ties, probes that are really drawn from the samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.difficulty import (
    bin_borders,
    bins_by_border,
    oracle_easiness,
    predicted_easiness,
    probe_easiness,
    quantile_bins,
    rank_correlation,
)
from stepscale.estimators.question_difficulty import QuestionDifficulty


def test_oracle_is_pass_at_1_and_predicted_the_mean_score_with_unanswered_as_zero() -> None:
    correct, mask = [[1, 1, 0, 0], [1, 0, 0, 0]], [[1, 1, 1, 0], [0, 1, 1, 1]]
    assert oracle_easiness(correct, mask) == pytest.approx([0.5, 0.0])
    assert predicted_easiness([[0.8, 0.6, 0.2, 0.9], [1.0, 0.5, 0.5, 0.2]], mask) == pytest.approx([0.4, 0.3])


def test_a_score_that_is_missing_is_an_error_but_not_where_nothing_was_answered() -> None:
    scores = [[0.5, np.nan]]
    assert predicted_easiness(scores, [[True, False]]) == pytest.approx([0.25])
    with pytest.raises(InputError, match="one for each answered sample"):
        predicted_easiness(scores, [[True, True]])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=5, max_size=40))
def test_bins_are_ordered_and_of_equal_size_whatever_the_ties(values) -> None:
    ids = [f"p{i}" for i in range(len(values))]
    bins = quantile_bins(values, ids)
    sizes = np.bincount(bins)[1:]
    assert len(sizes) == 5 and sizes.max() - sizes.min() <= 1
    for easier in range(1, 5):
        a, b = np.array(values)[bins == easier], np.array(values)[bins == easier + 1]
        assert a.min() >= b.max()
    turned = quantile_bins(values[::-1], ids[::-1])
    assert (turned[::-1] == bins).all()  # the order of the table does not matter


def test_bin_one_is_the_easiest_and_too_few_problems_are_refused() -> None:
    assert list(quantile_bins([0.1, 0.9, 0.5, 0.3, 0.7], list("abcde"))) == [5, 1, 3, 4, 2]
    with pytest.raises(InputError, match="5 difficulty bins"):
        quantile_bins([0.1, 0.2], ["a", "b"])


def test_borders_put_new_problems_where_the_old_ones_are() -> None:
    values = np.linspace(0, 1, 101)
    borders = bin_borders(values)
    assert borders == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert list(bins_by_border([1.0, 0.8, 0.79, 0.5, 0.2, 0.1, -3], borders)) == [1, 1, 2, 3, 4, 5, 5]


def test_probes_are_a_seeded_part_of_the_samples() -> None:
    rng = np.random.default_rng(0)
    scores, mask = rng.random((6, 16)), rng.random((6, 16)) < 0.9
    ids = [f"p{i}" for i in range(6)]
    easy, probes = probe_easiness(scores, mask, ids, 4)
    assert (probes.sum(axis=1) == 4).all()
    assert easy == pytest.approx([(scores[i] * mask[i])[probes[i]].mean() for i in range(6)])
    again, _ = probe_easiness(scores[2:3], mask[2:3], ids[2:3], 4)
    assert again == pytest.approx(easy[2:3])  # a problem's probes do not depend on the others
    whole, _ = probe_easiness(scores, mask, ids, 16)
    assert whole == pytest.approx(predicted_easiness(scores, mask))


def test_rank_correlation_by_hand() -> None:
    got = rank_correlation([1, 2, 3, 4], [10, 20, 40, 30])
    assert got["correlation"] == pytest.approx(0.8)
    assert got["low"] <= 0.8 <= got["high"]
    assert rank_correlation([1, 1, 1], [1, 2, 3])["correlation"] == 0


def test_the_question_alone_tells_difficulty_where_length_does() -> None:
    rng = np.random.default_rng(1)
    lengths = rng.integers(1, 12, 400)
    texts = ["+".join(str(rng.integers(1, 100)) for _ in range(n)) for n in lengths]
    easiness = np.clip(1 - lengths / 12 + 0.05 * rng.standard_normal(400), 0, 1)
    model = QuestionDifficulty().fit(texts[:300], easiness[:300])
    predicted = model.predict(texts)
    assert rank_correlation(predicted[300:], easiness[300:])["low"] > 0.8
    assert predicted.min() >= 0 and predicted.max() <= 1
    shuffled = rng.permutation(easiness)
    blind = QuestionDifficulty().fit(texts[:300], shuffled[:300]).predict(texts[300:])
    assert rank_correlation(blind, shuffled[300:])["low"] < 0.2  # nothing to learn, nothing learned


def test_an_unfitted_predictor_says_so() -> None:
    with pytest.raises(InputError, match="fit"):
        QuestionDifficulty().predict(["1+1"])
