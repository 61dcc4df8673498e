"""Math-Verify's verdict without the library, where it is certain.

In: two bare answers. Out: True or False where the library would certainly say the same, None otherwise. Certain are:
equal exact values (numbers, radicals, polynomials) in the same shape, values that differ clearly, and shapes that
never match. Near-equal decimals, bare symbols, intervals that may be empty, and everything `latex_shape` does not
read are left to the library.
"""

from stepscale.grading import radical
from stepscale.grading.expression import Call, Expression, Negation, Number, Operation, Symbol
from stepscale.grading.latex_shape import Shape, shape
from stepscale.grading.numeric import is_nonzero, real_value


def certain_verdict(prediction: str, gold: str) -> bool | None:
    """The library's verdict where it is beyond doubt, else None."""
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
