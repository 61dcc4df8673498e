"""The lab's tokenizer: digits and signs one by one, the lab's few words whole; every text survives a round trip.

A unigram model whose pieces are single characters and whole words: the longest pieces win, digits never join.
"""

from collections.abc import Sequence
from typing import Any

PAD, BOS, EOS = "<pad>", "<s>", "</s>"
BAD, OK, GOOD = "<bad>", "<ok>", "<good>"
RATING_TOKENS = (BAD, OK, GOOD)  # for ratings -1, 0, +1
_WORDS = (
    "\\boxed{",
    ". Find ",
    ". Put in order.",
    " mod ",
    "so ",
    "then ",
    "thus ",
    "now ",
    "we get ",
    "answer ",
    "the answer is ",
    "a(n+1)",
    "a(n)",
    ", ",
)
_CHARACTERS = "\n " + "".join(map(chr, range(33, 127)))


def build_tokenizer() -> Any:
    """The tokenizer (a ``PreTrainedTokenizerFast``), made from its definition; nothing is learned from data."""
    return tokenizer_of(_WORDS)


def tokenizer_of(words: Sequence[str]) -> Any:
    """A tokenizer whose pieces are these words and all single characters."""
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    special = [PAD, BOS, EOS, *RATING_TOKENS, "<unk>"]
    pieces = [(token, 0.0) for token in special]
    pieces += [(character, -10.0) for character in _CHARACTERS]
    pieces += [(word, -5.0) for word in words if len(word) > 1]
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
