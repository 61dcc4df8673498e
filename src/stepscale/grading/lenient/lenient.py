r"""``rules="lenient"``: what the Math-Verify library accepts, by certain short cuts first, else by the library itself.

In: prediction and gold, each a bare answer (``\frac{1}{2}``) or a text that holds one (``... so it is $\frac12$.``). Out:
the verdict, or the question that a worker process puts to the library. A bare answer is handed over as the content of
a ``\boxed{}``, for without LaTeX delimiters the library would look for plain numbers only.
"""

import re
import unicodedata
from fractions import Fraction
from itertools import accumulate

from stepscale.grading.lenient.shortcut import certain_verdict
from stepscale.grading.rules import Lenient
from stepscale.grading.workers.pool import WorkerQuestion

SECONDS = 0.9  # of work by the library on one pair (0.5 at most on real answers); a pair that takes longer is wrong
MAX_TEXT = 20_000  # characters: of a longer text, its end is read
MAX_ANSWER = 500  # characters of a bare answer: longer ones are not read
_MAX_NESTING = 40
_DELIMITED = re.compile(r"(?<!\\)\$|\\\(|\\\[|\\boxed|\\fbox")
# No answer has 400 digits in a row, and powers of such numbers fill memory; 80 letters are a product of 80 variables.
_EXPLOSIVE = re.compile(r"\d{400}|[a-zA-Z]{80}|\d{5}\s*!|(?:!\s*){3}|\^\s*\{?\s*\d+\s*!")
_BIG_POWER = re.compile(r"(?:\^|\*\*)[\s{(]*(\d+)(?:[\s{(]*(?:\^|\*\*)[\s{(]*(\d+))?")  # perhaps of a power
_MAX_EXPONENT_DIGITS = 5
_DEGREE_SIGN = re.compile(
    r"(?<=[\d)}])[ ]?[\u00b0\u00ba\u02da](?![ ]?[CFK])"
)  # as the library reads it outside of a box
_NUMERAL = re.compile(
    r"(?P<grouped>-?[1-9]\d{0,2}(?:[ ,]\d{3})+)(?P<point>\.\d+)?|(?P<whole>-?\d*)(?:[.,](?P<part>\d+))?"
)


def settle(prediction: str, gold: str, options: Lenient) -> bool | WorkerQuestion:
    """Math-Verify's verdict, or the question whose answer is the verdict.

    Args:
        prediction: The predicted answer, or a text that holds it.
        gold: The reference, likewise.
        options: The library's options.
    """
    predicted_text, gold_text = _visible(prediction[-MAX_TEXT:]), _visible(gold[-MAX_TEXT:])
    if predicted_text is None or gold_text is None or not predicted_text.strip("$ \n"):
        return False
    if options.latex and not _DELIMITED.search(predicted_text + gold_text):
        predicted_text, gold_text = (_DEGREE_SIGN.sub(r"^\\circ", text) for text in (predicted_text, gold_text))
    if predicted_text == gold_text and len(gold_text) <= MAX_ANSWER and any(map(str.isalnum, gold_text)):
        return True
    if options.expr and _numeral(gold_text) is not None and _numeral(predicted_text) == _numeral(gold_text):
        return True
    if options == Lenient() and not _DELIMITED.search(predicted_text + gold_text):
        verdict = certain_verdict(predicted_text, gold_text)
        if verdict is not None:
            return verdict
    predicted_text, gold_text = _for_library(predicted_text, options), _for_library(gold_text, options)
    if predicted_text is None or gold_text is None:
        return False
    switches = (options.float_rounding, options.strict, options.allow_set_relation_comp, options.latex, options.expr)
    return WorkerQuestion("lenient", (predicted_text, gold_text, *switches), SECONDS)


def _for_library(text: str, options: Lenient) -> str | None:
    """The text as the library gets it; None where the library could not grade it in time."""
    if options.latex and _DELIMITED.search(text) is None:
        if len(text) > MAX_ANSWER or "__" in text:  # a double subscript is no LaTeX, and most often code
            return None
        text = "\\boxed{" + text + "}"
    return None if _explodes(text) else text


def _visible(text: str) -> str | None:
    """Without direction marks and the like; None where it holds control characters, which no answer does."""
    if text.isprintable():
        return text
    kinds = {character: unicodedata.category(character) for character in set(text) - set("\n\t\r\f")}
    if not {"Cc", "Cs", "Co"}.isdisjoint(kinds.values()):
        return None
    return "".join(character for character in text if kinds.get(character) != "Cf")


def _explodes(text: str) -> bool:
    """True for numbers that no answer holds and that would fill time and memory: ``9^{9^{9^9}}``, ``9!!!!``, 400 digits."""
    depths = accumulate(1 if bracket in "{(" else -1 for bracket in re.findall(r"[{}()]", text))
    if _EXPLOSIVE.search(text) or max(depths, default=0) > _MAX_NESTING:
        return True
    powers = _BIG_POWER.findall(text)
    return any(len(upper) > 5 or len(digits) * int(upper or 1) > _MAX_EXPONENT_DIGITS for digits, upper in powers)


def _numeral(text: str) -> Fraction | None:
    """The value of a plain numeral in any of the spellings that the library knows: ``1,000.99``, ``1000,99``."""
    match = _NUMERAL.fullmatch(text) if len(text) <= 40 else None
    if match is None or not (match["grouped"] or match["whole"] not in ("", "-") or match["part"]):
        return None
    if match["grouped"]:
        return Fraction(match["grouped"].replace(" ", "").replace(",", "") + (match["point"] or ""))
    return Fraction(f"{match['whole'] or '0'}.{match['part'] or '0'}")
