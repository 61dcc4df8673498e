"""Parts of a statement that are written in words: a date, a time of day, a computation with its units.

In: prose as a model writes it. Out: the date with which a statement begins, or what stands behind the equals sign of a
computation. ``statements`` asks these before it looks for a value.
"""

import re

from stepscale.grading.boxes import is_cut_off
from stepscale.grading.characters import MINUS
from stepscale.grading.values import FORMULA, leading_value

_MARKS_ALONE = re.compile(r"(?:[\s$#*_`|~.]|\\[(\[])*|-{2,}")
_WEEKDAY = r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:,?\s+\d{4})?(?![.,/]?\d)(?!\s*[%:])"
_DATE = re.compile(
    rf"(?:on\s+)?(?:the\s+)?(?P<date>(?:{_WEEKDAY},?\s+(?:the\s+)?)?(?:{_MONTH}\s+(?:{_DAY}\b{_YEAR}|\d{{4}}\b)"
    rf"|{_DAY}\s+(?:of\s+)?{_MONTH}\b{_YEAR})|{_WEEKDAY}(?:\s+the\s+{_DAY})?(?=\s*(?:[.,;:!(]|\Z)))"
)
_TIME = re.compile(  # `3:45 PM`, `5 p.m.`
    r"(?:at[ ]+)?(?P<time>\d{1,2}(?::[0-5]\d){0,2}[ ]?(?:[ap]\.[ ]?m\.|[AP]\.[ ]?M\.|[ap]m\b|[AP]M\b))"
    r"(?=\s*(?:[.,;:!(*_]|\Z|\bon\b))"
)
_MIXED = re.compile(
    rf"(?P<number>[{MINUS}]?\d{{1,9}}) and (?P<part>\d{{1,4}})/(?P<whole_part>\d{{1,4}})(?= [a-z]{{2}})"
    r"(?! (?:respectively|as|because|since|for|in|which|where|are|is|of|by|at|on|or|and|so|when|if|with|to|from|but)\b)"
)
_OPERATOR = r"(?:of|times|plus|minus|over|mod|choose|divided\s+by|multiplied\s+by)"
_NUMBER = (
    rf"[{MINUS}]?\$?\d[\d.,]*(?:\s?%)?"  # a fraction is two and a sign: read both ways, 1/1/1/... would take years
)
_UNITS = rf"(?:\s(?!{_OPERATOR}\b|equals\b|is\b|x\b|and\b|or\b)[a-zA-Z]+(?:\^?[\d\u00b2\u00b3])?){{0,2}}"
_SIGN = rf"(?:\s*[-+*/\u00d7\u00f7\u00b7{MINUS}]\s*|\s+x\s+|\s+{_OPERATOR}\s+(?:the\s+|a\s+)?)"
_CALL = (  # of a function on numbers: `gcd(12, 18)`
    r"(?:gcd|lcm|hcf|max|min|mod|nCr|nPr|C(?=\(\d+,)|P(?=\(\d+,)|abs|floor|ceil|round|sqrt|cbrt|exp|ln|log(?:_?\d{1,2})?"
    r"|(?:arc)?(?:sin|cos|tan|cot|sec|csc))[ ]?\([^()=<>a-zA-Z\n]{1,60}\)"
)
_TERM = rf"(?:{_CALL}|{_NUMBER}{_UNITS})"
_COMPUTATION = re.compile(
    rf"(?:{_CALL}|{_NUMBER}{_UNITS}{_SIGN}{_TERM})(?:{_SIGN}{_TERM})*\s*(?:=|\bequals\b|\bis\b)\s*(?=\S)"
)


def leading_date(statement: str) -> str | None:
    """The date or weekday with which a statement begins.

    Args:
        statement: What follows an announcement or a verb.

    Returns:
        ``Monday, March 3`` of ``on Monday, March 3, as planned``; None where it begins otherwise, or with a month alone.
    """
    date = _DATE.match(statement)
    return date["date"] if date else None


def leading_time(statement: str) -> str | None:
    """The time of day with which a statement begins, if it says which half of the day.

    Args:
        statement: What follows an announcement or a verb.

    Returns:
        ``3:45 PM`` of ``at 3:45 PM, as planned``; None where it begins otherwise, such as with ``3:45``.
    """
    time = _TIME.match(statement)
    return time["time"] if time else None


def behind_computation(statement: str) -> str:
    """What a computation comes to.

    Args:
        statement: A statement, such as ``10 % of 50 = 5``.

    Returns:
        What follows its last equals sign, ``5``; the statement itself where it begins with a formula, or with no computation,
        or comes to no value.
    """
    if FORMULA.match(statement):
        return statement
    result = statement
    while computed := _COMPUTATION.match(result):
        result = result[computed.end() :]
    return result if leading_value(result) else statement


def with_mixed_number(statement: str) -> str:
    """``2 1/2 cups`` of ``2 and 1/2 cups``; ``2 and 1/2`` with no unit behind it is a list of two.

    Args:
        statement: What follows an announcement or a verb.
    """
    mixed = _MIXED.match(statement)
    if mixed is None or int(mixed["part"]) >= int(mixed["whole_part"]):
        return statement
    return f"{mixed['number']} {mixed['part']}/{mixed['whole_part']}{statement[mixed.end() :]}"


def with_content(answer: str | None) -> str | None:
    """An answer without blanks around it.

    Args:
        answer: As it was read.

    Returns:
        None where it is blank, ends with an open brace, or is nothing but marks that open or close an answer, such as ``$$``.
    """
    answer = (answer or "").strip()
    if answer.startswith("$\\") and answer.count("$") == 1:  # the formula was cut off behind its answer
        answer = answer[1:]
    return None if _MARKS_ALONE.fullmatch(answer) or is_cut_off(answer) else answer
