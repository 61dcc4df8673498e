"""The lab's worlds by name. A world makes problems, knows their answers, and rates any step of a solution.

``formulas``: expressions, equations, remainders, sequences and orders, as in MATH's subjects. ``quantities``: word problems in
plain English, many small steps per solution. A problem's text tells which world it belongs to.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from stepscale.lab import labeler as formulas_labeler
from stepscale.lab.families import FAMILIES as FORMULAS
from stepscale.lab.families import HELD_OUT_FAMILY as HELD_OUT_FORMULA
from stepscale.lab.quantities import free_labeler, stories
from stepscale.lab.quantities.wording import read_story, tell
from stepscale.lab.world import read_world

WorldName = Literal["formulas", "quantities"]
_BEGINNING_OF_STORIES = "Some friends have "


@dataclass(frozen=True)
class World:
    """How problems are made and answered.

    Attributes:
        families: Kinds of problems.
        held_out: The family that no verifier is trained on.
        problem: The text of a random problem of a family and a level.
        answer: The right final answer of a problem's text.
    """

    families: tuple[str, ...]
    held_out: str
    problem: Callable[[str, int, Random], str]
    answer: Callable[[str], str]


def _story_answer(problem: str) -> str:
    story = read_story(problem)
    return str(story.amounts[story.asked])


WORLDS: dict[WorldName, World] = {
    "formulas": World(
        tuple(FORMULAS),
        HELD_OUT_FORMULA,
        lambda family, level, rng: FORMULAS[family].problem(level, rng),
        lambda problem: read_world(problem).answer,
    ),
    "quantities": World(
        stories.FAMILIES,
        stories.HELD_OUT_FAMILY,
        lambda family, level, rng: tell(stories.draw_story(family, level, rng)),
        _story_answer,
    ),
}


def rate_steps(problem: str, steps: Sequence[str]) -> list[int]:
    """Ratings of ``steps`` in order, up to and including the first negative one (-1, 0 or +1 each), by the problem's world.

    Raises:
        Malformed: The problem is of no world of the lab. Whatever the steps hold, they only get ratings.
    """
    is_story = problem.lstrip().startswith(_BEGINNING_OF_STORIES)
    return free_labeler.rate_steps(problem, steps) if is_story else formulas_labeler.rate_steps(problem, steps)
