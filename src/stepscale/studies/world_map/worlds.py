"""The worlds of the map: what varies between them, and an ideal generator that errs exactly as a world says.

The generator is a hand of the lab, not a trained model: it goes on from any steps, with the world's slips and misconceptions. A
token is a whole step here, so searches run on it as on any generator and cost nothing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from random import Random

from stepscale.cost import Ledger
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.lab.hands import Habits, Hand
from stepscale.lab.stories import FAMILIES, HELD_OUT_FAMILIES, draw_story
from stepscale.lab.wording import tell
from stepscale.parameters.world_map import WorldGrid
from stepscale.seeds import seed_for

END = 0  # the token that ends a solution
_ANSWER = "Answer"


@dataclass(frozen=True)
class MapWorld:
    """One world.

    Attributes:
        labels: Step labels that the PRM learns from.
        flipped: Share of them that say the opposite.
        slips: Rate of the generator's slips, in multiples of the lab's hands'.
        misconceptions: Share of facts, readings and names that it has misconceived.
        level: Length of the problems, 1 to 5.
    """

    labels: int
    flipped: float
    slips: float
    misconceptions: float
    level: int

    @property
    def habits(self) -> Habits:
        """How its generator errs."""
        usual, share = Habits(), self.misconceptions
        return replace(
            usual,
            slip=min(usual.slip * self.slips, 0.3),
            copy_slip=min(usual.copy_slip * self.slips, 0.5),
            hasty=min(usual.hasty * self.slips, 0.5),
            fact_share=share,
            reading_share=share,
            name_share=share,
        )

    @property
    def name(self) -> str:
        """All of it in one line."""
        return " ".join(f"{key}={value:g}" for key, value in asdict(self).items())


def worlds_of(grid: WorldGrid) -> list[MapWorld]:
    """Every combination of the grid's values.

    Args:
        grid: Values of each that varies.
    """
    values = (grid.labels, grid.flipped, grid.slips, grid.misconceptions, grid.levels)
    return [MapWorld(*combination) for combination in product(*values)]


def held_out_worlds(grid: WorldGrid, count: int, seed: int) -> list[MapWorld]:
    """Worlds between the grid's smallest and largest values; labels evenly by their logarithm.

    Args:
        grid: The grid.
        count: How many.
        seed: Decides them.
    """
    rng = Random(seed_for(seed, "held-out-worlds"))

    def between(values: Sequence[float]) -> float:
        return round(rng.uniform(min(values), max(values)), 4)

    most = max(grid.labels) / min(grid.labels)
    return [
        MapWorld(
            round(min(grid.labels) * most ** rng.random()),
            between(grid.flipped),
            between(grid.slips),
            between(grid.misconceptions),
            rng.randint(min(grid.levels), max(grid.levels)),
        )
        for _ in range(count)
    ]


def draw_problem(world: MapWorld, rng: Random) -> str:
    """The text of a problem of the world's length, of one of the families that are judged.

    Args:
        world: Its settings.
        rng: Decides what is drawn.
    """
    families = [family for family in FAMILIES if family not in HELD_OUT_FAMILIES]
    return tell(draw_story(rng.choice(families), world.level, rng))


class HandGenerator:
    """A Generator over the lab's hands. Token 0 ends a solution; every other token is a step or a problem, by its text.

    Args:
        habits: Rates of the hands' mistakes.
    """

    def __init__(self, habits: Habits) -> None:
        self.name, self.habits = "hand", habits
        self._texts, self._ids = [""], dict[str, int]()

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """See ``Generator``. A problem is one token."""
        return (self._id(problem),)

    def decode(self, tokens: Sequence[int]) -> str:
        """See ``Generator``. Steps are lines."""
        return "\n".join(self._texts[token] for token in tokens if token != END)

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """See ``Generator``. The hand has no temperature, and ``max_new_tokens`` bounds steps."""
        continuations = [self._continue(request, sampling.max_new_tokens, until) for request in requests]
        ledger.add(self.name, "decode", sum(len(continuation.tokens) for continuation in continuations))
        return continuations

    def _continue(self, request: Request, most: int, until: Until) -> Continuation:
        problem, *steps = (self._texts[token] for token in request.prefix)
        if steps and steps[-1].startswith(_ANSWER):
            return Continuation((END,), (), "solution", ())
        steps_left = Hand(Random(request.seed), self.habits).solve(problem, tuple(steps))[len(steps) :]
        if until == "step":
            return Continuation((self._id(steps_left[0]),), (), "step", (0,))
        tokens = tuple(map(self._id, steps_left[:most]))
        if len(steps_left) >= most:
            return Continuation(tokens, (), "length", tuple(range(len(tokens))))
        return Continuation((*tokens, END), (), "solution", tuple(range(len(tokens))))

    def _id(self, text: str) -> int:
        if text not in self._ids:
            self._ids[text] = len(self._texts)
            self._texts.append(text)
        return self._ids[text]
