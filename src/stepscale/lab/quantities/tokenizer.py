"""The tokenizer of the world of quantities: names, numbers below 100 and its few phrases whole.

A unigram model whose pieces are single characters and whole words: the longest pieces win. A number is one token, so a fact
of arithmetic is one look-up.
"""

import re
from typing import Any

from stepscale.lab.quantities.stories import NAMES, NUMBERS, THINGS
from stepscale.lab.tokenizer import tokenizer_of

_PHRASES = (
    "Some friends have ",
    ". How many ",
    " does ",
    " have?",
    ". ",
    " gets as many as ",
    " and ",
    " less ",
    " together",
    " plus ",
    " minus ",
    " times ",
    ": ",
    ", so ",
    "Answer: ",
    "Attempt:\n",
    "Revision:",
)
# A friend and the words beside it are one piece, and a relation stands right after the friend that it is about: every look-up
# is one hop forward from the token before, which a small model learns in a tenth of the tokens (docs/log/lab.md).
_OWNERS = tuple(name + words for name in NAMES for words in (" has ", "'s "))
_OTHERS = tuple(words + name for name in NAMES for words in ("As many as ", " go to "))
_AMOUNTS = tuple(str(number) for number in range(10, 100))
_RELATIONS = tuple(
    words.format(number)
    for words in (" and {} more", " less {}", " plus {}", " minus {}", " times {}")
    for number in NUMBERS
)
_WORDS = (*_PHRASES, *NAMES, *_OWNERS, *_OTHERS, *THINGS, *_AMOUNTS, *_RELATIONS)


def shared_content(piece: str) -> str | None:
    """The friend or the number in a piece; pieces that share it say something about the same thing. None for other pieces."""
    names = [name for name in NAMES if name in piece]
    numbers = re.findall("[0-9]+", piece)
    return names[0] if names else numbers[0] if numbers else None


def build_tokenizer() -> Any:
    """The tokenizer (a ``PreTrainedTokenizerFast``), made from its definition; nothing is learned from data."""
    return tokenizer_of(_WORDS)
