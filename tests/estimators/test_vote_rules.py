"""Rules for votes: by hand, against brute force over all subsets, and the same in a search as over recorded samples."""

from itertools import combinations
from math import ceil, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators.confidence import lowest_group_confidence, self_certainty
from stepscale.estimators.vote_rules import BordaVote, FilteredVote, PessimisticVote
from stepscale.estimators.voting import ruled_per_problem, weighted_per_problem
from stepscale.search.answer_selection import choose
from stepscale.search.results import Candidate

ANSWERS = [["x", "y", "y", "z", "x"]]
VALUES = [[0.9, 0.5, 0.6, 0.8, 0.1]]
RULES = [
    BordaVote(by="score"),
    BordaVote(by="score", power=0.3),
    FilteredVote(by="score", share=0.4),
    PessimisticVote(),
    PessimisticVote(penalty=0.05),
]


def tally(rule, answers=ANSWERS, values=VALUES):
    codes = np.array([[" xyz".index(a) if a else 0 for a in row] for row in answers])
    return rule.tally(codes, np.array(values, float), 4)[:, 1:].tolist()


def test_borda_gives_the_best_of_k_samples_k_votes_and_the_last_one():
    # from the best: x 5, z 4, y 3, y 2, x 1
    assert tally(BordaVote(by="score")) == [[6, 5, 4]]
    assert tally(BordaVote(by="score", power=2)) == [[26, 13, 16]]


def test_samples_without_an_answer_have_no_place_and_equal_values_share_theirs():
    answers, values = [["x", None, "y", "z"]], [[0.5, 0.9, 0.5, 0.1]]
    assert tally(BordaVote(by="score"), answers, values) == [[2.5, 2.5, 1]]


def test_the_most_confident_share_votes_with_its_confidence():
    # 0.1 of 5 is one sample, 0.4 two, 0.5 three
    assert tally(FilteredVote(by="score", share=0.1)) == [[0.9, 0, 0]]
    assert tally(FilteredVote(by="score", share=0.4)) == [[0.9, 0, 0.8]]
    assert tally(FilteredVote(by="score", share=0.5)) == [[0.9, 0.6, 0.8]]
    assert tally(FilteredVote(by="score", share=1)) == [pytest.approx([1.0, 1.1, 0.8])]


def test_few_samples_cost_an_answer_its_penalty():
    # means x .5, y .55, z .8; less penalty ln(5) / (k + 1), raised by penalty ln(5) / 2
    for penalty in (0.0, 0.5, 2.0):
        raised = [
            mean - penalty * log(5) / (k + 1) + penalty * log(5) / 2 for mean, k in ((0.5, 2), (0.55, 2), (0.8, 1))
        ]
        assert tally(PessimisticVote(penalty=penalty)) == [pytest.approx(raised)]
    assert np.argmax(tally(PessimisticVote(penalty=0.5))) == 2  # .8 against .55 + .134
    assert np.argmax(tally(PessimisticVote(penalty=2.0))) == 1  # .8 against .55 + .536


def test_confidence_is_a_mean_of_self_certainties_or_the_lowest_of_a_group():
    certainties = [4.0, 1.0, 2.0, 3.0]
    assert self_certainty(certainties) == 2.5
    assert lowest_group_confidence(certainties, 2) == 1.5 and lowest_group_confidence(certainties, 3) == 2.0
    assert (
        lowest_group_confidence(certainties, 4) == lowest_group_confidence(certainties, 2048) == 2.5
        and lowest_group_confidence(certainties, 1) == 1.0
    )


@st.composite
def samples(draw: st.DrawFn):
    """(values, answers, correct, mask) [problems, samples] with many ties; correctness follows the answer."""
    problems, places = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    cell = st.tuples(st.integers(0, 3), st.integers(0, 2), st.booleans())
    rows = draw(st.lists(st.lists(cell, min_size=places, max_size=places), min_size=problems, max_size=problems))
    table = np.array(rows)
    return table[..., 0] / 3, table[..., 1], table[..., 1] == 1, table[..., 2].astype(bool)


