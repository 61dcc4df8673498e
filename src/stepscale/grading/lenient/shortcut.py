r"""Math-Verify's verdict without the library, where it is beyond doubt.

In: two bare answers. Out: True or False where the library would certainly say the same, None otherwise. Two things are
certain: texts that differ only by blanks and sizes of brackets, and two real numbers (``\frac{3}{4}``, ``2\sqrt{3}``,
``\frac{\pi}{6}``, ``30^\circ``). Equal exact values are right, values that differ clearly are wrong. Letters other than
pi, tuples, matrices, words and near-equal decimals are left to the library.
"""

import re
from fractions import Fraction

from stepscale.grading.algebra import radical
from stepscale.grading.algebra.expression import Expression, Operation
from stepscale.grading.algebra.numeric import real_value
from stepscale.grading.lenient.real_number import read_real

_NUMERAL = re.compile(r"-?(?:[1-9]\d{0,2}(?:,\d{3})+|\d{1,40})(?:\.\d{1,40})?|-?\.\d{1,40}")
_SIZES = re.compile(r"\\(?:left|right)(?=\s*[()\[\]])")
_FRACTIONS = re.compile(r"\\[dt]frac(?![a-z])")
# Blanks beside a bracket, an operator or a comma; not those that a group of digits or a thin space may follow.
_BLANKS = re.compile(r"(?<![A-Za-z0-9.,])[ ]+|[ ]+(?![A-Za-z0-9.,\\])|(?<=,)[ ]+(?![0-9]|\\!)")
_UNIT = re.compile(r"(?<!\\)[a-zA-Z]{2}$|[cdghlmost]$")  # the library drops units such as `m`, `s`, `ab` at the end
_MAX_PAIR_CHARACTERS = 400  # characters of both answers
_CLEARLY_APART = Fraction(1, 100_000)  # the library rounds decimals to six places
_CLEARLY_APART_RELATIVE = Fraction(1, 10**9)  # and a float has sixteen digits


def certain_verdict(prediction: str, gold: str) -> bool | None:
    """The library's verdict on two bare answers.

    Args:
        prediction: The predicted answer, without delimiters.
        gold: The reference.

    Returns:
        True or False where the library says so beyond doubt, else None.
    """
    if _is_same_but_for_blanks(prediction, gold):
        return True
    if _NUMERAL.fullmatch(prediction) and _NUMERAL.fullmatch(gold):
        left, right = (Fraction(text.replace(",", "")) for text in (prediction, gold))
        return True if left == right else _clearly_different(left, right)
    predicted_number, gold_number = read_real(prediction), read_real(gold)
    if predicted_number is None or gold_number is None:
        return None
    return _same_number(gold_number, predicted_number)


def _is_same_but_for_blanks(prediction: str, gold: str) -> bool:
    """True where two answers differ only by blanks that separate nothing and by sizes of brackets and fractions."""
    if (
        len(prediction) + len(gold) > _MAX_PAIR_CHARACTERS
        or "\\text" in prediction + gold
        or "\\mbox" in prediction + gold
    ):
        return False
    sized = (_SIZES.sub("", _FRACTIONS.sub(r"\\frac", text.strip())) for text in (prediction, gold))
    text, gold_text = (_BLANKS.sub("", text) for text in sized)
    return text == gold_text and text[-1:] != "." and any(map(str.isalnum, text)) and _UNIT.search(text) is None


def _same_number(gold: Expression, prediction: Expression) -> bool | None:
    difference = Operation("-", gold, prediction)
    try:
        if radical.quotient(difference).is_zero():
            return True
    except radical.Undefined:
        return None
    except radical.OutOfReach:
        pass
    left, right = real_value(gold), real_value(prediction)
    if left is None or right is None:
        return None
    return _clearly_different(Fraction(left), Fraction(right))


def _clearly_different(left: Fraction, right: Fraction) -> bool | None:
    """False where two values differ by more than any rounding, else None."""
    margin = max(_CLEARLY_APART, _CLEARLY_APART_RELATIVE * max(abs(left), abs(right)))
    return False if abs(left - right) > margin else None
