r"""Math-Verify's verdict on a pair of answers. Runs in a worker process only.

In: prediction, gold, options. Out: True if the library accepts the prediction. The library's own time limits are
signal alarms and are turned off: the worker's limits hold. Its LaTeX parser builds sympy objects node by node; the
one place where it hands characters to sympy's evaluator (plain arithmetic such as ``(3+4)/2``) is replaced by this
package's parser.
"""

import logging
import re
from functools import lru_cache
from typing import Any

import math_verify.parser
import sympy
from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

from stepscale.grading.algebra.expression import Call, Expression, Negation, Number, Operation, Symbol
from stepscale.grading.algebra.parser import parse as parse_text
from stepscale.grading.algebra.symbolic import build, operation

_SEPARATED_NUMBERS = re.compile(r"[0-9.)]\s+[0-9.(]|[0-9.)]\(|\)[0-9.]")


def library_accepts(
    prediction: str,
    gold: str,
    float_rounding: int,
    strict: bool,
    allow_set_relation_comp: bool,
    latex: bool,
    expr: bool,
) -> bool:
    """Whether Math-Verify extracts an answer from both texts and finds the prediction's equal to the gold's.

    Args:
        prediction: The text that is graded.
        gold: The text of the reference answer.
        float_rounding: Decimal places to which numbers are compared.
        strict: As ``math_verify.verify`` takes it.
        allow_set_relation_comp: As ``math_verify.verify`` takes it.
        latex: Whether answers are looked for as LaTeX.
        expr: Whether answers are looked for as plain expressions.
    """
    reference, answer = (_parsed(text, latex, expr) for text in (gold, prediction))
    options = {"strict": strict, "allow_set_relation_comp": allow_set_relation_comp, "timeout_seconds": None}
    return bool(verify(reference, answer, float_rounding=float_rounding, **options))


@lru_cache(maxsize=512)
def _parsed(text: str, latex: bool, expr: bool) -> list[Any]:
    """What the library reads in a text. Many predictions come with one gold, and reading takes more time than comparing."""
    targets = [*([LatexExtractionConfig()] if latex else []), *([ExprExtractionConfig()] if expr else [])]
    return list(parse(text, targets, parsing_timeout=None))


def _arithmetic(text: str, evaluate: bool = False) -> sympy.Expr:
    """Stands in for sympy's ``parse_expr`` inside the library. Raises ValueError where the text is not arithmetic."""
    tree = None if _SEPARATED_NUMBERS.search(text) else parse_text(re.sub(r"\s+", "", text))
    if tree is None:
        raise ValueError("no arithmetic expression")
    return _unevaluated(tree)


def _unevaluated(tree: Expression) -> sympy.Expr:
    match tree:
        case Number():
            return build(tree)
        case Negation(operand):
            return sympy.Mul(sympy.Integer(-1), _unevaluated(operand), evaluate=False)
        case Operation(operator, left, right):
            return operation(operator, _unevaluated(left), _unevaluated(right), evaluate=False)
        case Symbol() | Call():
            raise ValueError("the library asks for arithmetic only")


math_verify.parser.parse_expr = _arithmetic
for _name in ("math_verify", "latex2sympy2_extended"):  # it warns at every call that its timeouts are off
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
