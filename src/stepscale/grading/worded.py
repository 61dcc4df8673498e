"""Parts of a statement that are written in words: the end of a sentence, a date, a computation with its units.

In: prose as a model writes it. Out: where a sentence ends, the date with which a statement begins, or what stands behind the
equals sign of a computation. ``statements`` asks these before it looks for a value.
"""

import re

from stepscale.grading.values import FORMULA, MINUS, leading_value

_TITLES = r"(?<!\b(?:Dr|Mr|Ms|St|Mt|Ft|Lt))(?<!\b(?:Mrs|Rev|Gen|Sen|Gov|Col|Sgt))(?<!\b(?:Prof|Capt))"
_DOTTED = r"\b[A-Za-z]\.[A-Za-z]"  # `D.C.`, `p.m.`: the last period is theirs
_OPENER = (  # begins a sentence and no name
    r"(?:An?|The|This|That|These|Those|There|It|Its|He|She|We|They|I|You|His|Her|Our|My|Your|So|Then|Therefore|Thus|Hence|Because"
    r"|Since|As|If|When|Where|What|Which|In|On|At|For|From|By|To|With|And|But|Or|Now|Next|Finally|First|Let|Note|Check|However"
    r"|Also|All|Both|Each|Here|Step|Answer|Final|Explanation|Reason|Clearly|Obviously|Similarly|Consequently)\b(?!\.[A-Z])"
)
SENTENCE_BREAK = re.compile(
    rf"{_TITLES}(?<!{_DOTTED})\.(?=\s+[A-Z<])|(?<={_DOTTED}\.)(?<!\b[A-Z]\.[A-Z]\.)\s+(?=[A-Z<])|(?<=\b[AP]\.M\.)\s+(?=[A-Z<])"
    rf"|(?<={_DOTTED}\.)\s+(?={_OPENER}|<|[A-Z][a-z]*\s+(?:is|are|was|were|has|have|had)\b)"
)
"""A period behind which a sentence begins: none behind a title such as ``Dr``, nor within ``U.S. Steel``."""

SENTENCE_END = re.compile(rf"{SENTENCE_BREAK.pattern}|(?<!{_DOTTED})\.(?=\s*$)")
"""The same, and the period that closes the text."""

_MARKS_ALONE = re.compile(r"[\s$#*_`|~.]*|-{2,}")
_ENDS_DOTTED = re.compile(rf"{_DOTTED}\.\Z")
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
_NUMERAL = (
    r"(?:Zero|One|Two|Three|Four|Five|Six|Seven|Eight|Nine|Ten|Eleven|Twelve|(?:Thir|Four|Fif|Six|Seven|Eigh|Nine)teen"
    r"|(?:Twen|Thir|For|Fif|Six|Seven|Eigh|Nine)ty|Hundred|Thousand|Million|Half|Once|Twice)\b"
)
_WORD = r"(?:(?:[A-Z]\.){2,}|(?:Dr|Mr|Ms|St|Mt|Ft|Lt|Mrs|Prof|Capt)\.|[A-Z][a-z'\u2019-]*[a-z])"
_NAME = re.compile(
    rf"(?P<name>(?:the\s+)?(?!{_OPENER}|{_NUMERAL}){_WORD}(?:\s+(?:{_WORD}|[A-Z](?![\w.])|of|the|and)){{0,3}})"
    r"(?:\.?(?:,\s+(?:as|because|since|who|whose|which(?!\s+(?:equals|gives|yields|makes|comes)\b)|where(?!\s+\S+\s*=)|not)"
    r"|\s+(?:because|since))\b|(?P<end>[.,;\s]*\Z|,\s))"
)
_OPERATOR = r"(?:of|times|plus|minus|over|divided\s+by|multiplied\s+by)"
_NUMBER = (
    rf"[{MINUS}]?\$?\d[\d.,]*(?:\s?%)?"  # a fraction is two and a sign: read both ways, 1/1/1/... would take years
)
_UNITS = rf"(?:\s(?!{_OPERATOR}\b|equals\b|is\b|x\b|and\b|or\b)[a-zA-Z]+(?:\^?[\d\u00b2\u00b3])?){{0,2}}"
_SIGN = rf"(?:\s*[-+*/\u00d7\u00f7\u00b7{MINUS}]\s*|\s+x\s+|\s+{_OPERATOR}\s+(?:the\s+|a\s+)?)"
_COMPUTATION = re.compile(rf"{_NUMBER}{_UNITS}(?:{_SIGN}{_NUMBER}{_UNITS})+\s*(?:=|\bequals\b|\bis\b)\s*(?=\S)")


def leading_date(statement: str) -> str | None:
    """The date or weekday with which a statement begins.

    Args:
        statement: What follows an announcement or a verb.

    Returns:
        ``Monday, March 3`` of ``on Monday, March 3, as planned``; None where it begins otherwise, or with a month alone.
    """
    date = _DATE.match(statement)
    return date["date"] if date else None


def leading_name(statement: str) -> str | None:
    """The name that a statement says something of, or that holds initials.

    Args:
        statement: What follows an announcement.

    Returns:
        ``St. Louis`` of ``St. Louis, as shown in step 3``, ``U.S. Steel`` of ``U.S. Steel``; None where it begins otherwise.
    """
    name = _NAME.match(statement)
    if name is None or (name["end"] is not None and not re.search(_DOTTED, name["name"])):
        return None
    return without_marks(name["name"])


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


def with_content(answer: str | None) -> str | None:
    """An answer without blanks around it.

    Args:
        answer: As it was read.

    Returns:
        None where it is blank, or nothing but marks that would open or close an answer, such as ``$$`` and ``####``.
    """
    answer = (answer or "").strip()
    return None if _MARKS_ALONE.fullmatch(answer) else answer


def without_marks(words: str) -> str:
    """Words without the quotes and punctuation around them; the period of ``D.C.`` is its own.

    Args:
        words: An answer in words.
    """
    words = words.strip("*_\"',;: ")
    return words if _ENDS_DOTTED.search(words) else words.strip("*_\"'.,;: ")
