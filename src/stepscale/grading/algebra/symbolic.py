"""The last resort: is this difference zero by sympy's ``simplify``? Runs in a worker process only.

In: differences as normalized text. Out: True if sympy simplifies each to zero. sympy objects are built node by node
through their constructors, with limits on powers and factorials, because sympy evaluates ``9**(9**9)`` as soon as it is
written.
"""

import sympy
from sympy import Expr

from stepscale.grading.algebra.expression import Call, Expression, Negation, Number, Operation, Symbol
from stepscale.grading.algebra.parser import parse

_MAX_EXPONENT = 300
_MAX_BITS = 4_000
_MAX_FACTORIAL = 300
_CONSTRUCTORS = {"+": sympy.Add, "-": sympy.Add, "*": sympy.Mul, "/": sympy.Mul, "^": sympy.Pow}
_FUNCTIONS = {
    "sqrt": sympy.sqrt,
    "ln": sympy.log,
    "csc": sympy.csc,
    "!": sympy.factorial,
    "!!": sympy.factorial2,
}


class _TooLarge(Exception):
    """A power or factorial that sympy would spend the machine on (private to this module)."""


def simplify_to_zero(*differences: str) -> bool:
    """True if every difference simplifies to zero; False too where one is not an expression or is too large to be built."""
    try:
        trees = (parse(difference) for difference in differences)
        return all(tree is not None and bool(sympy.simplify(build(tree)) == 0) for tree in trees)
    except _TooLarge:
        return False


def build(tree: Expression) -> Expr:
    """The tree as a sympy object, evaluated as sympy does.

    Args:
        tree: A parsed expression.

    Raises:
        _TooLarge: A power or a factorial would grow beyond bounds.
    """
    match tree:
        case Number(value, decimal):
            exact = sympy.Rational(value.numerator, value.denominator)
            return sympy.Float(exact) if decimal else exact
        case Symbol("pi"):
            return sympy.pi
        case Symbol("I"):
            return sympy.I
        case Symbol(name):
            return sympy.Symbol(name)
        case Negation(operand):
            return sympy.Mul(sympy.Integer(-1), build(operand))
        case Operation("^", base, exponent):
            return _checked_power(build(base), build(exponent))
        case Operation(operator, left, right):
            return operation(operator, build(left), build(right))
        case Call(function, argument):
            return _call(function, build(argument))


def operation(operator: str, left: Expr, right: Expr, **options: bool) -> Expr:
    """One of + - * / ^ by sympy's constructors.

    Args:
        operator: Which one.
        left: First operand.
        right: Second operand.
        options: As the constructors take them, such as ``evaluate=False``.
    """
    if operator == "-":
        right = sympy.Mul(sympy.Integer(-1), right, **options)
    elif operator == "/":
        right = sympy.Pow(right, sympy.Integer(-1), **options)
    return _CONSTRUCTORS[operator](left, right, **options)


def _checked_power(base: Expr, exponent: Expr) -> Expr:
    if exponent.is_number and abs(exponent.evalf(5)) > _MAX_EXPONENT:
        raise _TooLarge
    if base.is_Rational and base.p.bit_length() + base.q.bit_length() > _MAX_BITS:
        raise _TooLarge
    return sympy.Pow(base, exponent)


def _call(function: str, argument: Expr) -> Expr:
    if function in ("!", "!!") and argument.is_number and not abs(argument.evalf(5)) <= _MAX_FACTORIAL:
        raise _TooLarge
    return _FUNCTIONS[function](argument)
