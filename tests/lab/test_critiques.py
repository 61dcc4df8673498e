"""Critiques of the lab: each step is worked out again, and the tolerant reader finds the labeler's verdicts in them."""

from pathlib import Path
from random import Random

import pytest

from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.critiques import critique
from stepscale.lab.hands import CAREFUL, Hand
from stepscale.lab.labeler import rate_steps
from stepscale.lab.stories import draw_story
from stepscale.lab.wording import Malformed, tell
from stepscale.verifiers.critique_text import read_verdicts

PROBLEM = "Some friends have pens. Tom has 3. As many as Tom and 4 more go to Ann. How many pens does Ann have?"
STEP = "As many as Tom and 4 more go to Ann: Tom's 3 plus 4, so Ann has 7"


def test_a_right_step_is_repeated_and_a_wrong_one_corrected_and_nothing_follows() -> None:
    assert critique(PROBLEM, [STEP, "Answer: 7"]) == [f"{STEP}: yes", "Ann has 7: yes"]
    wrong = STEP.replace("has 7", "has 8")
    assert critique(PROBLEM, [wrong, "Answer: 8"]) == [f"{STEP}: no"]
    assert critique(PROBLEM, [STEP, "Answer: 8"])[1] == "Ann has 7: no"


def test_the_page_shows_a_critique_as_the_critic_learns_it() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/solve_or_verify.md").read_text(encoding="utf-8")
    assert page.split("```\n")[1].splitlines() == critique(PROBLEM, [STEP, "Answer: 8"])


@pytest.mark.parametrize("step", ["", "so it goes", "Answer: 7", "Zoe has 3", "x, so Ann has 9" * 99])
def test_what_cannot_be_worked_out_is_wrong_too(step: str) -> None:
    [line] = critique(PROBLEM, [step])
    assert line.endswith("no")


def test_a_problem_of_another_world_is_refused() -> None:
    with pytest.raises(Malformed, match="not a problem of the lab"):
        critique("E=1+1. Find E.", ["E=2"])


def test_the_verdicts_read_in_a_critique_are_the_labelers_for_any_solution() -> None:
    rng = Random(0)
    for number in range(150):
        problem = tell(draw_story(("sums", "products", "active")[number % 3], 1 + number % 5, rng))
        steps = Hand(rng).solve(problem) if number % 2 else Hand(rng, CAREFUL).solve(problem)
        ratings = rate_steps(problem, steps)
        right = len(ratings) - (NEGATIVE in ratings)
        verdicts = read_verdicts("\n".join(critique(problem, steps)), len(steps))
        assert verdicts == (True,) * right + (False,) * (len(steps) - right)
