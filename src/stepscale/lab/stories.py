"""A lab problem as facts: a story of who has how many, where each quantity is given or told by others.

A story is a graph. Every friend's quantity is one definition: a number, or one operation on one or two other quantities.
Given amounts are told first, the others in any order. Some of them are not needed, and one quantity is asked for. Every
number is small, so every single fact of arithmetic can be known by heart. To verify a step is to find one sentence, copy two
numbers and recall one fact. To write a solution one must also choose which quantity comes next.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

_ALL_NAMES = """
Ada Amy Ann Bea Ben Bob Cal Dan Dee Eli Eva Fay Gil Guy Hal Ian Ida Ivy Jan Jay Jim Joe Kay Kim Lea Leo Lou Max Mia Ned Pam Ray
"""
NAMES = tuple(_ALL_NAMES.split())
THINGS = ("pens", "cards", "books", "coins", "shells", "stamps", "beads", "apples")
LEVELS = (1, 2, 3, 4, 5)
FAMILIES = ("sums", "products", "active", "branching")
# Claim A5: no verifier is trained on them. The first has other sentences for the same relations. The second has the usual
# sentences, but branches: most operations merge two quantities, and few go on from the latest one.
HELD_OUT_WORDING, BRANCHING = "active", "branching"
HELD_OUT_FAMILIES = (HELD_OUT_WORDING, BRANCHING)
MAX_QUANTITY = 50  # of all true quantities
NUMBERS = range(2, 10)  # "4 more", "4 times"
GIVEN = range(2, 13)
_GROWING_SHARE = 0.5
_SIDEWAYS_SHARE = 0.3  # of quantities that are not needed: can be worked out from the beginning
_CHAINED_SHARE = 0.85  # of operations that go on from the amount made last
_BRANCHING_CHAINED_SHARE = 0.3
_OPERATIONS = {1: 2, 2: 5, 3: 8, 4: 11, 5: 14}
_NOT_NEEDED = {1: 1, 2: 2, 3: 2, 4: 3, 5: 4}

# The operation of each relation: to one quantity and a number, and to two quantities.
ONE_SOURCE = {"more": "plus", "fewer": "minus", "times": "times"}
TWO_SOURCES = {"total": "plus", "gap": "minus"}
OPERATION_OF = ONE_SOURCE | TWO_SOURCES


def result_of(operation: str, left: int, right: int) -> int:
    """The true result of ``plus``, ``minus`` or ``times``.

    Args:
        operation: Its name.
        left: The first operand.
        right: The second one.

    Returns:
        A whole number, below zero where ``minus`` takes away more than there is.
    """
    return {"plus": left + right, "minus": left - right, "times": left * right}[operation]


@dataclass(frozen=True)
class Definition:
    """One sentence of a story.

    Attributes:
        name: The friend whose amount it tells.
        relation: "given", or one of ``OPERATION_OF``.
        sources: None, one or two names.
        number: The given amount, or the number of a relation with one source; 0 with two sources.
    """

    name: str
    relation: str
    sources: tuple[str, ...]
    number: int


@dataclass(frozen=True)
class Story:
    """What a problem tells.

    Attributes:
        definitions: In the order in which they are told.
        asked_name: The friend whose amount is asked for.
        things: What is counted, in the plural.
        family: How the sentences are worded.
    """

    definitions: tuple[Definition, ...]
    asked_name: str
    things: str
    family: str

    @cached_property
    def by_name(self) -> Mapping[str, Definition]:
        """Each name's definition."""
        return {definition.name: definition for definition in self.definitions}

    @cached_property
    def amounts(self) -> Mapping[str, int]:
        """Each name's true amount.

        Raises:
            ValueError: A source is not told, or names define each other in a circle.
        """
        amounts: dict[str, int] = {}
        waiting = list(self.definitions)
        while waiting:
            later = [d for d in waiting if not set(d.sources) <= amounts.keys()]
            if len(later) == len(waiting):
                raise ValueError(f"{later[0].name}'s amount does not follow from the story")
            for definition in waiting:
                if definition not in later:
                    amounts[definition.name] = amount_of(definition, amounts)
            waiting = later
        return amounts

    @cached_property
    def needed(self) -> frozenset[str]:
        """The names on the way to the one that is asked for, itself included."""
        needed: set[str] = set()
        waiting = [self.asked_name]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                waiting.extend(self.by_name[name].sources)
        return frozenset(needed)

    @property
    def givens(self) -> dict[str, int]:
        """The amounts that the story tells outright."""
        return {d.name: d.number for d in self.definitions if d.relation == "given"}

    def computable(self, known_names: Collection[str]) -> list[Definition]:
        """The definitions that can be worked out next.

        Args:
            known_names: Friends whose amounts are known.

        Returns:
            Definitions of other friends whose sources are all known, in the order in which they are told.
        """
        return [
            d
            for d in self.definitions
            if d.name not in known_names and all(source in known_names for source in d.sources)
        ]


