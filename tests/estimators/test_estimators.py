"""The estimators against brute force over all subsets, and their speed-independent promises."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators import (
    best_of_n,
    best_of_n_per_problem,
    bootstrap_interval,
    majority,
    majority_per_problem,
    paired_interval,
    pass_at_k,
    vote_draws,
    voting,
    weighted,
    weighted_per_problem,
)
from stepscale.estimators.intervals import groups_interval
from stepscale.estimators.vote_rules import FilteredVote


@st.composite
def samples(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(scores, answers, correct, mask) [problems, samples] with many ties; correctness follows the answer."""
    problems, places = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    cell = st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans())
    rows = draw(st.lists(st.lists(cell, min_size=places, max_size=places), min_size=problems, max_size=problems))
    table = np.array(rows)
    return table[..., 0] / 3, table[..., 1], table[..., 1] == 1, table[..., 2].astype(bool)


def brute(choose, table, n: int) -> float:
    """Mean over problems and over all subsets of n places of what ``choose`` makes of a subset."""
    scores, answers, correct, mask = table
    values = []
    for p in range(len(scores)):
        for subset in combinations(range(scores.shape[1]), n):
            chosen = [i for i in subset if mask[p, i]]
            values.append(choose(scores[p], answers[p], correct[p], chosen) if chosen else 0.0)
    return float(np.mean(values))


def best(scores, answers, correct, chosen) -> float:
    top = max(scores[i] for i in chosen)
    return float(np.mean([correct[i] for i in chosen if scores[i] == top]))


def vote(scores, answers, correct, chosen, weigh: bool) -> float:
    tally = {}
    for i in chosen:
        tally[answers[i]] = tally.get(answers[i], 0) + (scores[i] if weigh else 1)
    top = max(tally.values())
    return float(np.mean([a == 1 for a, v in tally.items() if v > top - 1e-9]))


@settings(max_examples=60, deadline=None)
@given(samples())
def test_best_of_n_is_the_mean_over_all_subsets(table) -> None:
    scores, _, correct, mask = table
    ns = range(1, scores.shape[1] + 1)
    assert best_of_n(scores, correct, ns, mask) == pytest.approx([brute(best, table, n) for n in ns])


@settings(max_examples=60, deadline=None)
@given(samples())
def test_pass_at_k_is_the_mean_over_all_subsets(table) -> None:
    _, _, correct, mask = table
    ks = range(1, correct.shape[1] + 1)
    expected = [brute(lambda s, a, c, subset: float(any(c[i] for i in subset)), table, k) for k in ks]
    assert pass_at_k(correct, ks, mask) == pytest.approx(expected)


@settings(max_examples=60, deadline=None)
@given(samples())
def test_votes_are_the_mean_over_all_subsets_when_these_are_few(table) -> None:
    scores, answers, correct, mask = table
    ns = list(range(1, scores.shape[1] + 1))
    for weigh, got in (
        (False, majority_per_problem(answers, correct, ns, mask)),
        (True, weighted_per_problem(answers, scores, correct, ns, mask)),
    ):
        exact = [brute(lambda s, a, c, d, w=weigh: vote(s, a, c, d, w), table, n) for n in ns]
        assert got.per_problem.mean(axis=0) == pytest.approx(exact)
        assert not got.error.any()


@pytest.mark.parametrize("weigh", [False, True])
def test_votes_by_random_orders_are_within_their_stated_error_of_all_subsets(weigh: bool, monkeypatch) -> None:
    rng = np.random.default_rng(5)
    answers, scores = np.sort(rng.integers(0, 4, (6, 12)), axis=1), rng.random((6, 12))  # places in a bad order
    arguments, ns = (answers, scores, answers == 1) if weigh else (answers, answers == 1), [3, 5, 8]
    estimate = weighted_per_problem if weigh else majority_per_problem
    exact = estimate(*arguments, ns)
    monkeypatch.setattr(voting, "_MAX_ENUMERATED_CELLS", 0)
    got = estimate(*arguments, ns)
    off = np.abs(got.per_problem.mean(axis=0) - exact.per_problem.mean(axis=0))
    assert (got.error > 0).all()
    assert (off <= 4 * got.error).all()
    assert np.array_equal(got.per_problem, estimate(*arguments, ns).per_problem)  # seeded


