"""The perfect imitator: what most hands do, it does."""

from dataclasses import replace
from random import Random

import pytest

from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.hands import CAREFUL, Habits
from stepscale.lab.labeler import rate_steps
from stepscale.lab.perfect_imitator import PerfectImitator
from stepscale.lab.problems import make_problems

PROBLEMS = make_problems(60, "train", 1001)["problem"].tolist()


def share_right(habits: Habits) -> float:
    """Share of the problems whose steps it writes are all right."""
    solutions = [PerfectImitator(Random(i), habits).solve(problem) for i, problem in enumerate(PROBLEMS)]
    ratings = [rate_steps(problem, steps) for problem, steps in zip(PROBLEMS, solutions, strict=True)]
    return sum(NEGATIVE not in rated for rated in ratings) / len(PROBLEMS)


def test_slips_are_rare_so_it_makes_none() -> None:
    assert share_right(replace(CAREFUL, slip=0.15, copy_slip=0.4, hasty=0.4)) == 1


@pytest.mark.parametrize("kind", ["fact_share", "reading_share", "name_share"])
def test_a_misconception_that_strikes_more_often_than_not_is_its_own(kind: str) -> None:
    assert share_right(replace(CAREFUL, **{kind: 0.9}, tail=0.51, strength=0.6)) < 0.5
    assert share_right(replace(CAREFUL, **{kind: 0.9}, tail=0.3, strength=0.49)) == 1


def test_it_errs_less_than_the_hands_and_is_not_always_right() -> None:
    assert 0.4 < share_right(Habits()) < 1
