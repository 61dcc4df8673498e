"""Statements about an answer that are not the answer: ``rounded to 2 decimal places``, ``correct because 5 + 5 = 10``, ``not 5``.

In: what stands behind "the answer is". Out: whether it is a remark, or what it affirms. A remark counts only where a text
announces nothing else. A denied value never counts.
"""

import re

_PRAISE = (
    r"(?:correct|right|reasonable|sensible|valid|plausible|consistent|helpful|useful|clear|satisfactory|accurate|exact|complete"
    r"|final|verified|confirmed|checked|validated)\b"
    r"(?=[*_]*[ ]*(?:[.,;:!)]|\Z)|[ ]+(?:because|since|as|with|for|to|by|and|given|when|if|in|up)\b)"  # but "right triangle"
)
_MADE = (  # but "rounded to 8.3", "found to be 5", "given by 5"
    r"(?:obtained|derived|found|calculated|computed|determined)[ ]+(?:by|from|through|via|using|in)\b"
    r"|(?:rounded|expressed|written|stated|given|reported|accurate|correct)[ ]+(?:to|in|as|with)[ ]+"
    r"(?:(?:the|its)[ ]+)?(?:nearest|simplest|lowest|(?:\d+|one|two|three|four)[ ]+(?:decimal|significant|digit|place)|terms)"
    r"|(?:expressed|written|stated|given|reported)[ ]+in\b"
)
_KIND = (
    r"an?[ ]+(?:(?:positive|negative|non-?negative|whole|natural|rational|real|single|simplified|common|exact)[ ]+)*"
    r"(?:integer|number|fraction|decimal|percentage)\b(?![ ]+\d)"
)
_BOUND = r"(?:(?:slightly|much|also)[ ]+)?(?:less|greater|more|smaller|larger|bigger)[ ]+than\b"
_SIGN = r"(?:positive|negative|non-?negative|even|odd),?[ ]+(?:as|which|so)\b"
_ELSEWHERE = r"(?:see|shown|stated|given|as)[ ]+(?:above|below)\b|in[ ]+(?:its[ ]+|the[ ]+)?(?:simplest|lowest)\b"
_REMARK = re.compile(
    r"[*_]*(?:(?:also|indeed|thus|therefore|now|already)[ ]+)?"
    rf"(?:(?P<praise>{_PRAISE})|{_MADE}|{_KIND}|{_BOUND}|{_SIGN}|{_ELSEWHERE})",
    re.IGNORECASE,
)
_DENIED = re.compile(  # a value is denied: "not 12", but "not defined" is words, and "not only 5" affirms
    r"[*_]*(?:(?:definitely|certainly|clearly|actually|really|therefore|thus)[ ]+)?"
    r"(?i:n['\u2019]t|not|never|no[ ]longer|neither)[*_]*[ ]+"
    r"(?:equal[ ]+to[ ]+|simply[ ]+|just[ ]+)?(?=[^A-Za-z\s]|[A-Za-z][ ]*=|[A-J][*_]*[ ]*(?:[.,;:)]|\Z|but\b))"
)
_AFFIRMED = re.compile(
    r"\b(?:but(?:[ ]+(?:rather|instead))?|rather|instead|it(?:['\u2019]s|[ ]+(?:is|equals|(?:should|must)[ ]+be)))\b[,:]?[ ]+",
    re.IGNORECASE,
)
_GIVES = re.compile(
    r"\b(?:which|that)[ ]+(?:is|equals|gives)\b[^.\n]{0,60}\d|[=:][ ]*[-$]{0,2}[\d.,]+[ ]*\Z", re.IGNORECASE
)


def is_remark(statement: str) -> bool:
    """Whether a statement says something of an answer, and does not go on to give it: ``obtained by adding, which is 5``.

    Args:
        statement: What follows an announcement.
    """
    remark = _REMARK.match(statement)
    return remark is not None and (remark["praise"] is not None or _GIVES.search(statement) is None)


def affirmed(statement: str) -> str:
    """What a statement says after it denies a value: ``7`` of ``not 5 but 7`` and of ``not 5. It is 7``.

    Args:
        statement: What follows an announcement.

    Returns:
        The statement itself where it denies no value; "" where it says nothing else.
    """
    denied = _DENIED.match(statement)
    if denied is None:
        return statement
    said = _AFFIRMED.search(statement, denied.end())
    return statement[said.end() :] if said else ""
