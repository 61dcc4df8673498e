"""Exercises of judging: a story whose friends all follow from given amounts, and a careless step for each of them.

In solutions a wrong step is rare, and nothing is judged after it. Here every step stands alone and all are judged, so a base
model meets several wrong results, copies and readings per page. The given amounts are as large as those on the way in
solutions. A model never imitates such a page.
"""

from random import Random

from stepscale.lab.hands import Habits, Hand
from stepscale.lab.labeler import rate_step
from stepscale.lab.stories import LARGEST, NAMES, THINGS, Definition, Story, define
from stepscale.lab.wording import tell

CARELESS = Habits(slip=0.2, copy_slip=0.1)  # about half of the steps are wrong
_GIVEN = range(3, 8)  # friends with a given amount
_AMOUNTS = (12, 30, LARGEST)  # up to one of these
_STEPS = range(4, 10)


def write_exercise(family: str, rng: Random) -> tuple[str, tuple[str, ...], tuple[int, ...]]:
    """(problem, steps, the rating of each step beside the given amounts)."""
    names = rng.sample(NAMES, len(NAMES))
    givens = [
        Definition(names.pop(), "given", (), rng.randint(1, rng.choice(_AMOUNTS))) for _ in range(rng.choice(_GIVEN))
    ]
    believed = {given.name: given.number for given in givens}
    amounts = dict(believed)
    told = [
        define(names.pop(), rng.sample(list(believed), rng.choice((1, 1, 2))), amounts, family, rng)
        for _ in range(rng.choice(_STEPS))
    ]
    story = Story((*givens, *told), told[-1].name, rng.choice(THINGS), family)
    hand = Hand(rng, CARELESS)
    steps = tuple(hand.step(definition, family, dict(believed)) for definition in rng.sample(told, len(told)))
    return tell(story), steps, tuple(rate_step(story, set(believed), step) for step in steps)
