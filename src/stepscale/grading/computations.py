"""A computation as an answer: ``9*2 = 18`` and ``18 = 9*2`` both state 18.

In: an answer, perhaps an equation. Out: its result, as it is written there. Nothing is computed.
"""

import re

from stepscale.grading.characters import MINUS

_ARITHMETIC = re.compile(rf"[+*/^!\u00d7\u00f7\u00b7{MINUS}]|(?<=\d)[ ]?x[ ]?(?=\d)|\\(?:times|cdot|div)(?![a-zA-Z])")
_LATEX_ARITHMETIC = re.compile(r"\\(?:times|cdot|div|[dt]?frac|sqrt|[dt]?binom)(?![a-zA-Z])|[{}]")
_INTEGER = re.compile(rf"[{MINUS}]?(?:\d+|\d{{1,3}}(?:,\d{{3}})+)")
_FRACTION = re.compile(rf"[{MINUS}]?\d+/\d+")
_PLAIN_NUMBER = re.compile(rf"{_INTEGER.pattern}(?:\.\d+|/\d+)?")
_NO_ARITHMETIC = re.compile(r"[^\W\d]|[<>\\\u2260\u2264\u2265]|!\Z")


def result_of_arithmetic(value: str) -> str:
    """``9*2 = 18`` and ``18 = 9*2`` state 18, and ``5 = x`` states 5; an equation with a letter on its left side is kept.

    Args:
        value: An answer, perhaps an equation.

    Returns:
        Its result; the text as it is where it is not a computation.
    """
    left, equals, right = value.rpartition("=")
    numbers = _LATEX_ARITHMETIC.sub("*", re.sub(r"(?<=\d)x(?=\d)", "*", left))
    is_list = re.search(r",(?!\d{3})", value) is not None
    is_percentage = "%" in right and not _ARITHMETIC.search(numbers)
    if not equals or not right.strip() or is_list or is_percentage or _NO_ARITHMETIC.search(numbers):
        return value
    return _result_before(left, right.strip()) or right.strip()


def _result_before(left: str, right: str) -> str | None:
    """The last number on the left where the right side is what it was computed from; None where the right is the result."""
    sides = [side.strip() for side in left.split("=")]
    if re.fullmatch(r"[a-zA-Z]", right):
        return sides[-1] or None
    if not _ARITHMETIC.search(right, 1) or _NO_ARITHMETIC.search(_ARITHMETIC.sub("*", right)):
        return None
    is_fraction = _FRACTION.fullmatch(right) is not None
    results = [side for side in sides if (_INTEGER if is_fraction else _PLAIN_NUMBER).fullmatch(side)]
    return results[-1] if results else None
