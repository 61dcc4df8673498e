"""What the last "the answer is" or "Answer:" of a text announces.

In: plain lines of a solution. Out: the statement behind an announcement, and the answer in it.
"""

import re
from collections import deque

from stepscale.grading.remarks import affirmed, is_remark
from stepscale.grading.statements import announced_answer
from stepscale.grading.values import FORMULA

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
    r"|\u7b54\u6848[*_]*[ ]?(?:\u662f|\u4e3a|\u70ba|[:\uff1a])[*_]*[:\uff1a]?",  # the same in Chinese
    re.IGNORECASE,
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
    announcements = reversed(deque(ANNOUNCEMENT.finditer(text), maxlen=_MAX_ANNOUNCEMENTS))
    statements = [affirmed(statement(text[place.end() :][:MAX_STATEMENT_CHARACTERS])) for place in announcements]
    statements_of_value = [said for said in statements if not is_remark(said)]
    turns = [(statements_of_value, False), (statements_of_value, True), (statements, False), (statements, True)]
    answers = (
        announced_answer(said, words_with_reason=with_reason)
        for turn, with_reason in turns[: 4 if words_with_reason else 1]
        for said in turn
    )
    return next(filter(None, answers), None)


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
