"""What the last "the answer is" or "Answer:" of a text announces.

In: plain lines of a solution. Out: the statement behind an announcement, and the answer in it.
"""

import re
from collections import deque

from stepscale.grading.remarks import affirmed, is_remark
from stepscale.grading.statements import announced_answer
from stepscale.grading.values import FORMULA, leading_value
from stepscale.grading.withdrawn import correction, is_taken_back

MAX_STATEMENT_CHARACTERS = 400
# An underscore is a letter to a pattern. Here `_Answer:_` is the word in italics, and `final_answer` is another word.
_ANSWER = r"(?<![^\W_])(?<![^\W_]_)(?<![^\W_]__)answers?(?![^\W_]|_{1,3}[^\W_])"
# `The answer, rounded to the nearest tenth, is`; `the answer in simplest form is`; `the answer (in cm) is`
_ASIDE = (
    r"(?:,[^.,:;\n$]{1,60},|[ \t]*\([^().:;\n$]{1,60}\)"
    r"|[ \t]+(?:in(?![ ]the[ ]form\b)|rounded|expressed|written|we|you|that|i)\b(?:[^.,:;\n$]|\.(?=\d)){1,60}?)"
)
_ASKED = r"(?:an?|in|given|rounded|expressed|written|simplified|entered|left|between|less|greater|positive|negative)\b"
_COMES_OUT = r"(?:comes|works|turns)[ ]+out[ ]+(?:to[ ]+be|to|as|at)\b"
_COMES_TO = rf"(?:(?:should|has[ ]+to|ought[ ]+to)[ ]+be\b(?![ ]+{_ASKED})|{_COMES_OUT})"
ANNOUNCEMENT = re.compile(
    rf"{_ANSWER}[*_]*(?:(?:[ \t]+(?:to|for|of)\b[^.:\n$]{{1,60}}?)?"
    r"[ \t]+(?:is|are|equals|was)(?:\b|(?=n['\u2019]t\b))[*_]*[ \t]*:?"
    r"|[ \t]*(?:[:\uff1a]|=>?)|(?:(?<=final[ ]answer)|(?m:(?<=^answer)))[ \t]+[-\u2013\u2014][ \t]+|(?=\s*(?:\$|\\\(|\\\[)))"
    rf"|(?<!your[ ]){_ANSWER}(?:[ \t]+(?:must|will|would)[ \t]+be\b"
    rf"|{_ASIDE}[ \t]+(?:is|are|equals|was)\b|{_ASIDE}?[ \t]+{_COMES_TO})[*_]*[ \t]*:?"
    r"|\u7b54\u6848[*_]*[ ]?(?:\u662f|\u4e3a|\u70ba|[:\uff1a])[*_]*[:\uff1a]?"  # the same in Chinese
    r"|(?m:^)[ \t>#*_-]*(?:ans|final[ ](?:result|value))(?![^\W_])[*_]*[ \t]*(?:[:=\uff1a]|\.(?=[ \t]*[-$\\\d(]))[*_]*"
    r"|(?m:^)[ \t]*\|[ \t*_]*(?:final[ ])?answer[ \t*_]*\|(?![^\n]*\n[ \t]*\|[ \t]*:?-)",  # a cell of a table, but no title
    re.IGNORECASE,
)
# A text with a mark has one of these.
MENTIONS = ("answer", "ans:", "ans.", "ans =", "ans**", "final result", "final value")
_MARK_BEHIND_NUMBER = re.compile(r"-?[\d.,/]*\d!+")
_FACTORIAL = re.compile(r"(?:\d|\b[a-z]|\))!+")
_SPEAKS_OF_FACTORIALS = re.compile(
    r"[\w)]!+[ ]*(?:\$|\\|[})=/+-]|\*(?!\*)|[a-z]|,[ ]which)|(?i:factorial|permut|arrang|[ ]orders?\b|[ ]ways\b)"
)
_VALUE_ASIDE = re.compile(
    r"answers?,[ \t]+(?:which[ ]is[ \t]+)?(?P<value>[^,]*\d[^,]*),[ \t]+(?:is|are|was)\b", re.IGNORECASE
)
POLITENESS = re.compile(r"\s*\.?\s*I hope it is correct.*|<\|[a-z_]+\|>.*", re.DOTALL)
_BEFORE_STATEMENT = re.compile(
    r"(?:[ \t*_\"'`\u201c\u2018\u00ab}]|</?[a-z]+>|\n+(?:[ \t]*>)*(?:[ \t]*[-*\u2022][ \t]+)?)*"
)
_QUOTED = re.compile(r"\A(?P<before>[\s*_]*)['\u2018](?P<quoted>[^'\u2018\u2019\n]{1,60})['\u2019](?![\w'\u2019])")
_MAX_ANNOUNCEMENTS = 20  # tried from the end
_MAX_FORMULA_LINES = 20


