"""Math-Verify's verdict without the library, where it is certain.

In: two bare answers. Out: True or False where the library would certainly say the same, None otherwise. Certain are:
equal exact values (numbers, radicals, polynomials) in the same shape, values that differ clearly, and shapes that
never match. Near-equal decimals, bare symbols, intervals that may be empty, and everything `latex_shape` does not
read are left to the library.
"""

import re
from fractions import Fraction

from stepscale.grading.algebra import radical
from stepscale.grading.algebra.expression import Call, Expression, Negation, Number, Operation, Symbol
from stepscale.grading.algebra.numeric import is_nonzero, real_value
from stepscale.grading.lenient.latex_shape import UNIT, Shape, shape

_NUMERAL = re.compile(r"-?(?:[1-9]\d{0,2}(?:,\d{3})+|\d{1,40})(?:\.\d{1,40})?|-?\.\d{1,40}")
_SIZES = re.compile(r"\\(?:left|right)(?=\s*[()\[\]])")
_FRACTIONS = re.compile(r"\\[dt]frac(?![a-z])")
# Blanks beside a bracket, an operator or a comma; not those that a group of digits or a thin space may follow.
_BLANKS = re.compile(r"(?<![A-Za-z0-9.,])[ ]+|[ ]+(?![A-Za-z0-9.,\\])|(?<=,)[ ]+(?![0-9]|\\!)")
_LONGEST = 400
_CLEARLY_APART = Fraction(1, 100_000)  # the library rounds decimals to six places


def certain_verdict(prediction: str, gold: str) -> bool | None:
    """The library's verdict where it is beyond doubt, else None."""
    if is_same_but_for_blanks(prediction, gold):
        return True
    if _NUMERAL.fullmatch(prediction) and _NUMERAL.fullmatch(gold):
        return _same_numeral(prediction, gold)
    given, wanted = shape(prediction), shape(gold)
    if given is None or wanted is None:
        return None
    if given.kind == wanted.kind:
        if given.kind == "word":
            return given.word == wanted.word
        if given.kind == "scalar":
            return _same_value(wanted.items[0], given.items[0])
        return _same_sequence(wanted, given) if given.kind == "sequence" else _same_items(wanted, given)
    by_kind = {given.kind: given, wanted.kind: wanted}
    if any(_has_letters(item) for found in by_kind.values() for item in found.items):
        return None
    if "scalar" in by_kind and ("word" in by_kind or "matrix" in by_kind):
        return False
    if "scalar" in by_kind and "sequence" in by_kind:
        return False if _is_proper(by_kind["sequence"]) else None
    return None


def is_same_but_for_blanks(prediction: str, gold: str) -> bool:
    """True where two answers differ only by blanks that separate nothing and by sizes of brackets and fractions."""
    if len(prediction) + len(gold) > _LONGEST or "\\text" in prediction + gold or "\\mbox" in prediction + gold:
        return False
    sized = [_SIZES.sub("", _FRACTIONS.sub(r"\\frac", text.strip())) for text in (prediction, gold)]
    texts = [_BLANKS.sub("", text) for text in sized]
    return (
        texts[0] == texts[1]
        and texts[0][-1:] != "."
        and any(c.isalnum() for c in texts[0])
        and UNIT.search(texts[0]) is None
    )


def _same_numeral(prediction: str, gold: str) -> bool | None:
    given, wanted = (Fraction(text.replace(",", "")) for text in (prediction, gold))
    if given == wanted:
        return True
    return False if abs(given - wanted) > _CLEARLY_APART else None


def _same_items(wanted: Shape, given: Shape) -> bool | None:
    if (len(wanted.items), wanted.columns) != (len(given.items), given.columns):
        return False
    verdicts = [_same_value(w, g) for w, g in zip(wanted.items, given.items, strict=True)]
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _same_sequence(wanted: Shape, given: Shape) -> bool | None:
    """Tuples of three or more in round brackets; two elements make an interval, which must not be empty."""
    if not (_is_proper(wanted) and _is_proper(given)):
        return None
    if any(_has_letters(item) for item in wanted.items + given.items):
        return None
    if wanted.brackets != given.brackets and len(wanted.items) == len(given.items):
        return False
    return _same_items(wanted, given)


def _is_proper(sequence: Shape) -> bool:
    if len(sequence.items) > 2:
        return sequence.brackets == "()"
    left, right = (_number(item) for item in sequence.items)
    return left is not None and right is not None and right - left > 1e-6 * (abs(left) + abs(right))


def _same_value(wanted: Expression, given: Expression) -> bool | None:
    difference = Operation("-", wanted, given)
    if isinstance(wanted, Symbol) or isinstance(given, Symbol):  # symbols are compared by name, not by value
        return True if wanted == given else (False if is_nonzero(difference, real=True) else None)
    try:
        zero = radical.quotient(difference).is_zero()
    except radical.Undefined:
        return None
    except radical.OutOfReach:
        zero = False
    if zero:
        return None if _has_decimal(difference) and _has_letters(difference) else True
    if _has_decimal(difference):
        left, right = _number(wanted), _number(given)
        if left is None or right is None:
            return None
        return False if abs(left - right) > 1e-5 else None
    return False if is_nonzero(difference, real=True) else None


def _number(tree: Expression) -> float | None:
    """The value of a real expression without letters."""
    return None if _has_letters(tree) else real_value(tree)


def _has_decimal(tree: Expression) -> bool:
    return any(isinstance(node, Number) and node.decimal for node in _nodes(tree))


def _has_letters(tree: Expression) -> bool:
    return any(isinstance(node, Symbol) and node.name != "pi" for node in _nodes(tree))


def _nodes(tree: Expression) -> list[Expression]:
    found: list[Expression] = []
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if isinstance(node, Operation):
            waiting += [node.left, node.right]
        elif isinstance(node, Negation):
            waiting.append(node.operand)
        elif isinstance(node, Call):
            waiting.append(node.argument)
    return found
