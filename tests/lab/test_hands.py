"""The hands: their mistakes, of both kinds, and that they can go on from any steps."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from stepscale.lab.hands import CAREFUL, Habits, Hand, confused, misread, misremembered
from stepscale.lab.labeler import rate_steps
from stepscale.lab.stories import (
    LEVELS,
    MAX_QUANTITY,
    NAMES,
    NUMBERS,
    ONE_SOURCE,
    OPERATION_OF,
    draw_story,
    result_of,
)
from stepscale.lab.wording import tell


def problems(n: int, level: int = 3) -> list[str]:
    rng = Random(7)
    return [tell(draw_story("products", level, rng)) for _ in range(n)]


@pytest.mark.parametrize(
    "habits",
    [
        replace(CAREFUL, slip=0.2),
        replace(CAREFUL, copy_slip=0.2),
        replace(CAREFUL, hasty=0.2),
        replace(CAREFUL, fact_share=0.5),
        replace(CAREFUL, reading_share=0.5),
        replace(CAREFUL, name_share=0.9),
    ],
    ids=["slip", "copy", "hasty", "fact", "reading", "name"],
)
def test_every_kind_of_mistake_makes_wrong_steps_and_nothing_else_does(habits: Habits) -> None:
    wrong = [
        rate_steps(text, Hand(Random(seed), habits).solve(text))[-1] == -1 for seed, text in enumerate(problems(60))
    ]
    assert sum(wrong) > 3


def test_a_detour_is_neutral() -> None:
    ratings = Counter(
        rating
        for seed, text in enumerate(problems(60))
        for rating in rate_steps(text, Hand(Random(seed), replace(CAREFUL, detour=0.5)).solve(text))
    )
    assert ratings[-1] == 0 and ratings[0] > 20


def test_misconceptions_are_shared_by_all_hands_and_slips_are_not() -> None:
    """Wrong answers of one problem agree with each other where misconceptions made them, and scatter where slips did."""

    def agreement(habits: Habits) -> float:
        shares = []
        for text in problems(40):
            answers = [Hand(Random(seed), habits).solve(text) for seed in range(40)]
            wrong = Counter(steps[-1] for steps in answers if rate_steps(text, steps)[-1] == -1)
            if wrong.total() >= 5:
                shares.append(wrong.most_common(1)[0][1] / wrong.total())
        return sum(shares) / len(shares)

    assert agreement(replace(CAREFUL, fact_share=0.3, reading_share=0.3)) > 2 * agreement(replace(CAREFUL, slip=0.08))


def test_misconceptions_are_many_and_of_every_strength() -> None:
    habits = Habits()
    facts = [
        misremembered(habits, op, a, b)
        for op in set(OPERATION_OF.values())
        for a in range(MAX_QUANTITY)
        for b in range(MAX_QUANTITY)
    ]
    readings = [misread(habits, relation, number) for relation in ONE_SOURCE for number in NUMBERS]
    names = [confused(habits, name) for name in NAMES]
    strengths = [trait[0] for trait in (*facts, *readings, *names) if trait]
    assert len(strengths) > 100
    assert min(strengths) < habits.tail + 0.05 < habits.strength - 0.05 < max(strengths)


def test_a_misremembered_fact_is_wrong_and_a_misread_relation_is_another() -> None:
    habits = Habits()
    for operation in set(OPERATION_OF.values()):
        for left in range(MAX_QUANTITY):
            for right in NUMBERS:
                wrong = misremembered(habits, operation, left, right)
                assert not wrong or wrong[1] != result_of(operation, left, right)
    for relation in ONE_SOURCE:
        for number in NUMBERS:
            trait = misread(habits, relation, number)
            assert not trait or trait[1:] != (OPERATION_OF[relation], number)


@pytest.mark.parametrize("level", LEVELS)
def test_a_hand_goes_on_from_any_steps_whoever_wrote_them(level: int) -> None:
    for seed, text in enumerate(problems(20, level)):
        steps = Hand(Random(seed)).solve(text)
        for n_kept in range(len(steps)):
            again = Hand(Random(seed + 1)).solve(text, tuple(steps[:n_kept]))
            assert again[:n_kept] == steps[:n_kept] and again[-1].startswith("Answer: ")


def test_solutions_depend_on_the_seed_alone() -> None:
    [text] = problems(1)
    assert Hand(Random(3)).solve(text) == Hand(Random(3)).solve(text)
