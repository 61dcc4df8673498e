"""A text as the patterns of an extraction read it: one kind of line end, one kind of blank, no special tokens at its end.

In: what a model or a sampler wrote. Out: the same text; nothing but line ends, blanks, characters without a width and tokens such
as ``<|im_end|>`` is changed.
"""

import re
from collections import deque

_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029\u0085]")
_ODD_ASCII_BLANKS = "\x0b\x0c\x1c\x1d\x1e\x1f"  # vertical tab, form feed, separators of records
# A form feed before "rac" is what a wrong escape left of `\frac`: no blank.
_ODD_BLANKS = re.compile(f"(?!\x0crac)[{_ODD_ASCII_BLANKS}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\u202a-\u202e\ufeff\u00ad]")
_END_TOKEN = re.compile(r"(?:<\|[a-zA-Z_]{1,40}\|>|</s>|<(?:eos|end_of_turn)>)\Z")
_MAX_END_TOKENS = 8
_MAX_END_TOKEN_CHARACTERS = 44


def plain_lines(text: str) -> str:
    """The text with one kind of line end and one kind of blank.

    Args:
        text: Any text.
    """
    if not text.isascii():
        return _INVISIBLE.sub("", _ODD_BLANKS.sub(" ", _LINE_ENDS.sub("\n", text)))
    text = _LINE_ENDS.sub("\n", text) if "\r" in text else text
    if any(blank in text for blank in _ODD_ASCII_BLANKS):  # ten times as fast as the pattern, and most texts have none
        return _ODD_BLANKS.sub(" ", text)
    return text


def without_end_tokens(text: str) -> str:
    """The text without special tokens such as ``<|im_end|>`` that some samplers leave at its end.

    Args:
        text: Any text.
    """
    for _ in range(_MAX_END_TOKENS):
        if not text.rstrip().endswith(">"):
            break
        text = text.rstrip()
        token = _END_TOKEN.search(text, max(0, len(text) - _MAX_END_TOKEN_CHARACTERS))
        if token is None:
            break
        text = text[: token.start()]
    return text


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last match of a pattern in a text, None where there is none.

    Args:
        pattern: A mark of which the last counts.
        text: Plain lines.
    """
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)
