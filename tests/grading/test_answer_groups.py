"""Votes count answers, not spellings: equal answers of a problem get one spelling."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stepscale.errors import InputError
from stepscale.estimators import majority, sample_grid, weighted
from stepscale.grading import answer_groups, is_equivalent
from stepscale.grading.answer_groups import group_equal_answers


@pytest.mark.parametrize(
    "spellings",
    [
        ["\\frac{1}{2}", "1/2", "0.5"],
        ["2\\sqrt{2}", "\\sqrt{8}"],
        ["x+1", "1+x", "1 + x"],
        ["10", "10.0", "$10$"],
        ["1,000", "1000"],
        ["(1, 2)", "(1,2)", "\\left(1, 2\\right)"],
    ],
)
def test_spellings_of_one_answer_are_one_answer(spellings: list[str]) -> None:
    grouped = group_equal_answers([*spellings, "7", None])
    assert len(set(grouped[: len(spellings)])) == 1 and grouped[0] in spellings
    assert grouped[len(spellings) :] == ["7", None]


def test_lenient_rules_group_what_they_accept() -> None:
    assert len(set(group_equal_answers(["\\frac{1}{4}", "0.25", "1/4"], "lenient"))) == 1
    with pytest.raises(InputError, match="not a grading rule"):
        group_equal_answers(["1", "2"], "none")  # type: ignore[arg-type]


def test_the_most_frequent_spelling_stands_for_its_answer() -> None:
    assert group_equal_answers(["1/2", "0.5", "0.5", "3"]) == ["0.5", "0.5", "0.5", "3"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(["1/2", "0.5", "\\frac12", "2", "2.0", "x", "x+0", "a b", "", "}{", None]), max_size=9),
    st.randoms(),
)
def test_groups_do_not_depend_on_the_order_of_the_samples(answers, random) -> None:
    grouped = dict(zip(answers, group_equal_answers(answers), strict=True))
    shuffled = answers.copy()
    random.shuffle(shuffled)
    assert dict(zip(shuffled, group_equal_answers(shuffled), strict=True)) == grouped
    again = group_equal_answers(list(grouped.values()))
    assert again == list(grouped.values()), "what stands for a group stands for itself"
    for answer, spelling in grouped.items():
        assert answer == spelling or is_equivalent(answer, spelling) or is_equivalent(spelling, answer)


def test_each_pair_is_graded_once_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    from stepscale.grading.strict import strict

    compared_pairs, settle = [], strict.settle
    monkeypatch.setattr(
        strict, "settle", lambda answer, gold: compared_pairs.append(frozenset((answer, gold))) or settle(answer, gold)
    )
    group_equal_answers([f"{i}\\sqrt{{{i}}}+y" for i in range(20)] + ["y+\\sqrt{1}"])
    assert len(compared_pairs) == len(set(compared_pairs)) <= 21 * 20 / 2


def test_the_work_on_a_problem_of_many_answers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    compared, symbolic, settle = [], [], answer_groups.settle
    monkeypatch.setattr(answer_groups, "settle", lambda *pair: compared.append(pair) or settle(*pair))
    monkeypatch.setattr(
        answer_groups, "grade_many", lambda answers, *_: symbolic.extend(answers) or [False] * len(answers)
    )
    many = [f"{i}\\sqrt{{{i + 1}}}+x^{{{i}}}" for i in range(1500)]
    assert group_equal_answers(many) == many
    assert len(compared) == 2_000, "of more than a million pairs"
    compared.clear()
    hard = ["3*2^n" + "+0" * i for i in range(60)]
    assert group_equal_answers(hard) == hard
    assert len(symbolic) == 50 < len(compared) <= 2_000


def solutions(answers: list[str | None], gold: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    verdicts = [answer is not None and is_equivalent(answer, gold) for answer in answers]
    table = {"problem_id": "p", "sample_id": range(len(answers)), "answer": answers, "is_correct": verdicts}
    return pd.DataFrame({"problem_id": ["p"]}), pd.DataFrame(table)


def test_three_spellings_of_the_right_answer_outvote_two_equal_wrong_ones() -> None:
    grid = sample_grid(*solutions(["\\frac{1}{2}", "1/2", "0.5", "3", "3", None], "1/2"))
    assert majority(grid.answers, grid.correct, [6], grid.mask) == pytest.approx([1.0])
    scores = np.array([[0.3, 0.3, 0.3, 0.4, 0.4, 0.0]])
    assert weighted(grid.answers, scores, grid.correct, [6], grid.mask) == pytest.approx([1.0])
