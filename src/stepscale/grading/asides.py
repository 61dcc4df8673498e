"""What is said beside an answer that is nothing but signs and single letters: an explanation, a citation, a unit.

In: ``12 (n = 4)``, ``18, i.e. 9*2``, ``5 g (3 g + 2 g)``. Out: ``12``, ``18``, ``5 g``. A bracket that may be a factor, an
argument or part of the answer stays: ``2 (x+1)``, ``f (x)``, ``x^2 (x > 0)``.
"""

import re

from stepscale.grading.characters import MINUS
from stepscale.grading.values import FORMULA, FUNCTION, leading_value

_ABBREVIATION = re.compile(
    r"(?<![^\s,;:(\[])(?:i\.\s?e\b|e\.\s?g\b|a\.k\.a\b|s\.t\b|n\.b\b|q\.e\.d\b|cf\.|viz\.|pp?\.(?=\s?\d)|w/(?=\s))",
    re.IGNORECASE,
)
_RELATION = re.compile(r"[=<>\u2264\u2265\u2260\u2248]|\\(?:leq?|geq?|neq?|approx)(?![a-zA-Z])")
_REMARK = re.compile(r"[(\[]\s*(?:not|see|since|because|from|by|as|eq\.|step|so)\b", re.IGNORECASE)
_MODULUS = re.compile(r"\b(?:mod|base)\b")
_NO_LETTERS = re.compile(r"(?:[^a-zA-Z]|(?<=[ \d])x(?=[ \d]))*")
_CITATION = re.compile(r"\[\d{1,3}\]|\[[^,a-zA-Z\[\]]*[-+*/\u00d7][^,a-zA-Z\[\]]*\]")
_NAME_OF_RESULT = re.compile(r"\A[a-zA-Z]\s*=(?!=)")
_MACRO = re.compile(r"\\[a-zA-Z]+")
_LETTER = re.compile(r"[a-zA-Z]")
_UNIT = r"[mgsLhNJVWK]"
_UNIT_AT_END = re.compile(rf"(?<=[\d}}])[ ]({_UNIT})\Z")
_UNIT_POWER = rf"(?:\^?\{{?[{MINUS}]?[\d\u00b2\u00b3]\}}?)?"
_UNIT_BEHIND = re.compile(
    rf"[ ]{_UNIT}{_UNIT_POWER}(?:[ ]?[/\u00b7*]?[ ]?{_UNIT}{_UNIT_POWER}(?![a-zA-Z]))*+[ ]*(?=[,;=]|[x\u00d7][ ]?\d|\Z)"
)
_MAX_ANSWER_CHARACTERS = 400  # characters: a longer answer is left as it is
_OPENING = {")": "(", "]": "["}


def without_asides(answer: str) -> str:
    """An answer without the explanation that follows it.

    Args:
        answer: What stands behind an announcement or under a heading, one line.
    """
    if len(answer) > _MAX_ANSWER_CHARACTERS:
        return answer
    if FORMULA.search(answer) is None:
        for abbreviation in _ABBREVIATION.finditer(answer):
            said = answer[: abbreviation.start()].rstrip(" \t,;:([")
            if leading_value(said):
                answer = said
                break
    start = _bracket_at_end(answer)
    if start and _is_explanation(answer[start:], of=answer[:start].rstrip()):
        return answer[:start].rstrip()
    return answer


def without_unit(answer: str) -> str:
    """The number of an answer in which a unit of one letter and more signs follow: ``12`` of ``12 m x 3 m``.

    Args:
        answer: Signs and single letters.
    """
    value = leading_value(answer, lists=False)
    if value is None or not value.text[-1:].isdigit() or _LETTER.search(_constant(value.text)):
        return answer
    return value.text if _UNIT_BEHIND.match(answer, value.end) else answer


def _bracket_at_end(answer: str) -> int:
    """Where the bracket begins that ends an answer and stands behind a blank; 0 where there is none."""
    closing = answer[-1:]
    opening = _OPENING.get(closing)
    if opening is None:
        return 0
    depth = 0
    for place in range(len(answer) - 1, 0, -1):
        depth += (answer[place] == closing) - (answer[place] == opening)
        if depth == 0:
            return place if answer[place - 1].isspace() else 0
    return 0


def _is_explanation(bracket: str, *, of: str) -> bool:
    """Whether a bracket explains the constant before it; of letters it may be a factor, an argument or a condition."""
    unit = _UNIT_AT_END.search(of)
    number = of[: unit.start()] if unit else of
    if bracket[0] == "(" and number[-1] in "0123456789%" and _NO_LETTERS.fullmatch(bracket):
        return True
    if (
        _LETTER.search(_constant(number))
        or not re.search(r"[\d%}\u03c0\u00bc-\u00be]\Z", number)
        or _MODULUS.search(bracket)
    ):
        return False
    if bracket[0] == "[":
        return _CITATION.fullmatch(bracket) is not None
    repeats_unit = unit is not None and re.search(rf"\d[ ]?{unit[1]}\b", bracket) is not None
    return repeats_unit or _REMARK.match(bracket) is not None or _RELATION.search(bracket) is not None


def _constant(answer: str) -> str:
    """An answer without the names that are no variables: `x =` before it, functions, macros, the sign of times."""
    bare = _MACRO.sub("", _NAME_OF_RESULT.sub("", answer))
    return re.sub(r"(?<=\d)[ ]?x(?=[ ]?\d)", "", FUNCTION.sub("", bare))