def amount_of(definition: Definition, amounts: Mapping[str, int]) -> int:
    """The true amount of a definition whose sources' amounts are known; a gap is never negative.

    Args:
        definition: A sentence of a story.
        amounts: By name.

    Returns:
        The amount that it defines.
    """
    if definition.relation == "given":
        return definition.number
    first, *second = (amounts[source] for source in definition.sources)
    if definition.relation == "gap":
        return abs(first - second[0])
    return result_of(OPERATION_OF[definition.relation], first, second[0] if second else definition.number)


def draw_story(family: str, level: int, rng: Random) -> Story:
    """A random story of a family and a level (1 to 5): 2 to 14 operations from givens to the asked quantity.

    Args:
        family: Of its sentences.
        level: 1 to 5.
        rng: Draws it.

    Returns:
        The story, told in an order that need not be that of solving it.
    """
    names = rng.sample(NAMES, len(NAMES))
    operations = _OPERATIONS[level]
    branching = family == BRANCHING
    n_merges = 2 * operations // 3 if branching else rng.randint(operations // 4, operations // 2)
    chained = _BRANCHING_CHAINED_SHARE if branching else _CHAINED_SHARE
    definitions = [Definition(names.pop(), "given", (), rng.choice(GIVEN)) for _ in range(n_merges + 1)]
    amounts = {d.name: d.number for d in definitions}
    # 1. Merge or change quantities that nothing has used yet, mostly the last one made, until one is left: the one asked for.
    givens = list(amounts)
    unused = list(givens)
    kinds = [True] * n_merges + [False] * (operations - n_merges)
    rng.shuffle(kinds)
    for merges in kinds:
        sources = [unused.pop() if rng.random() < chained else unused.pop(rng.randrange(len(unused)))]
        if merges:
            sources.append(unused.pop(rng.randrange(len(unused))))
        definitions.append(define(names.pop(), sources, amounts, family, rng))
        unused.append(definitions[-1].name)
    asked_name = unused[0]
    # 2. Quantities that are not needed: given ones, ones that follow from given ones, and ones that follow from the asked one.
    sideways, beyond = list(givens), [asked_name]
    for _ in range(_NOT_NEEDED[level]):
        if rng.random() < 0.3:
            definitions.append(Definition(names.pop(), "given", (), rng.choice(GIVEN)))
            amounts[definitions[-1].name] = definitions[-1].number
        else:
            origins = sideways if rng.random() < _SIDEWAYS_SHARE else beyond
            sources = rng.sample(origins, min(rng.choice((1, 1, 2)), len(origins)))
            definitions.append(define(names.pop(), sources, amounts, family, rng))
            origins.append(definitions[-1].name)
    # 3. What is known from the beginning is told first; the others in any order.
    rng.shuffle(definitions)
    definitions.sort(key=lambda definition: definition.relation != "given")
    return Story(tuple(definitions), asked_name, rng.choice(THINGS), family)


def define(name: str, sources: Sequence[str], amounts: dict[str, int], family: str, rng: Random) -> Definition:
    """A random definition of ``name`` by a relation whose result is from 0 to MAX_QUANTITY; its amount is entered in ``amounts``.

    Args:
        name: The friend whose amount is defined.
        sources: One or two friends whose amounts it is made of.
        amounts: By name; the new one is entered.
        family: Which relations there are.
        rng: Draws the relation and its number.

    Returns:
        The definition.
    """
    if len(sources) == 2:
        # The source that is known last is told first, so that who knows it can go on; of a gap, the larger one must come first.
        choices = [Definition(name, "total", tuple(sources), 0)]
        if amounts[sources[0]] < amounts[sources[1]] and not amount_of(choices[0], amounts) <= MAX_QUANTITY:
            sources = sources[::-1]
        if amounts[sources[0]] >= amounts[sources[1]]:
            choices.append(Definition(name, "gap", tuple(sources), 0))
    else:
        relations = [relation for relation in ONE_SOURCE if relation != "times" or family != "sums"]
        choices = [Definition(name, relation, (sources[0],), rng.choice(NUMBERS)) for relation in relations]
    possible = [choice for choice in choices if 0 <= amount_of(choice, amounts) <= MAX_QUANTITY]
    if not possible:  # a small quantity and a large number taken away, nothing else: any number then
        return define(name, sources, amounts, family, rng)
    # Totals and products, where the result stays small: sums that shrink would make a right answer by chance likely.
    growing = [choice for choice in possible if choice.relation in ("more", "times", "total")]
    chosen = rng.choice(growing if growing and rng.random() < _GROWING_SHARE else possible)
    amounts[name] = amount_of(chosen, amounts)
    return chosen
