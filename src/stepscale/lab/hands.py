"""The hands that write the lab's solutions, and the mistakes they make.

The corpus a base model learns from is written by such hands, as text by people is. Two kinds of mistakes:
slips are independent and scattered (a wrong result, a number copied from elsewhere, an answer too early). Misconceptions are
shared by all hands (a fact misremembered, a relation misread, a friend confused with another), of many kinds with a long
tail. A vote among samples repairs slips. It does not repair misconceptions, for they agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from random import Random

from stepscale.lab.stories import MAX_QUANTITY, NAMES, NUMBERS, OPERATION_OF, Definition, Story, result_of
from stepscale.lab.wording import quoted, read_story

_MAX_WRITTEN_NUMBER = 99


@dataclass(frozen=True)
class Habits:
    """Rates of each mistake, 0 to 1. ``*_share``: of all facts, readings or names, how many are misconceived."""

    slip: float = 0.026  # per result below 10; twice that below 30, three times from there on
    copy_slip: float = 0.010  # per operand
    hasty: float = 0.004  # per step: an amount on the way given as the answer
    detour: float = 0.06  # per step: something true that is not needed
    follow_on: float = 0.85  # per step: goes on from the latest amount where that is possible, as people do
    fact_share: float = 0.12
    reading_share: float = 0.12
    name_share: float = 0.12
    strength: float = 0.65  # how often a misconception strikes; the most common ones
    tail: float = 0.35  # and the rarest ones


CAREFUL = Habits(slip=0, copy_slip=0, hasty=0, detour=0, fact_share=0, reading_share=0, name_share=0)


def _hash(*parts: object) -> Random:
    return Random(int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big"))


@lru_cache(maxsize=100_000)
def _misconception(habits: Habits, kind: str, key: tuple[object, ...]) -> float | None:
    """How often it strikes where ``key`` is misconceived, the same for all hands; None where it is not."""
    rng = _hash("misconception", kind, key)
    share = {"fact": habits.fact_share, "reading": habits.reading_share, "name": habits.name_share}[kind]
    if kind == "fact":
        share *= 0.4 if key[0] == "plus" else 1.2
    if rng.random() >= share:
        return None
    rank = rng.random()  # few are common, most are rare
    return habits.tail + (habits.strength - habits.tail) * rank**3


@lru_cache(maxsize=100_000)
def misremembered(habits: Habits, operation: str, left: int, right: int) -> tuple[float, int] | None:
    """(how often, the wrong result) of a fact that the hands misremember; None for one they know.

    Args:
        habits: Which facts are misremembered, and how often.
        operation: "plus", "minus" or "times".
        left: The first operand.
        right: The second one.

    Returns:
        The chance, 0 to 1, and the result.
    """
    trait = _misconception(habits, "fact", (operation, left, right))
    right_result = result_of(operation, left, right)
    if trait is None or not 0 <= right_result <= MAX_QUANTITY:
        return None
    wrong = [r for r in (right_result + d for d in (-10, -3, -2, -1, 1, 2, 3, 10)) if 0 <= r <= _MAX_WRITTEN_NUMBER]
    return trait, _hash("fact", operation, left, right).choice(wrong)


@lru_cache(maxsize=100_000)
def misread(habits: Habits, relation: str, number: int) -> tuple[float, str, int] | None:
    """(how often, operation, number) that the hands read in a relation to one quantity; None where they read it right.

    Args:
        habits: Which readings are wrong, and how often.
        relation: "more", "fewer" or "times".
        number: Of the relation.

    Returns:
        The chance, 0 to 1, and what is read instead.
    """
    trait = _misconception(habits, "reading", (relation, number))
    if trait is None:
        return None
    rng = _hash("reading", relation, number)
    if rng.random() < 0.5:
        return trait, rng.choice([o for o in ("plus", "minus", "times") if o != OPERATION_OF[relation]]), number
    return trait, OPERATION_OF[relation], rng.choice([n for n in NUMBERS if n != number])


@lru_cache(maxsize=1_000)
def confused(habits: Habits, name: str) -> tuple[float, str] | None:
    """(how often, the friend taken for ``name``); None for a name that nobody confuses.

    Args:
        habits: Which names are confused, and how often.
        name: A friend's.

    Returns:
        The chance, 0 to 1, and the other name.
    """
    trait = _misconception(habits, "name", (name,))
    if trait is None:
        return None
    return trait, _hash("name", name).choice([candidate for candidate in NAMES if candidate != name])


@dataclass
class Hand:
    """Writes solutions with mistakes. It can go on from any steps, right or wrong.

    Attributes:
        rng: Draws what it writes.
        habits: Rates of its mistakes.
    """

    rng: Random
    habits: Habits = field(default_factory=Habits)

    def solve(self, problem: str, steps: tuple[str, ...] = ()) -> list[str]:
        """All steps of a solution that begins with ``steps``, the answer included.

        Args:
            problem: Its text.
            steps: Steps to go on from, in the lab's own form.

        Returns:
            Their texts, those given first.
        """
        story = read_story(problem)
        believed = dict(story.givens)
        written = list(steps)
        for step in steps:
            _, _, claim = step.rpartition(", so ")
            name, _, amount = claim.partition(" has ")
            believed.pop(name, None)
            believed[name] = int(amount)
        while not written or not written[-1].startswith("Answer"):
            written.append(self._next_step(story, believed))
        return written

    def _next_step(self, story: Story, believed: dict[str, int]) -> str:
        hasty = len(believed) > len(story.givens) and self._errs(self.habits.hasty)
        if story.asked_name in believed or hasty:
            return f"Answer: {self.rng.choice(list(believed.values())) if hasty else believed[story.asked_name]}"
        computable = story.computable(believed)
        needed = [d for d in computable if d.name in story.needed]
        others = [d for d in computable if d.name not in story.needed]
        candidates = others if others and self._errs(self.habits.detour) else needed
        latest = next(reversed(believed))
        following = [d for d in candidates if latest in d.sources]
        chosen = self.rng.choice(following if following and self._errs(self.habits.follow_on) else candidates)
        return self.step(chosen, story.family, believed)

    def step(self, definition: Definition, family: str, believed: dict[str, int]) -> str:
        """The step that works out ``definition`` from the amounts it believes; enters the new amount.

        Args:
            definition: What is worked out.
            family: Of the problem's sentences.
            believed: Amounts by name, right or wrong; the new one is entered.

        Returns:
            Its text.
        """
        left, operation, right, amount = self._worked_out(definition, believed)
        believed[definition.name] = amount
        return f"{quoted(definition, family)}: {left} {operation} {right}, so {definition.name} has {amount}"

    def _worked_out(self, definition: Definition, believed: Mapping[str, int]) -> tuple[str, str, str, int]:
        """(left operand, operation, right operand, result) as this hand writes them."""
        operation, number = OPERATION_OF[definition.relation], definition.number
        operands = [self._looked_up(source, believed) for source in definition.sources]
        if len(operands) == 2:
            if operation == "plus":
                self.rng.shuffle(operands)
            else:
                operands.sort(key=lambda operand: -operand[1])  # the difference: the larger comes first
            (left, left_amount), (right, right_amount) = operands
            return (
                f"{left}'s {left_amount}",
                operation,
                f"{right}'s {right_amount}",
                self._recalled(operation, left_amount, right_amount),
            )
        wrong = misread(self.habits, definition.relation, number)
        if wrong and self._errs(wrong[0]):
            operation, number = wrong[1:]
        [(left, left_amount)] = operands
        return f"{left}'s {left_amount}", operation, str(number), self._recalled(operation, left_amount, number)

    def _looked_up(self, name: str, believed: Mapping[str, int]) -> tuple[str, int]:
        mistaken = confused(self.habits, name)
        if mistaken and mistaken[1] in believed and self._errs(mistaken[0]):
            name = mistaken[1]
        amount = believed[name]
        if self._errs(self.habits.copy_slip):
            amount = self.rng.choice(list(believed.values()))
        return name, amount

    def _recalled(self, operation: str, left: int, right: int) -> int:
        wrong = misremembered(self.habits, operation, left, right)
        result = wrong[1] if wrong and self._errs(wrong[0]) else result_of(operation, left, right)
        larger = 1 + (result >= 10) + (result >= 30)
        if self._errs(self.habits.slip * larger):
            result += self.rng.choice((-10, -2, -1, -1, 1, 1, 2, 10))
        return min(max(result, 0), _MAX_WRITTEN_NUMBER)

    def _errs(self, rate: float) -> bool:
        return self.rng.random() < rate
