"""Refutation by numbers: an expression that is clearly not zero at some point is not zero.

In: an expression tree. Out: True where it is refuted; False says nothing. Points are fixed, so that a verdict never
depends on the run. This is what keeps almost every wrong answer away from symbolic work.
"""

import cmath
import math
import operator
from collections.abc import Callable

from stepscale.grading.algebra.expression import Call, Expression, Negation, Number, Operation, Symbol, nodes

_POINTS = (0.7310585786 + 0.4142135624j, -1.3591409142 + 0.5772156649j, 2.2360679775 - 1.6180339887j)
_INTEGER_POINTS = (4.0, 7.0, 5.0)  # where factorials of variables are numbers
_CLEARLY = 1e-7  # of the largest number met on the way; rounding errors stay near 1e-15 of it
_MAX_MAGNITUDE = 1e150
_OPERATIONS: dict[str, Callable[[complex, complex], complex]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
_FUNCTIONS: dict[str, Callable[[complex], complex]] = {
    "sqrt": cmath.sqrt,
    "ln": cmath.log,
    "csc": lambda argument: 1 / cmath.sin(argument),
}


class _NoNumber(Exception):
    """The expression has no number at this point (private to this module)."""


def is_nonzero(tree: Expression) -> bool:
    """True if ``tree`` is certainly not identically zero.

    Args:
        tree: Any expression.

    Returns:
        False where it is zero at the fixed points, or has no value there: neither proves that it is zero.
    """
    has_factorial = any(isinstance(node, Call) and node.function in ("!", "!!") for node in nodes(tree))
    values: tuple[complex, ...] = _INTEGER_POINTS if has_factorial else _POINTS
    for shift in range(len(values)):
        point = _Point(values, shift)
        try:
            value = point.value(tree)
        except (_NoNumber, ArithmeticError, ValueError):
            continue
        if abs(value) > _CLEARLY * point.largest:
            return True
    return False


def real_value(tree: Expression) -> float | None:
    """The value of an expression without variables.

    Args:
        tree: The expression.

    Returns:
        The value; None where it is not real, not finite or not defined.
    """
    try:
        value = _Point(_POINTS, 0).value(tree)
    except (_NoNumber, ArithmeticError, ValueError):
        return None
    return value.real if abs(value.imag) <= 1e-12 * abs(value) else None


class _Point:
    """One assignment of numbers to the variables, and the largest number met while computing there."""

    def __init__(self, values: tuple[complex, ...], shift: int) -> None:
        self._values = values
        self._shift = shift
        self._variables: dict[str, complex] = {"pi": math.pi, "I": 1j}
        self.largest = 0.0

    def value(self, tree: Expression) -> complex:
        """The value of an expression at this point.

        Args:
            tree: The expression.

        Raises:
            _NoNumber: The value is not a number, or is too large.
            ArithmeticError: It is not defined, such as a division by zero.
            ValueError: A function is not defined there.
        """
        match tree:
            case Number(value, _):
                result = complex(float(value))
            case Symbol(name):
                result = self._variable(name)
            case Negation(operand):
                return -self.value(operand)
            case Operation(sign, left, right):
                result = _OPERATIONS[sign](self.value(left), self.value(right))
            case Call(function, argument):
                result = _call(function, self.value(argument))
        size = abs(result)
        if not size < _MAX_MAGNITUDE:  # nan too
            raise _NoNumber
        self.largest = max(self.largest, size)
        return result

    def _variable(self, name: str) -> complex:
        if name not in self._variables:
            self._variables[name] = self._values[(len(self._variables) + self._shift) % len(self._values)]
        return self._variables[name]


def _call(function: str, argument: complex) -> complex:
    if function in _FUNCTIONS:
        return _FUNCTIONS[function](argument)
    n = round(argument.real)
    if argument != n or not 0 <= n <= 60:
        raise _NoNumber
    return complex(math.prod(range(n, 1, -1 if function == "!" else -2)))
