"""Sentences of a Markdown page, as a reader meets them: without code, tables, formulas and headings."""

import re
from collections.abc import Iterator

_FENCED = re.compile(r"^ *```.*?^ *``` *$", re.S | re.M)
_MARKER = re.compile(r"^\s*(?:[-*+]|\d+\.)\s+")
_END = re.compile(r"(?<=[.!?:;])[)\"*_]*\s+(?=[\"(*_`\[A-Z0-9])")


def sentences(text: str) -> Iterator[str]:
    """Each sentence on one line; a colon or a semicolon does not end one unless a capital follows."""
    for paragraph in _paragraphs(_FENCED.sub("\n\n", text)):
        yield from filter(None, (part.strip() for part in _END.split(paragraph)))


def words(sentence: str) -> int:
    """Words with a letter in them; a piece of code is one word, a link is its text."""
    plain = re.sub(r"\]\([^)]*\)", "]", re.sub(r"`[^`]*`", " code ", sentence))
    return sum(any(character.isalpha() for character in word) for word in plain.split())


def _paragraphs(text: str) -> Iterator[str]:
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        is_code = line.startswith("    ") and not lines
        is_apart = is_code or not line.strip() or line.lstrip().startswith(("#", "|", "!", "<", "```", ":::"))
        if is_apart or _MARKER.match(line):
            if lines:
                yield " ".join(lines)
            lines = []
        if not is_apart:
            lines.append(_MARKER.sub("", line).strip())
