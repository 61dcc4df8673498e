"""The lab's tokenizer: names, numbers below 100 and its few phrases whole; every text survives a round trip.

A unigram model whose pieces are single characters and whole words: the longest pieces win. A number is one token, so a fact
of arithmetic is one look-up.
"""

import re
from typing import Any

from stepscale.lab.stories import NAMES, NUMBERS, THINGS

PAD, BOS, EOS = "<pad>", "<s>", "</s>"
BAD, OK, GOOD = "<bad>", "<ok>", "<good>"
RATING_TOKENS = (BAD, OK, GOOD)  # for ratings -1, 0, +1
_CHARACTERS = "\n " + "".join(map(chr, range(33, 127)))
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
    """The friend or the number in a piece; pieces that share it say something about the same thing.

    Args:
        piece: Text of a token.

    Returns:
        The friend's name, or the digits; None for other pieces.
    """
    names = [name for name in NAMES if name in piece]
    numbers = re.findall("[0-9]+", piece)
    return names[0] if names else numbers[0] if numbers else None


def build_tokenizer() -> Any:
    """The tokenizer (a ``PreTrainedTokenizerFast``), made from its definition; nothing is learned from data."""
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    special = [PAD, BOS, EOS, *RATING_TOKENS, "<unk>"]
    pieces = [(token, 0.0) for token in special]
    pieces += [(character, -10.0) for character in _CHARACTERS]
    pieces += [(word, -5.0) for word in _WORDS if len(word) > 1]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=special.index("<unk>"), byte_fallback=False))
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token="<unk>",
        extra_special_tokens=list(RATING_TOKENS),
        clean_up_tokenization_spaces=False,
        padding_side="right",
    )
