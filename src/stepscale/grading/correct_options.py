"""The option of a multiple choice that a text calls correct without an announcement: ``the correct option is (C)``.

In: plain lines of a solution. Out: the letter of the last such option, in brackets if it stands so.
"""

import re

from stepscale.grading.plain_lines import last_match

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
    option = last_match(CORRECT_OPTION, text)
    if option is None:
        return None
    said = str(option["named"] or option["option"] or option["letter"])
    return said if said.startswith("(") == said.endswith(")") else said.strip("()")