def won(rule, values: list[float], answers: list[int]) -> float:
    """What the rule makes of a few samples, written out: the share of answer 1 among the winners."""
    k, tallies = len(values), {}
    if isinstance(rule, PessimisticVote):
        for a in answers:
            votes_for = [v for v, b in zip(values, answers, strict=True) if a == b]
            tallies[a] = sum(votes_for) / len(votes_for) - rule.penalty * log(k) / (len(votes_for) + 1)
    else:
        last = sorted(values, reverse=True)[ceil(getattr(rule, "share", 1) * k) - 1]
        for v, a in zip(values, answers, strict=True):
            place = 1 + sum(u < v for u in values) + (sum(u == v for u in values) - 1) / 2
            vote = place**rule.power if isinstance(rule, BordaVote) else v + 1e-9 if v >= last else 0.0
            tallies[a] = tallies.get(a, 0.0) + vote
        tallies = {a: t for a, t in tallies.items() if t}
    return float(np.mean([a == 1 for a, t in tallies.items() if t > max(tallies.values()) - 1e-7]))


@pytest.mark.parametrize("rule", RULES, ids=str)
@settings(max_examples=60, deadline=None)
@given(samples())
def test_expected_accuracy_is_that_over_all_subsets(rule, table):
    values, answers, correct, mask = table
    places = values.shape[1]
    got = ruled_per_problem(answers, values, correct, range(1, places + 1), rule.tally, mask)
    for p in range(len(values)):
        for n in range(1, places + 1):
            of_subsets = []
            for subset in combinations(range(places), n):
                chosen = [i for i in subset if mask[p, i]]
                of_subsets.append(won(rule, list(values[p, chosen]), list(answers[p, chosen])) if chosen else 0.0)
            assert got.per_problem[p, n - 1] == pytest.approx(np.mean(of_subsets))


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_random_orders_agree_with_all_subsets_within_their_error(rule, monkeypatch):
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 4, (30, 10))
    values, correct = rng.random((30, 10)), answers == 1
    exact = ruled_per_problem(answers, values, correct, [3, 5], rule.tally)
    monkeypatch.setattr("stepscale.estimators.voting._MAX_ENUMERATED_CELLS", 0)
    sampled = ruled_per_problem(answers, values, correct, [3, 5], rule.tally)
    assert (sampled.error > 0).all() and (exact.error == 0).all()
    assert (abs(sampled.per_problem.mean(0) - exact.per_problem.mean(0)) < 5 * sampled.error).all()


def test_where_no_sample_is_left_out_the_filter_is_the_weighted_vote():
    rng = np.random.default_rng(1)
    answers = rng.integers(0, 3, (20, 6))
    values, correct, ns = rng.random((20, 6)), answers == 1, [1, 2, 4, 6]
    all_kept = ruled_per_problem(answers, values, correct, ns, FilteredVote(by="score", share=1).tally).per_problem
    assert all_kept == pytest.approx(weighted_per_problem(answers, values, correct, ns).per_problem)


@pytest.mark.parametrize("rule", RULES, ids=str)
@settings(max_examples=40, deadline=None)
@given(samples())
def test_a_search_chooses_as_recorded_samples_are_measured(rule, table):
    values, answers, correct, mask = table
    measured = ruled_per_problem(answers, values, correct, [values.shape[1]], rule.tally, mask).per_problem[:, 0]
    for p in range(len(values)):
        candidates = [
            Candidate(i, 0, ("s",), (1,), (0,), "solution", str(a) if there else None, (), float(v), None)
            for i, (a, v, there) in enumerate(zip(answers[p], values[p], mask[p], strict=True))
        ]
        right = [choose(candidates, rule, seed, None).answer == "1" for seed in range(12)]
        assert (all(right), any(right)) == (measured[p] == 1, measured[p] > 0) or 0 < measured[p] < 1


def test_confidences_that_are_not_known_are_refused_in_one_line():
    with pytest.raises(InputError, match="scores must be numbers"):
        ruled_per_problem([["x", "y"]], [[0.1, np.nan]], [[True, False]], [1], BordaVote().tally)