def announced(text: str, *, words_with_reason: bool = True) -> str | None:
    """The answer of the last announcement that is followed by one; remarks and words with a reason count where there is no other.

    Args:
        text: Plain lines.
        words_with_reason: Whether these count at all.
    """
    announcements = list(reversed(deque(ANNOUNCEMENT.finditer(text), maxlen=_MAX_ANNOUNCEMENTS)))
    statements = [_said(text, place) for place in announcements]
    statements_of_value = [
        said
        for said, place in zip(statements, announcements, strict=True)
        if not is_remark(said) and not is_taken_back(text, place.start())
    ]
    turns = [(statements_of_value, False), (statements_of_value, True), (statements, False), (statements, True)]
    answers = (
        announced_answer(said, words_with_reason=with_reason)
        for turn, with_reason in turns[: 4 if words_with_reason else 1]
        for said in turn
    )
    answer = next(filter(None, answers), None)
    return answer.rstrip("!") if answer and _is_exclaimed(answer, text) else answer


def _is_exclaimed(answer: str, text: str) -> bool:
    """Whether the mark of ``the answer is 6!`` is no factorial: the text has none elsewhere, and no formula holds this one."""
    return (
        _MARK_BEHIND_NUMBER.fullmatch(answer) is not None
        and len(_FACTORIAL.findall(text)) == 1
        and _SPEAKS_OF_FACTORIALS.search(text) is None
    )


def _said(text: str, place: re.Match[str]) -> str:
    """What an announcement says, after its corrections; the value beside it in ``The answer, 18, is final``."""
    behind = text[place.end() :][:MAX_STATEMENT_CHARACTERS]
    said = correction(behind) or affirmed(statement(behind))
    aside = _VALUE_ASIDE.match(place[0])
    value = leading_value(aside["value"]) if aside else None
    return aside["value"] if aside and value and value.end == len(aside["value"]) else said


def statement(text: str) -> str:
    """The line with which a text begins, or the display formula that begins there, with the rest of its line.

    Args:
        text: What follows an announcement. A line that ends with a colon ("the area is given by:") leads to the next line.
    """
    text = POLITENESS.sub("", text[:MAX_STATEMENT_CHARACTERS])
    text = _QUOTED.sub(r"\g<before>\g<quoted>", text)
    while True:
        blank = _BEFORE_STATEMENT.match(text)
        text = text[blank.end() :] if blank else text
        formula = FORMULA.match(text)
        remainder = text[formula.end() if formula else 0 :]
        line = formula_line(remainder)
        below = remainder[len(line) + 1 :]
        line = formula[0] + line if formula else line
        if not line.rstrip("*_ ").endswith(":") or not below.strip():
            return line
        text = below


def formula_line(text: str) -> str:
    r"""The first line of a text, with the lines that follow up to the end of an environment or bracket opened in it.

    Args:
        text: Plain lines.
    """
    lines = text.split("\n", _MAX_FORMULA_LINES)[:_MAX_FORMULA_LINES]
    for count in range(1, len(lines) + 1):
        line = "\n".join(lines[:count])
        if line.count("\\begin{") <= line.count("\\end{") and line.count("\\left") <= line.count("\\right"):
            return line
    return lines[0]
