"""Chains of revisions in a world: an ideal reviser reads its last attempt and writes on from where it sees an error.

It is synthetic: it notices each wrong step, and takes each right one for wrong, with the chances that the options give. Snell et
al. 2024, 6, train a model for this. An attempt in which nothing is noticed stays as it is.
"""

from random import Random

from stepscale.formats.ratings import NEGATIVE
from stepscale.lab.hands import Hand
from stepscale.lab.labeler import rate_steps
from stepscale.parameters.world_map import WorldMapBlock
from stepscale.studies.world_map.worlds import MapWorld


def revise(problem: str, world: MapWorld, options: WorldMapBlock, rng: Random) -> list[tuple[str, ...]]:
    """The attempts of one chain, each with all of its steps.

    Args:
        problem: The problem's text.
        world: Its settings.
        options: How many attempts there are.
        rng: Decides what is drawn.
    """
    hand = Hand(rng, world.habits)
    attempts = [tuple(hand.solve(problem))]
    while len(attempts) < options.attempts:
        last = attempts[-1]
        n_kept = _noticed(problem, last, options, rng)
        attempts.append(last if n_kept is None else tuple(hand.solve(problem, last[:n_kept])))
    return attempts


def _noticed(problem: str, steps: tuple[str, ...], options: WorldMapBlock, rng: Random) -> int | None:
    """How many steps stand before the first one that is taken for wrong; None if none is."""
    ratings = rate_steps(problem, steps)
    first_wrong = len(ratings) - 1 if NEGATIVE in ratings else len(steps)
    for place in range(len(steps)):
        chance = options.notices if place >= first_wrong else options.false_alarms
        if rng.random() < chance:
            return place
    return None
