"""The words of a line of free text, without LaTeX and Markdown, each with what it does in a statement."""

import re
from typing import NamedTuple

from stepscale.lab.stories import NAMES, Story

MAX_LINE_CHARACTERS = 600

_REWRITTEN = tuple(
    (re.compile(pattern, re.IGNORECASE), text)
    for pattern, text in (
        # 1. LaTeX and Markdown.
        (r"= ?\\boxed ?\{ ?([0-9]{1,6}) ?\}", r"= \1 "),  # it may be an amount on the way
        (r"\\boxed ?\{ ?([0-9]{1,6}) ?\}", r" answer: \1 "),
        (r"^ ?#### ", "answer: "),
        (r"\\(?:times|cdot)\b", "*"),
        (r"\\(?:text|mathrm|mathbf|textbf)\{([^{}\\]{0,60})\}", r" \1 "),
        (r"\\[][() ,;!]|\$|\*\*|`|\\quad\b", " "),
        (r"^ *(?:#{1,4}|[-*]) ", ""),
        (r"^ *(?:step )?\(?[0-9]{1,2}[.):] ", ""),
        # 2. Phrases that are one word in what follows.
        (r"\bas many (?:[a-z]+ )?as\b", " asmanyas "),
        (r"\b(?:go|goes|went)(?: [a-z]+)? to\b|\bfor\b", " goto "),
        (r"\bmultiplied by\b", "times"),
        (r"\btwice\b", "2 times"),
        (r"\bwe (?:get|have|find|know|see|add|calculate)\b", " so "),
        (r",? ?\b(?:which|that|this) (?:is|equals|makes|gives)\b", " = "),
    )
)
_SAME_CHARACTERS = str.maketrans({"×": "*", "·": "*", "−": "-", "–": "-", "’": "'", "\u00a0": " "})
_TOKEN = re.compile(r"'s\b|[A-Za-z]+|[0-9]+|[^\sA-Za-z0-9]")
_OWNER = re.compile(r"\b([A-Z][a-z]{1,20})'s [0-9]")  # "Dave's 12" is a friend's, whom the story may not know
_NO_OWNERS = {"It", "That", "Let", "There", "Here", "He", "She", "Who", "What", "Where", "How", "This"}
_UNREADABLE_NUMBER = re.compile(r"[0-9][.,][0-9]|[0-9](?![xX][0-9 ])[A-Za-z]|[A-WYZa-wyz_][0-9]")
_KINDS = {
    word: kind
    for kind, words in {
        "break": ", ; . and so thus therefore hence then because since as but",
        "equals": "= is are was equals equal makes make gives give",
        "has": "has have owns holds gets get got receives received",
        "plus": "+ plus",
        "minus": "- minus less",
        "times": "* x times",
        "goto": "goto",
        "answer": "answer answers",
        "left out": "the a an of in total all altogether now first next finally final also given that number amount",
    }.items()
    for word in words.split()
}
_WORDS_FOR_NUMBERS = {
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "eleven": "11",
    "twelve": "12",
}
_THEMSELVES = frozenset(("asmanyas", "more", "fewer", "than", "together", "combined", ":", "(", ")", "'s"))


class Unreadable(Exception):
    """A line is not wholly understood."""


class Token(NamedTuple):
    """A word or mark. ``kind``: "name", "number", "things", "plus", "equals", "has", "break" and the like."""

    kind: str
    text: str


def plain_text(line: str) -> str:
    """The line without LaTeX, Markdown, list marks and number of its step.

    Args:
        line: Of a solution in free text.
    """
    text = line.translate(_SAME_CHARACTERS)
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    return text


def read_words(line: str, story: Story) -> list[Token]:
    """The words and marks that matter, in order; names are those of the story and of the world.

    Args:
        line: Of a solution.
        story: What the problem tells.

    Returns:
        The words and marks.

    Raises:
        Unreadable: The line is too long, or holds a word, mark or number that is not known here.
    """
    if len(line) > MAX_LINE_CHARACTERS:
        raise Unreadable
    text = plain_text(" ".join(line.split()))
    if not text.isascii() or _UNREADABLE_NUMBER.search(text):
        raise Unreadable
    strangers = set(_OWNER.findall(text)) - _NO_OWNERS
    names = {*story.by_name, *NAMES, *strangers}
    things = {story.things, story.things.removesuffix("s")}
    tokens = [_token(word, names, things) for word in _TOKEN.findall(text)]
    return [token for token in tokens if token.kind != "left out"]


def _token(word: str, names: set[str], things: set[str]) -> Token:
    small = word.lower()
    if word in names:
        return Token("name", word)
    if word.isdigit() and len(word) <= 6:
        return Token("number", word)
    if small in _WORDS_FOR_NUMBERS:
        return Token("number", _WORDS_FOR_NUMBERS[small])
    if small in things:
        return Token("things", small)
    kind = small if small in _THEMSELVES else _KINDS.get(small)
    if kind is None:
        raise Unreadable
    return Token(kind, small)
