r"""An answer in a field of its own: ``<answer>5</answer>``, as R1-Zero's prompt asks for, and ``{"answer": 5}``.

In: plain lines of a solution. Out: the content of the last such field.
"""

import re
from json import loads

from stepscale.grading.plain_lines import last_match

FIELD = re.compile(
    r"<(?P<tag>(?:final_?)?answer)>(?P<content>[^<]*(?:<(?!/?(?:final_?)?answer>)[^<]*)*)</(?P=tag)>"
    r"|[\"'](?:final[_ ]?)?answer[\"'][ \t]*:[ \t]*"
    r"(?:(?P<string>\"(?:[^\"\\\n]|\\.)*\")|(?P<number>-?\d[\d.]*(?:[eE][-+]?\d+)?))",
    re.IGNORECASE,
)


def field_content(text: str) -> str | None:
    """What the last field holds; None where it is blank.

    Args:
        text: Plain lines with a match of ``FIELD``.
    """
    field = last_match(FIELD, text)
    if field is None:
        return None
    content = _text_of(field["string"]) if field["string"] else field["content"] or field["number"] or ""
    return content.strip() or None


def _text_of(string: str) -> str:
    r"""What a JSON string says; as it stands where it holds LaTeX with single backslashes: ``"\frac{1}{2}"``."""
    try:
        content = str(loads(string))
    except ValueError:
        return string[1:-1]
    return content if content.isprintable() else string[1:-1]
