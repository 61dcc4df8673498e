r"""What a text takes back: struck-out text, "the answer is 5. Actually, it is 6", "a common wrong answer is 5", "17.6, so 18".

In: plain lines of a solution, or what follows an announcement. Out: the text without what is struck out, or what replaces the
value announced first. Nothing is computed, but that a rounded number must be next to the number it was rounded from.
"""

import re

from stepscale.grading.values import StatedValue, leading_value

_STRUCK_OUT = re.compile(
    r"(?<![^\s*_(])~~(?=[^\s~])[^~\n]{0,200}(?<=[^\s\\])~~(?![\w\\$~])|<(?P<tag>del|s|strike)>[^<\n]{0,200}</(?P=tag)>"
)
_NOT_THE_ANSWER = re.compile(  # stands before "answer is"
    r"\b(?:incorrect|wrong|mistaken|erroneous|false|naive|tempting|earlier|previous|initial|preliminary)[ ]+\Z"
    r"|\b(?:thought|think|believed?|assumed?|guess(?:ed)?|(?:previously|mistakenly|wrongly|earlier|originally)[ ]+(?:said|stated"
    r"|wrote|claimed|gave))[ ]+(?:that[ ]+)?(?:the|my|our|its?)[ ]+(?:final[ ]+)?\Z",
    re.IGNORECASE,
)
_TAKEN_BACK = (
    r"oh|oops|wait|hmm|hm|no|sorry|actually|correction|well|scratch[ ]that|hold[ ]on|my[ ](?:mistake|bad|apologies)|apologies"
    r"|(?:sorry,?[ ])?i[ ](?:made|see)[ ](?:a|an|my)[ ](?:small[ ])?(?:mistake|error)|let[ ]me[ ]correct[ ](?:that|this|myself)"
    r"|(?:that|this|it)(?:['\u2019]s|[ ]is|[ ]was)[ ](?:wrong|incorrect|not[ ](?:right|correct))"
)
_REPLACES = (
    r"(?:(?:it|that|this|the[ ](?:correct|right|actual|true|real)[ ](?:answer|value|result|number|total|amount))"
    r"(?:['\u2019]s|[ ](?:is|was|equals|should[ ]be|should[ ]have[ ]been|must[ ]be))|i[ ](?:mean|meant)|make[ ]that)[ ]+"
)
_CORRECTION = re.compile(
    rf"(?:[.,;!?)\n\u2026(:$*]|[ ](?:-{{1,3}}|[\u2013\u2014]))[ \n]*(?:(?:{_TAKEN_BACK})\b[.,;:!\u2026 \n\u2013\u2014-]+){{1,4}}"
    rf"(?:{_REPLACES})?\**(?=[^A-Za-z\s*])|,?[ ]but[ ](?:actually[ ])?{_REPLACES}\**(?=[^A-Za-z\s*])",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"[$*)]*(?:[ ]+(?!less|more|than|times|minus|plus|is|are|and|or)[a-z]{2,})?[$*) ]*(?:[.!;,]|\n|\Z)(?!\d)"
)
_ROUNDED = re.compile(
    r"[$*]*(?:[ ]+[a-z]+)?[ ]*(?:[,;(\u2014-]+[ ]*|[ ])"
    r"(?:(?:and|so|but|which|that|it|this|we|you|i|they|he|she|must|needs?|needed|have|has|to|can|should|is|would|be)[ ]+){0,6}"
    r"(?:(?:rounds?|rounded|rounding)(?:[ ]+(?:it|this|that))?(?:[ ]+(?:up|down|off))?[ ]+to[ ]+(?!the\b)"
    r"|(?<=need[ ])|(?<=needs[ ]))(?:at[ ]least[ ]+)?\**(?=[$-]*\d)",
    re.IGNORECASE,
)
_NOT_A_NUMBER = re.compile(r"[ ]*(?:decimal|significant|digits?|places?|d\.?p|s\.?f)", re.IGNORECASE)
_DECIMAL = re.compile(r"-?\d+\.(?P<places>\d+)")
_MAX_LEAD = 60  # characters before "answer" that tell whose answer it is


def without_struck_out(text: str) -> str:
    """The text without ``~~5~~`` and ``<del>5</del>``.

    Args:
        text: Plain lines.
    """
    return _STRUCK_OUT.sub("", text) if "~~" in text or "</" in text else text


def is_taken_back(text: str, start: int) -> bool:
    """Whether the answer announced at ``start`` is called wrong, earlier or only thought: ``a common wrong answer is 5``.

    Args:
        text: Plain lines.
        start: Where the word "answer" begins.
    """
    return _NOT_THE_ANSWER.search(text, max(start - _MAX_LEAD, 0), start) is not None


def correction(behind: str) -> str | None:
    """The value that replaces the announced one: ``6`` of ``5. Actually, it is 6.``

    Args:
        behind: What follows an announcement, up to a few lines of it.

    Returns:
        The last correction's value, as it is written; None where nothing is corrected.
    """
    paragraph = behind.strip().split("\n\n", 1)[0]
    corrected = None
    for place in _CORRECTION.finditer(paragraph):
        value = leading_value(paragraph[place.end() :], lists=False)
        if value is not None and re.search(r"\d", value.text) and _ENDS.match(paragraph, place.end() + value.end):
            corrected = value.text
    return corrected


def rounded(value: StatedValue, statement: str) -> str | None:
    """The number to which a statement rounds its value: ``18`` of ``17.6, so we round up to 18``.

    Args:
        value: With which the statement begins.
        statement: What follows an announcement.

    Returns:
        The rounded number if it is as near to the value as its last digit allows; else None.
    """
    number = _DECIMAL.fullmatch(value.text)
    place = _ROUNDED.match(statement, value.end) if number else None
    if number is None or place is None:
        return None
    result = leading_value(statement[place.end() :], lists=False)
    if result is None or _NOT_A_NUMBER.match(statement, place.end() + result.end):
        return None
    shown = re.fullmatch(r"-?\d+(?:\.(?P<places>\d+))?", result.text)
    if shown is None or len(shown["places"] or "") >= len(number["places"]):
        return None
    near = abs(float(result.text) - float(value.text)) < 10.0 ** -len(shown["places"] or "")
    return result.text if near else None
