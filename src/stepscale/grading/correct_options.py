"""The option of a multiple choice that a text calls correct without an announcement: ``the correct option is (C)``.

In: plain lines of a solution. Out: the letter of the last such option, in brackets if it stands so.
"""

import re

_LETTER = r"\(?[A-J]\)?"
CORRECT_OPTION = re.compile(
    rf"\b(?i:correct|right|best)[ ]+(?i:option|choice)[ ]*[*_]*[ ]*(?:is|:)[ :]*[*_]*[ ]*"
    rf"(?i:option[ ]+)?(?P<named>{_LETTER})(?![\w'\u2019])"
    rf"|(?:\b(?i:option|choice)[ ]+[*_]*(?P<option>{_LETTER})|(?:(?<=[*_(])|(?m:^))(?P<letter>\(?[A-J]\)?))[*_]*"
    r"[ ]+is[ ]+(?:the[ ]+)?(?:correct|right)(?=[ ]+(?:answer|option|choice)\b|[ ]*(?:[.,!*]|$))",
    re.MULTILINE,
)


def correct_option(text: str) -> str | None:
    """The last option that is called correct.

    Args:
        text: Plain lines.
    """
    said = None
    for match in CORRECT_OPTION.finditer(text):
        said = match["named"] or match["option"] or match["letter"]
    if said is None:
        return None
    return said if said.startswith("(") == said.endswith(")") else said.strip("()")