def test_pass_at_k_is_the_unbiased_formula() -> None:
    correct = np.arange(100)[None, :] < 7
    assert pass_at_k(correct, [10]) == pytest.approx([1 - comb(93, 10) / comb(100, 10)])


def test_a_perfect_score_reaches_the_ceiling_and_a_constant_one_the_mean() -> None:
    rng = np.random.default_rng(0)
    correct = rng.random((40, 64)) < 0.2
    ns = [1, 4, 16, 64]
    assert best_of_n(correct, correct, ns) == pytest.approx(pass_at_k(correct, ns))
    assert best_of_n(np.zeros_like(correct, float), correct, ns) == pytest.approx([correct.mean()] * 4)


def test_unanswered_samples_take_a_place_but_are_never_chosen() -> None:
    scores, correct, mask = np.array([[0.9, 0.1]]), np.array([[True, True]]), np.array([[False, True]])
    assert best_of_n(scores, correct, [1, 2], mask) == pytest.approx([0.5, 1.0])
    assert majority(np.array([["a", "a"]]), correct, [1, 2], mask) == pytest.approx([0.5, 1.0])


def test_none_and_nan_answers_have_no_vote() -> None:
    answers = np.array([[None, None, "3", np.nan]], dtype=object)
    assert majority(answers, answers == "3", [4]) == pytest.approx([1.0])


def test_the_integer_minus_one_is_no_answer() -> None:
    assert majority(np.array([[-1, -1, -1, 7]]), np.array([[False, False, False, True]]), [4]) == pytest.approx([1.0])


def test_nothing_answered_is_wrong_for_every_estimator() -> None:
    none, ns = np.zeros((1, 3), bool), [1, 2, 3]
    right, answers, scores = np.ones((1, 3), bool), np.array([["a", "a", "b"]]), np.ones((1, 3))
    for got in (
        best_of_n(scores, right, ns, none),
        pass_at_k(right, ns, none),
        majority(answers, right, ns, none),
        weighted(answers, scores, right, ns, none),
    ):
        assert got == pytest.approx([0.0] * 3)


def test_an_impossible_solution_still_beats_no_solution() -> None:
    scores, mask = np.array([[-np.inf, np.nan]]), np.array([[True, False]])
    assert best_of_n_per_problem(scores, np.array([[True, True]]), [1, 2], mask) == pytest.approx(
        np.array([[0.5, 1.0]])
    )


def test_one_vote_decides_nothing_more_than_chance_among_answers_of_score_zero() -> None:
    answers = np.array([["right", "wrong", "wrong"]])
    assert weighted(answers, np.zeros((1, 3)), answers == "right", [3]) == pytest.approx([0.5])


def test_sums_that_agree_to_twelve_digits_are_tied_at_every_budget() -> None:
    answers, scores, correct = [["a", "b", "c"]], [[0.3, 0.1 + 0.2, 0.1]], [[1, 0, 0]]
    assert weighted(answers, scores, correct, [1, 2, 3]) == pytest.approx([1 / 3, 1 / 2, 1 / 2])


def test_votes_whose_sum_no_float_can_hold_are_counted_as_any_others() -> None:
    answers, correct = [["a", "a", "b", "b"]], [[1, 1, 0, 0]]
    tiny, huge = [[0.5, 0.6, 0.7, 0.8]], [[0.85e308, 1.02e308, 1.19e308, 1.36e308]]
    with np.errstate(all="raise"):
        assert weighted(answers, huge, correct, [1, 2, 3, 4]) == pytest.approx(
            weighted(answers, tiny, correct, [1, 2, 3, 4])
        )
        codes, rule = np.array([[1, 1, 2, 2]]), FilteredVote(by="score", share=1.0)
        tally = rule.tally(codes, np.array(huge), 3)[0]
    assert tally[2] / tally[1] == pytest.approx(1.5 / 1.1)


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(InputError, match="pass probabilities"):
        weighted(np.array([["a", "b"]]), np.array([[-1.0, 2.0]]), np.array([[True, False]]), [1])


