"""Expressions as this package holds them, and what the PRM800K grader refuses to read as one.

Nodes are plain frozen values, so that they can be hashed, compared and sent to a worker process. Nothing here
evaluates.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

_REFUSED = re.compile(r"\^\{|\^\(|\^[0-9]+\^|\^[0-9][0-9]+")
_MAX_LETTERS = 2
MAX_LENGTH = 1_000  # characters of a difference; longer texts are never compared as expressions


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational.

    Attributes:
        value: Its value.
        decimal: Whether it was written with a point: irrational functions of it are floats.
    """

    value: Fraction
    decimal: bool = False


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable, or the constants ``pi`` and ``I`` (the grader lower-cases first, so ``i`` and ``e`` are variables)."""

    name: str


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation on two expressions.

    Attributes:
        operator: One of + - * / ^.
        left: The first operand, the base of a power.
        right: The second operand, the exponent of a power.
    """

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Negation:
    """Minus an expression."""

    operand: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument.

    Attributes:
        function: ``sqrt``, ``ln``, ``csc``, ``!`` or ``!!``.
        argument: What it is applied to.
    """

    function: str
    argument: "Expression"


Expression = Number | Symbol | Operation | Negation | Call


def nodes(tree: Expression) -> Iterator[Expression]:
    """The tree itself and all expressions in it."""
    yield tree
    match tree:
        case Negation(inner) | Call(_, inner):
            yield from nodes(inner)
        case Operation(_, left, right):
            yield from nodes(left)
            yield from nodes(right)


def may_be_read(difference: str) -> bool:
    """Whether a difference may be compared as an expression, by the guards of the papers' grader.

    It has at most two different letters (``sqrt`` and ``frac`` aside), and no long or stacked powers.

    Args:
        difference: One answer minus the other, as normalized text.
    """
    letters = {c for c in difference.replace("sqrt", "").replace("frac", "") if c.isalpha()}
    return len(letters) <= _MAX_LETTERS and _REFUSED.search(difference) is None
