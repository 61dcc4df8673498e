"""Exercises of judging: a story whose friends all follow from given amounts, and a careless step for each of them.

In solutions a wrong step is rare, and nothing is judged after it. Here every step stands alone and all are judged, so a base
model meets several wrong results, copies, readings and quotations per page. The given amounts are as large as those on the way in
solutions. A model never imitates such a page.
"""

from dataclasses import replace
from random import Random

from stepscale.formats.ratings import NEGATIVE, POSITIVE
from stepscale.lab.hands import Habits, Hand
from stepscale.lab.labeler import rate_step, right_steps
from stepscale.lab.stories import (
    MAX_QUANTITY,
    NAMES,
    NUMBERS,
    ONE_SOURCE,
    THINGS,
    TWO_SOURCES,
    Definition,
    Story,
    define,
)
from stepscale.lab.wording import tell

CARELESS = Habits(slip=0.14, copy_slip=0.15)
_MISQUOTED_SHARE = 0.15  # of steps; with slips and misconceptions about half of them are wrong
_GIVEN = range(3, 8)  # friends with a given amount
_AMOUNTS = (12, 30, MAX_QUANTITY)  # up to one of these
_STEPS = range(4, 10)


def write_exercise(family: str, rng: Random) -> tuple[str, tuple[str, ...], tuple[int, ...], tuple[str, ...]]:
    """A problem with steps that each stand alone beside the given amounts.

    Args:
        family: Of the problem's sentences.
        rng: Draws the exercise.

    Returns:
        The problem, its steps, -1 or +1 for each, and all steps that are right beside the given amounts.
    """
    names = rng.sample(NAMES, len(NAMES))
    givens = [
        Definition(names.pop(), "given", (), rng.randint(1, rng.choice(_AMOUNTS))) for _ in range(rng.choice(_GIVEN))
    ]
    believed = {definition.name: definition.number for definition in givens}
    amounts = dict(believed)
    derived = [
        define(names.pop(), rng.sample(list(believed), rng.choice((1, 1, 2))), amounts, family, rng)
        for _ in range(rng.choice(_STEPS))
    ]
    story = Story((*givens, *derived), derived[-1].name, rng.choice(THINGS), family)
    hand = Hand(rng, CARELESS)
    order = rng.sample(derived, len(derived))
    quoted = [_misquoted(d, list(believed), rng) if rng.random() < _MISQUOTED_SHARE else d for d in order]
    steps = tuple(hand.step(definition, family, dict(believed)) for definition in quoted)
    # Whether a step is needed is not judged here.
    ratings = tuple(NEGATIVE if rate_step(story, set(believed), step) == NEGATIVE else POSITIVE for step in steps)
    return tell(story), steps, ratings, tuple(right_steps(story, set(believed)))


def _misquoted(definition: Definition, names: list[str], rng: Random) -> Definition:
    """The definition with another relation, another number or another source."""
    group = ONE_SOURCE if len(definition.sources) == 1 else TWO_SOURCES
    relation, number, sources = definition.relation, definition.number, definition.sources
    changed = rng.choice(("relation", "number", "source") if number else ("relation", "source"))
    if changed == "relation":
        relation = rng.choice([candidate for candidate in group if candidate != relation])
    elif changed == "number":
        number = rng.choice([candidate for candidate in NUMBERS if candidate != number])
    else:
        others = [name for name in names if name not in sources]
        sources = (rng.choice(others or names), *sources[1:])
    return replace(definition, relation=relation, number=number, sources=sources)
