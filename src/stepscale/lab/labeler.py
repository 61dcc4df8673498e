"""The symbolic labeler: rates any step of a lab solution by what it follows from, whatever the route.

It stands for PRM800K's people (Lightman et al. 2023, 2.4 and D): +1 correct and makes progress, 0 correct without
progress, -1 anything else. A step is correct if every statement in it is true in the problem's world; since a
problem fixes every value, true means that it follows. It makes progress if it says something simpler than all said
before about the same symbols. No reference solution is looked at. Labels stop at the first negative step.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from stepscale.lab.expressions import Malformed, Tree, parse, symbols_of
from stepscale.lab.world import World, read_world

NEGATIVE, NEUTRAL, POSITIVE = -1, 0, 1
# A step may do this much work at once: several operations, but not the whole problem in one unexplained leap.
LARGEST_LEAP = 30
MAX_STEP_CHARACTERS = 300

_BOXED = re.compile(r"(?:[a-z]+ )*\\boxed\{([^{}]*)\}\.?")
_WORDS = re.compile(r"^(?:[a-z]{2,},?(?: |$))+|\.$")
_RELATION = re.compile(r"[=<>]")

read_world_cached = lru_cache(maxsize=4096)(read_world)


def rate_steps(problem: str, steps: Sequence[str]) -> list[int]:
    """Ratings of ``steps`` in order, up to and including the first negative one (-1, 0 or +1 each).

    Raises Malformed if the problem is not in the lab's language; whatever the steps hold, they only get ratings.
    """
    world = read_world_cached(problem)
    said = dict(world.known)
    ratings: list[int] = []
    for step in steps:
        ratings.append(rate_step(world, said, step))
        if ratings[-1] == NEGATIVE:
            break
    return ratings


def rate_step(world: World, said: dict[frozenset[str], int], step: str) -> int:
    """The rating of one step after what has been ``said`` (lowest cost by symbols); updates ``said``."""
    if len(step) > MAX_STEP_CHARACTERS:
        return NEGATIVE
    boxed = _BOXED.fullmatch(step.strip())
    if boxed:
        return _rate_answer(world, said, boxed.group(1))
    text = _WORDS.sub("", step.strip())
    if not text:
        return NEUTRAL
    try:
        progress = [_rate_statement(world, said, clause) for clause in re.split(r"[,;] ?", text)]
    except (Malformed, RecursionError):
        return NEGATIVE
    return min(progress) if NEGATIVE in progress else max(progress)


def _rate_answer(world: World, said: dict[frozenset[str], int], answer: str) -> int:
    """A final answer must be right, in canonical form, and not a leap from what has been said."""
    if answer.strip() != world.answer:
        return NEGATIVE
    left = max((said[about] for about in world.known), default=0)
    return POSITIVE if left <= LARGEST_LEAP else NEGATIVE


def _rate_statement(world: World, said: dict[frozenset[str], int], clause: str) -> int:
    relations = _RELATION.findall(clause)
    if not relations:
        raise Malformed("says nothing")
    trees = [parse(part) for part in _RELATION.split(clause)]
    if not _holds(world, trees, relations):
        return NEGATIVE
    about = frozenset[str]().union(*map(symbols_of, trees))
    if not about:
        return NEUTRAL  # true of numbers, but says nothing of the problem
    cost = world.cost(trees) if "=" in relations else 0
    before = said.get(about)
    if before is not None and before - cost > LARGEST_LEAP:
        return NEGATIVE
    if before is not None and cost >= before:
        return NEUTRAL
    said[about] = cost
    return POSITIVE


def _holds(world: World, trees: list[Tree], relations: list[str]) -> bool:
    values = [world.value(tree) for tree in trees]
    for relation, left, right in zip(relations, values, values[1:], strict=False):
        if not (left == right if relation == "=" else left < right if relation == "<" else left > right):
            return False
    return True
