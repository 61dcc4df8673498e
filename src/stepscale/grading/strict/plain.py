r"""The PRM800K grader's own normalization: a final answer as plain lower-case text, and its elements.

In: an answer as a model or a data set writes it (``\$1,\!234``, ``\frac{1}{2} \text{ cm}``, ``2 3/4``, ``3 million``). Out:
text without units, currency and blanks (``1234``, ``1/2``, ``2+3/4``, ``3*10^6``), and that text split into the elements of
its tuple or interval. What it deliberately does not know: values. ``2/4`` and ``1/2`` are different texts here.
"""

import re

from stepscale.grading.strict.hendrycks import without_text_macro
from stepscale.grading.strict.latex_text import latex_to_text

_UNITS = re.findall(
    r"\w+", "degree cm centimeter meter mile second minute hour day week month year foot feet inch yard"
)
_UNIT_PATTERNS = tuple((unit, re.compile(rf"{unit}(es)?(s)? *(\^[0-9]+)?")) for unit in _UNITS)
_WORDS = {"\\%": "%", "\\$": "$", "$": "", "%": "", " or ": " , ", " and ": " , "}
_WORDS |= {"million": "*10^6", "billion": "*10^9", "trillion": "*10^12"}
_DEGREES = re.compile(r"\^ *\\circ")
_THIN_SPACE_COMMA = re.compile(r",\\! *")
_MINUS_BLANKS = re.compile(r"- *")
_MIXED_NUMBER = re.compile(r"([0-9]) +([0-9])")
_GROUP_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_NUMERAL = re.compile(r"\s*[-+]?[0-9][0-9_]*(?:\.0*)?\s*")
_BRACKETS = "()[]"
_EXACT_FLOAT = 2.0**53  # every integer below has its own float


def normalize(answer: str) -> str:
    """The plain text of an answer, lower-case and without blanks.

    Args:
        answer: LaTeX or plain text.
    """
    if answer.isdigit() and answer.isascii() and (answer[0] != "0" or answer == "0"):
        return answer
    text = without_text_macro(answer)
    for word, replacement in _WORDS.items():
        if word in text:
            text = text.replace(word, replacement)
    for unit, pattern in _UNIT_PATTERNS:
        if unit in text:
            text = pattern.sub("", text)
    text = _DEGREES.sub("", text)
    if text and text[0] == "{" and text[-1] == "}":
        text = text[1:-1]
    text = _THIN_SPACE_COMMA.sub("", text)
    text = _integer_text(text, nearest=True) or text
    if "\\" in text:
        converted = latex_to_text(text)
        text = text if converted is None else converted
    text = _MINUS_BLANKS.sub("-", text)  # "- 3" before the blanks of mixed numbers are read
    text = _MIXED_NUMBER.sub(r"\1+\2", text)
    text = text.replace(" ", "").replace("{", "").replace("}", "").lower()
    return _integer_text(without_group_commas(text), nearest=False) or text


def without_group_commas(text: str) -> str:
    """A text without the commas between groups of digits: ``1,234,567`` -> ``1234567``.

    Args:
        text: An answer; the commas of ``(1,2)`` and of ``12,34`` stay.
    """
    if "," not in text:
        return text
    while (fewer := _GROUP_COMMA.sub("", text)) != text:
        text = fewer
    return text


def elements(text: str) -> list[str]:
    """The elements of a tuple or interval in normalized text, or the whole text as the one element.

    Args:
        text: As ``normalize`` gives it.

    Returns:
        ``["1", "2"]`` of ``(1,2)`` and of ``[1,2)``; brackets within brackets are one element, and no text has none.
    """
    text = without_group_commas(text)
    if not text:
        return []
    if len(text) > 2 and text[0] in _BRACKETS and text[-1] in _BRACKETS and not any(c in text[1:-1] for c in _BRACKETS):
        return [element.strip() for element in text[1:-1].split(",")]
    return [text]


def is_integer(text: str) -> bool:
    """Whether a text is a numeral whose value is an integer to 1e-7: ``7``, ``7.0``, ``1,000``, ``2e3``.

    Args:
        text: One element of a normalized answer.
    """
    return _integer_text(without_group_commas(text), nearest=False) is not None


def _integer_text(numeral: str, *, nearest: bool) -> str | None:
    """The integer that ``numeral`` writes, as digits; None where it writes none.

    Up to 2**53 by way of a float, as the papers' grader does (so ``6.99999999`` is an integer, read as 7 where ``nearest``
    and cut to 6 else). Beyond that a float would make different integers equal, so the digits themselves count.
    """
    if not numeral or len(numeral) > 10_000:
        return None
    last = numeral[-1]  # the float that is tried then drops blanks of every kind, so any of them may stand here
    if not (last.isdigit() or last == "." or last.isspace()):
        return None
    try:
        value = float(numeral)
        near = round(value)
    except ValueError:  # not a numeral to the float, whatever blanks a pattern would allow, or nan
        return None
    except OverflowError:  # infinite
        return _digits(numeral)
    if abs(value) >= _EXACT_FLOAT:
        return _digits(numeral) or str(near)
    if abs(value - near) > 1e-7:
        return None
    return str(near if nearest else int(value))


def _digits(numeral: str) -> str | None:
    """The digits of an integer of any length in one spelling, without reading it as a number."""
    if _NUMERAL.fullmatch(numeral) is None:
        return None
    digits = numeral.strip().split(".")[0].replace("_", "")
    sign = "-" if digits[0] == "-" else ""
    return sign + (digits.lstrip("+-").lstrip("0") or "0")
