r"""`rules="lenient"`: what the Math-Verify library accepts, by certain short cuts first and the library itself otherwise.

In: prediction and gold, each a bare answer (`\frac{1}{2}`) or a text that holds one (`... so it is $\frac12$.`). Out: the
verdict, or the question that a worker process puts to the library. A bare answer is handed over as the content of a `\boxed{}`,
for without LaTeX delimiters the library would look for plain numbers only.
"""

import re
from fractions import Fraction

from stepscale.grading.rules import Lenient
from stepscale.grading.workers import Question

MAX_TEXT = 20_000  # characters: of a longer text, its end is read
MAX_ANSWER = 1_000  # characters of a bare answer: longer ones are not read
_MAX_DIGITS = 400  # in one run: no answer is longer, and powers of such numbers fill memory
_MAX_NESTING = 40
_DELIMITED = re.compile(r"\$|\\\(|\\\[|\\boxed|\\fbox")
_LONG_DIGITS = re.compile(r"\d{%d}" % _MAX_DIGITS)
_POWER_TOWER = re.compile(r"\^[\s{(]*[^\s{}()^]+[\s{(]*\^[\s{(]*[^\s{}()^]+[\s{(]*\^")
_NUMERAL = re.compile(r"(?P<grouped>-?[1-9]\d{0,2}(?:[ ,]\d{3})+)(?P<point>\.\d+)?|(?P<whole>-?\d*)(?:[.,](?P<part>\d+))?")


def settle(prediction: str, gold: str, options: Lenient) -> bool | Question:
    """Math-Verify's verdict with these options, or the question whose answer is the verdict."""
    if prediction == gold and 0 < len(gold) <= 200 and gold.isalnum():
        return True
    if _same_numeral(prediction, gold, options):
        return True
    prepared = [_prepared(text) for text in (prediction, gold)]
    if any(text is None for text in prepared):
        return False
    return (
        "lenient", *(text for text in prepared if text is not None), options.float_rounding, options.strict,
        options.allow_set_relation_comp, options.latex, options.expr,
    )  # fmt: skip


def _prepared(text: str) -> str | None:
    """The text as the library gets it; None where it is none that the library could grade in time."""
    text = "".join(character for character in text[-MAX_TEXT:] if character.isprintable() or character in "\n\t")
    if _DELIMITED.search(text) is None:
        if len(text) > MAX_ANSWER:
            return None
        text = "\\boxed{" + text + "}"
    if _LONG_DIGITS.search(text) or _POWER_TOWER.search(text) or _nesting(text) > _MAX_NESTING:
        return None
    return text


def _nesting(text: str) -> int:
    deepest = depth = 0
    for bracket in re.findall(r"[{}()]", text):
        depth += 1 if bracket in "{(" else -1
        deepest = max(deepest, depth)
    return deepest


def _same_numeral(prediction: str, gold: str, options: Lenient) -> bool:
    """Two plain numerals of the same value, in any of the spellings that the library knows: `1,000.99`, `1000,99`."""
    if not options.expr:
        return False
    values = [_numeral(text) for text in (prediction, gold)]
    return values[0] is not None and values[0] == values[1]


def _numeral(text: str) -> Fraction | None:
    match = _NUMERAL.fullmatch(text) if len(text) <= 40 else None
    if match is None or not (match["grouped"] or match["whole"] not in ("", "-") or match["part"]):
        return None
    if match["grouped"]:
        return Fraction(match["grouped"].replace(" ", "").replace(",", "") + (match["point"] or ""))
    return Fraction(f"{match['whole'] or '0'}.{match['part'] or '0'}")
