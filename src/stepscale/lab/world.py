"""What a lab problem says, as facts: which symbols there are, their true values, what is asked.

A world is read from the problem's text alone, so any text in the lab's language can be labelled, whoever wrote it.
Each problem fixes exactly one value for each symbol, so a statement follows from the problem if and only if it is true
in this world. No solution is stored or compared.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from stepscale.lab.expressions import Malformed, Tree, Value, cost, evaluate, parse, symbols_of

_LONGEST_SEQUENCE = 12


@dataclass(frozen=True)
class World:
    """The facts of one problem.

    ``symbols``: their true values. ``known``: for each set of symbols, the cost of the simplest statement about them
    that the problem gives. ``answer``: canonical final answer.
    """

    symbols: Mapping[str, Value]
    answer: str
    modulus: int | None = None
    known: Mapping[frozenset[str], int] = field(default_factory=dict)

    def value(self, tree: Tree) -> Value:
        """True value of an expression, reduced if the problem is about remainders. Raises Malformed."""
        value = evaluate(tree, self.symbols)
        if self.modulus is None:
            return value
        if isinstance(value, Fraction):
            raise Malformed("a fraction has no remainder here")
        return value % self.modulus

    def cost(self, trees: list[Tree]) -> int:
        """The work left in a statement that says these expressions are equal: the simplest pair of them."""
        costs = sorted(self._cost(tree) for tree in trees)
        return costs[0] + costs[1] if len(costs) > 1 else costs[0]

    def _cost(self, tree: Tree) -> int:
        total = cost(tree)
        if self.modulus is not None:
            return total + _count_large(tree, self.modulus)
        if isinstance(tree, tuple) and tree[0] in "+-" and symbols_of(tree):
            total += 2  # a sum with a symbol in it still has to be taken apart
        return total + _fraction_work(tree)


def _count_large(tree: Tree, modulus: int) -> int:
    if isinstance(tree, tuple):
        return _count_large(tree[1], modulus) + _count_large(tree[2], modulus)
    return int(isinstance(tree, int) and not 0 <= tree < modulus)


def _fraction_work(tree: Tree) -> int:
    """Unlike denominators to be matched, or one fraction still to be reduced."""
    if isinstance(tree, tuple) and tree[0] == "/" and isinstance(tree[1], int) and isinstance(tree[2], int):
        return int(Fraction(tree[1], tree[2] or 1).denominator != tree[2])
    return max(0, len(_denominators(tree)) - 1)


def _denominators(tree: Tree) -> frozenset[int]:
    if not isinstance(tree, tuple):
        return frozenset()
    if tree[0] == "/" and isinstance(tree[2], int):
        return frozenset((tree[2],))
    return _denominators(tree[1]) | _denominators(tree[2])


def read_world(problem: str) -> World:
    """The world of a problem's text. Raises Malformed if it is not in the lab's language."""
    for pattern, reader in _READERS:
        match = pattern.fullmatch(problem.strip())
        if match:
            return reader(*match.groups())
    raise Malformed(f"not a problem of the lab: {problem[:60]!r}")


def canonical(value: Value) -> str:
    """A value as a final answer: an integer, or a fraction in lowest terms."""
    return str(value)


def _order(text: str) -> World:
    tree = parse(text)
    value = evaluate(tree, {})
    draft = World({"E": value}, canonical(value))
    return World(draft.symbols, draft.answer, known={frozenset("E"): draft.cost(["E", tree])})


def _evaluation(x: str, text: str) -> World:
    tree, symbols = parse(text), {"x": int(x)}
    value = evaluate(tree, symbols)
    draft = World({**symbols, "P": value}, canonical(value))
    work = draft.cost(["P", tree]) + 1  # the value of x is still to be put in
    return World(draft.symbols, draft.answer, known={frozenset("P"): work, frozenset("Px"): work})


def _remainder(text: str, modulus: str) -> World:
    m, tree = int(modulus), parse(text)
    if m < 2:
        raise Malformed("the modulus must be at least 2")
    value = World({}, "", m).value(tree)
    draft = World({"r": value}, str(value), m)
    return World(draft.symbols, draft.answer, m, {frozenset("r"): draft.cost(["r", tree])})


def _linear_values(left: Tree, right: Tree, name: str, others: Mapping[str, Value]) -> tuple[Value, Value]:
    """Slope and value at zero of left - right as a function of one symbol."""
    gaps = [evaluate(left, {**others, name: v}) - evaluate(right, {**others, name: v}) for v in (0, 1, 2)]
    if gaps[2] - gaps[1] != gaps[1] - gaps[0]:
        raise Malformed("not a linear equation")
    return gaps[1] - gaps[0], gaps[0]


def _equation(left: str, right: str) -> World:
    sides = parse(left), parse(right)
    slope, start = _linear_values(*sides, "x", {})
    if slope == 0:
        raise Malformed("the equation does not fix x")
    x = evaluate(("/", 1, 1), {}) * Fraction(-start) / Fraction(slope)
    value: Value = x.numerator if x.denominator == 1 else x
    draft = World({"x": value}, canonical(value))
    return World(draft.symbols, draft.answer, known={frozenset("x"): draft.cost(list(sides))})


def _sequence(start: str, factor: str, shift: str, last: str) -> World:
    if int(last) > _LONGEST_SEQUENCE:
        raise Malformed("the sequence is too long")
    c = {"": 1, "-": -1}.get(factor) or int(factor)
    terms: dict[str, Value] = {"a1": int(start)}
    for n in range(2, int(last) + 1):
        terms[f"a{n}"] = c * terms[f"a{n - 1}"] + int(shift or 0)
    return World(terms, canonical(terms[f"a{last}"]), known={frozenset(("a1",)): 0})


def _order_of(*texts: str | None) -> World:
    trees = {name: parse(text) for name, text in zip("ABCD", texts, strict=True) if text}
    values = {name: evaluate(tree, {}) for name, tree in trees.items()}
    if len(set(values.values())) < len(values):
        raise Malformed("equal values have no one order")
    draft = World(values, "<".join(sorted(values, key=lambda name: values[name])))
    known = {frozenset(name): draft.cost([name, tree]) for name, tree in trees.items()}
    return World(draft.symbols, draft.answer, known=known)


_READERS: tuple[tuple[re.Pattern[str], Callable[..., World]], ...] = (
    (re.compile(r"E=([^=]+)\. Find E\."), _order),
    (re.compile(r"x=(-?\d{1,4}), P=([^=]+)\. Find P\."), _evaluation),
    (re.compile(r"r=([^=]+) mod (\d{1,3})\. Find r\."), _remainder),
    (re.compile(r"a1=(-?\d{1,4}), a\(n\+1\)=(-?\d{0,2})a\(n\)([-+]\d{1,4})?\. Find a(\d{1,2})\."), _sequence),
    (re.compile(r"A=([^=,]+), B=([^=,]+)(?:, C=([^=,]+))?(?:, D=([^=,]+))?\. Put in order\."), _order_of),
    (re.compile(r"([^=]+)=([^=]+)\. Find x\."), _equation),
)
