"""GSM8K's mark of an answer: a line ``#### 5``, which in Markdown is a heading too.

In: plain lines of a solution. Out: the answer behind the last ``####`` that is no title of a section.
"""

import re
from collections import deque

from stepscale.grading.announcements import MAX_STATEMENT_CHARACTERS, announced
from stepscale.grading.statements import announced_answer
from stepscale.grading.values import leading_value

GSM8K = re.compile(
    r"(?:^[ \t]*[*_]{0,3}####(?!#)[ \t]*(?P<answer>\S[^\n]*)|(?<=[ \t])####[ \t]*(?P<inline>[-+$\\(\u2212]*\d[^\n]*))$",
    re.MULTILINE,
)
_SECTION = re.compile(
    r"(?:[*_]*(?:step|part|case|section|solution|conclusion|verification)\b|\d+[.):]\s+[*_]*[A-Za-z])", re.IGNORECASE
)
_NUMBER_ALONE = re.compile(r"\$?-?[\d.,]*\d")
_STARTS_A_VALUE = re.compile(r"[^\w\s]*\d|\W*\\|\$|[-+(\[{\u2212\u221a\u03c0]")
_UNIT_ALONE = re.compile(r"(?:[ ]?[a-z]{1,20})?[ .*_]*")  # `18 dollars`, but not `2 ways to check` or `2 Methods`
_EQUATION = re.compile(r"\)\s*=\s*[-+$\\(\u2212]*\d\S*$")  # "gcd(12, 18) = 6"
_WORD = re.compile(r"[^\W\d]{2}")
_MAX_MARKED_LINES = 10  # lines, tried from the end


def gsm8k_answer(text: str) -> str | None:
    """What stands behind the last ``####`` that is no title; no answer where an announced one follows.

    Words without a value ("#### Explanation") are an answer only at the end of a text that announces none. A value among words
    is read as behind an announcement: 2 of "#### 2 apples and 3 pears".

    Args:
        text: Plain lines.
    """
    lines = list(deque(GSM8K.finditer(text), maxlen=_MAX_MARKED_LINES))
    end = len(text)
    for marked in reversed(lines):
        if said := announced(text[marked.start() : end], words_with_reason=False):
            return said
        answer = (marked["answer"] or marked["inline"]).strip()
        is_last = end == len(text)
        if _is_value(answer, before=text[: marked.start()], behind=text[marked.end() :].strip(), is_last=is_last):
            is_short = _NUMBER_ALONE.fullmatch(answer) or len(answer) == 1
            return answer if is_short else announced_answer(answer[:MAX_STATEMENT_CHARACTERS])
        end = marked.start()
    return _last_words(text, lines[-1]) if lines else None


def _is_value(answer: str, *, before: str, behind: str, is_last: bool) -> bool:
    """Whether the text behind ``####`` states a value; the title of a section may begin with a number too."""
    if _SECTION.match(answer) or answer.endswith(":"):
        return False
    if _NUMBER_ALONE.fullmatch(answer) or (is_last and len(answer) == 1):
        return True
    if not _STARTS_A_VALUE.match(answer):
        return False
    value = leading_value(answer)
    words = answer[value.end :] if value else answer
    if not behind or (value is not None and not _WORD.search(words)):
        return True
    # Words and more lines follow: "2nd check". The last such line counts, as GSM8K's own extraction has it, but no title does.
    return _UNIT_ALONE.fullmatch(words) is not None or (is_last and announced(before, words_with_reason=False) is None)


def _last_words(text: str, marked: re.Match[str]) -> str | None:
    """A few words or an equation behind the last ``####`` of a text, at its end, where nothing before announces an answer."""
    answer = (marked["answer"] or marked["inline"]).strip()
    is_last_line = not text[marked.end() :].strip()
    is_title = _SECTION.match(answer) or answer.endswith(":") or _STARTS_A_VALUE.match(answer)
    if is_title or not is_last_line or (len(answer.split()) > 3 and not _EQUATION.search(answer)):
        return None
    return announced(text[: marked.start()]) or announced_answer(answer[:MAX_STATEMENT_CHARACTERS]) or answer
