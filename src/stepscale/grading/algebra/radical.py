"""Exact arithmetic in the rational functions of variables and pi over all square roots of rationals.

In: an expression tree. Out: a ``Quotient`` of two ``Terms``, each a sum of ``coefficient * sqrt(radicand) * variables``,
with squarefree radicands (negative for a factor i). Such sums are zero only if they have no term, because square
roots of different squarefree integers, variables and pi are independent: equality here is proof, either way. Trees
that lead out of that field (``2^x``, nested roots, logarithms) and those that grow too large raise ``OutOfReach``.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, isqrt, prod

from stepscale.grading.algebra.expression import Call, Expression, Negation, Number, Operation, Symbol, nodes

Powers = tuple[tuple[str, int], ...]  # (variable, power)
Monomial = tuple[int, Powers]  # the first is the squarefree radicand
Terms = dict[Monomial, Fraction]

_ONE: Monomial = (1, ())
_UNIT: Terms = {_ONE: Fraction(1)}
_MAX_TERMS = 200
_MAX_POWER = 64
_MAX_BITS = 20_000
_MAX_RADICAND = 10**12
_MAX_FACTORIAL = 200


class OutOfReach(Exception):
    """The expression is outside this field, or too large: nothing is known about it."""


class Undefined(Exception):
    """The expression divides by zero: it equals nothing."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """``over / under``; ``under`` has at least one term."""

    over: Terms
    under: Terms

    def is_zero(self) -> bool:
        """True if no term is left over: proof either way."""
        return not self.over


def quotient(tree: Expression) -> Quotient:
    """The exact value of ``tree``.

    Args:
        tree: A parsed expression.

    Raises:
        OutOfReach: It is outside of this field, or too large.
        Undefined: It divides by zero.
    """
    match tree:
        case Number(value, _):
            return _constant(value)
        case Symbol("I"):
            return Quotient({(-1, ()): Fraction(1)}, _UNIT)
        case Symbol(name):
            return Quotient({(1, ((name, 1),)): Fraction(1)}, _UNIT)
        case Negation(operand):
            inner = quotient(operand)
            return Quotient({monomial: -c for monomial, c in inner.over.items()}, inner.under)
        case Operation("^", base, exponent) if _has_decimals(exponent) and _has_letters(base):
            raise OutOfReach  # to sympy x^2. is another power than x^2
        case Operation(operator, left, right):
            return _operate(operator, quotient(left), quotient(right))
        case Call(function, argument):
            return _call(function, quotient(argument), argument)


def _has_letters(tree: Expression) -> bool:
    return any(isinstance(node, Symbol) for node in nodes(tree))


def _has_decimals(tree: Expression) -> bool:
    return any(isinstance(node, Number) and node.decimal for node in nodes(tree))


def _operate(operator: str, left: Quotient, right: Quotient) -> Quotient:
    if operator == "+":
        return _sum(left, right, 1)
    if operator == "-":
        return _sum(left, right, -1)
    if operator == "*":
        return _reduced(_times(left.over, right.over), _times(left.under, right.under))
    if operator == "/":
        if right.is_zero():
            raise Undefined
        return _reduced(_times(left.over, right.under), _times(left.under, right.over))
    exponent = rational(right)
    if exponent is None or exponent.denominator > 2:
        raise OutOfReach
    return _power(_root(left) if exponent.denominator == 2 else left, exponent.numerator)


def _sum(left: Quotient, right: Quotient, sign: int) -> Quotient:
    if left.under == right.under:
        return Quotient(_plus(left.over, right.over, sign), left.under)
    over = _plus(_times(left.over, right.under), _times(right.over, left.under), sign)
    return _reduced(over, _times(left.under, right.under))


def _power(base: Quotient, exponent: int) -> Quotient:
    if abs(exponent) > _MAX_POWER:
        raise OutOfReach
    if exponent < 0:
        if base.is_zero():
            raise Undefined
        base, exponent = Quotient(base.under, base.over), -exponent
    result = _constant(Fraction(1))
    for _ in range(exponent):
        result = _reduced(_times(result.over, base.over), _times(result.under, base.under))
    return result


def _call(function: str, argument: Quotient, tree: Expression) -> Quotient:
    if function == "sqrt":
        has_decimal = any(isinstance(node, Number) and node.decimal for node in nodes(tree))
        if has_decimal and not _is_square(argument):
            raise OutOfReach  # the grader's root of a decimal is a float, not this field's exact root
        return _root(argument)
    value = rational(argument)
    if function in ("!", "!!") and value is not None and value.denominator == 1 and 0 <= value <= _MAX_FACTORIAL:
        return _constant(Fraction(prod(range(value.numerator, 1, -1 if function == "!" else -2))))
    raise OutOfReach


def _root(argument: Quotient) -> Quotient:
    """The principal square root of a rational number."""
    value = rational(argument)
    if value is None:
        raise OutOfReach
    if value == 0:
        return argument
    square, radicand = _split_square(abs(value.numerator) * value.denominator)
    signed = radicand if value > 0 else -radicand
    return Quotient({(signed, ()): Fraction(square, value.denominator)}, _UNIT)


def _split_square(n: int) -> tuple[int, int]:
    """(s, r) with n = s*s*r and r squarefree."""
    if n > _MAX_RADICAND:
        root = isqrt(n)
        if root * root == n:
            return root, 1
        raise OutOfReach
    square, radicand, prime = 1, 1, 2
    while prime * prime * prime <= n:
        while n % (prime * prime) == 0:
            n //= prime * prime
            square *= prime
        if n % prime == 0:
            n //= prime
            radicand *= prime
        prime += 1
    root = isqrt(n)  # what is left has at most two prime factors, and is a square, or squarefree
    return (square * root, radicand) if root * root == n else (square, radicand * n)


def rational(value: Quotient) -> Fraction | None:
    """The value as a rational number, or None where it is not rational.

    Args:
        value: A quotient of sums of square roots.
    """
    if value.is_zero():
        return Fraction(0)
    if value.over.keys() == {_ONE} and value.under.keys() == {_ONE}:
        return value.over[_ONE] / value.under[_ONE]
    return None


def _is_square(argument: Quotient) -> bool:
    value = rational(argument)
    return value is not None and value >= 0 and all(isqrt(n) ** 2 == n for n in value.as_integer_ratio())


def _constant(value: Fraction) -> Quotient:
    return Quotient({_ONE: value} if value else {}, _UNIT)


def _reduced(over: Terms, under: Terms) -> Quotient:
    """Divide by a denominator of one rational number, so that plain numbers stay plain."""
    if under.keys() == {_ONE} and under[_ONE] != 1:
        scale = under[_ONE]
        return Quotient({monomial: c / scale for monomial, c in over.items()}, _UNIT)
    return Quotient(over, under)


def _plus(left: Terms, right: Terms, sign: int) -> Terms:
    result = defaultdict(Fraction, left)
    for monomial, coefficient in right.items():
        result[monomial] += sign * coefficient
    return _bounded(result)


def _times(left: Terms, right: Terms) -> Terms:
    if right == _UNIT:
        return left
    if len(left) * len(right) > 4 * _MAX_TERMS:
        raise OutOfReach
    result: Terms = defaultdict(Fraction)
    for (radicand_a, powers_a), a in left.items():
        for (radicand_b, powers_b), b in right.items():
            common = gcd(radicand_a, radicand_b)
            radicand = abs(radicand_a * radicand_b) // (common * common)
            if (radicand_a < 0) != (radicand_b < 0):
                radicand = -radicand
            coefficient = a * b * (-common if radicand_a < 0 and radicand_b < 0 else common)
            result[radicand, _joined(powers_a, powers_b)] += coefficient
    return _bounded(result)


def _joined(a: Powers, b: Powers) -> Powers:
    return tuple(sorted((Counter(dict(a)) + Counter(dict(b))).items())) if a and b else a or b


def _bounded(sums: Terms) -> Terms:
    """The terms that have not canceled. Raises OutOfReach where they are too many or too large."""
    terms = {monomial: coefficient for monomial, coefficient in sums.items() if coefficient}
    if len(terms) > _MAX_TERMS:
        raise OutOfReach
    for (radicand, _), c in terms.items():
        if c.numerator.bit_length() + c.denominator.bit_length() > _MAX_BITS or abs(radicand) > _MAX_RADICAND**2:
            raise OutOfReach
    return terms