def test_weighted_votes_follow_the_scores_not_the_heads() -> None:
    answers, scores = np.array([[1, 2, 2]]), np.array([[0.9, 0.2, 0.3]])
    assert weighted(answers, scores, answers == 1, [3]) == pytest.approx([1.0])
    assert majority(answers, answers == 1, [3]) == pytest.approx([0.0])


@pytest.mark.parametrize("ns", [[0], [5], [1, 9]])
def test_an_impossible_budget_is_named(ns: list[int]) -> None:
    with pytest.raises(InputError, match=r"budgets must lie in 1..4"):
        best_of_n(np.zeros((2, 4)), np.zeros((2, 4)), ns)


def test_scores_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="must be numbers"):
        best_of_n(np.array([[np.nan, 1.0]]), np.zeros((1, 2)), [1])


def test_the_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for i in range(150):
        interval = bootstrap_interval((rng.random(100) < 0.3).astype(float), resamples=250, seed=i)
        covered += interval.low <= 0.3 <= interval.high
    assert 0.89 <= covered / 150 <= 0.99


def test_the_monte_carlo_error_of_some_problems_follows_from_each_one_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voting, "_MAX_ENUMERATED_CELLS", 0)
    monkeypatch.setattr(vote_draws, "_MAX_CELLS", 40 * 12 * 100)  # a hundred orders
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 4, (40, 12))
    answers[20:] = 1  # sure to be right: no order changes it
    got = majority_per_problem(answers, answers == 1, [5])
    everyone, hard = np.ones(40, bool), np.arange(40) < 20
    assert got.error_among(everyone) == pytest.approx(got.error, rel=0.3)
    assert got.error_among(hard) == pytest.approx(2 * got.error_among(everyone))  # all of it stems from half of them
    assert got.error_among(~hard) == 0 and got.error_among() is got.error
    again = [majority_per_problem(answers, answers == 1, [5], seed=s).per_problem[hard].mean() for s in range(60)]
    assert np.std(again) == pytest.approx(got.error_among(hard)[0], rel=0.4)


def test_groups_of_one_mean_differ_by_nothing_in_every_resample() -> None:
    group = np.arange(60) % 3
    same = groups_interval(np.full(60, 0.1), group == 0, group == 1)
    assert same.n_problems == int((group < 2).sum()), "those of both groups, no others"
    assert (same.mean, same.low, same.high) == (0, 0, 0)
    by_group = groups_interval(np.where(group == 0, 0.5, 0.25), group == 0, group == 1, resamples=300)
    assert (by_group.mean, by_group.low, by_group.high) == (0.25, 0.25, 0.25)
    noise = np.random.default_rng(0).random(60)
    got = groups_interval(noise, group == 0, group == 1)
    assert got.mean == pytest.approx(noise[group == 0].mean() - noise[group == 1].mean())
    assert got.low < got.mean < got.high
    few = groups_interval([0.0, 1.0, 1.0], [True, False, False], [False, True, True])  # the first is often not drawn
    assert (few.mean, few.low, few.high) == (-1, -1, -1)
    with pytest.raises(InputError, match="one of them is empty"):
        groups_interval(noise, group == 0, group == 3)


def test_the_interval_keeps_the_shape_and_the_seed_decides() -> None:
    values = np.random.default_rng(2).random((50, 3))
    first, again = bootstrap_interval(values, seed=3), bootstrap_interval(values, seed=3)
    assert first.low.shape == (3,)
    assert (first.low == again.low).all()
    assert (first.low < first.mean).all() and (first.mean < first.high).all()


def test_a_paired_difference_is_surer_than_two_separate_intervals() -> None:
    hard = np.random.default_rng(4).random(300)
    better = paired_interval(hard + 0.02, hard)
    assert better.low == pytest.approx(0.02) and better.high == pytest.approx(0.02)
    with pytest.raises(InputError, match="same problems"):
        paired_interval(hard, hard[:-1])
