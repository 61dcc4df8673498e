"""The lab's tokenizer: names, numbers below 100 and the lab's few phrases whole; every text survives a round trip.

A unigram model whose pieces are single characters and whole words: the longest pieces win. A number is one token, so a fact
of arithmetic is one look-up.
"""

from typing import Any

from stepscale.lab.stories import NAMES, THINGS

PAD, BOS, EOS = "<pad>", "<s>", "</s>"
BAD, OK, GOOD = "<bad>", "<ok>", "<good>"
RATING_TOKENS = (BAD, OK, GOOD)  # for ratings -1, 0, +1
_PHRASES = (
    "Some friends have ",
    "How many ",
    " have?",
    ". ",
    " together. ",
    " together",
    " plus ",
    " minus ",
    " times ",
    ": ",
    "Answer: ",
    "Attempt:\n",
    "Revision:",
)
# A friend and the word beside it are one piece: an amount stands right after its owner, a number right before the friend that
# it is more than. So every look-up is one hop, which a small model learns in a tenth of the tokens (docs/log/lab.md).
_BESIDE_NAMES = (
    "{}",
    "{} has ",
    "{} gets ",
    "{}'s ",
    " more than {}",
    " fewer than {}",
    " times as many as {}",
    "as many as {}",
    "As many as {}",
    "the difference of {}",
    "The difference of {}",
    " and {}",
    " go to {}",
    " goes to {}",
    " does {}",
)
_FRIENDS = tuple(words.format(name) for words in _BESIDE_NAMES for name in NAMES)
_WORDS = (*_PHRASES, *_FRIENDS, *THINGS, *(str(number) for number in range(10, 100)))
_CHARACTERS = "\n " + "".join(map(chr, range(33, 127)))


def build_tokenizer() -> Any:
    """The tokenizer (a ``PreTrainedTokenizerFast``), made from its definition; nothing is learned from data."""
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    special = [PAD, BOS, EOS, *RATING_TOKENS, "<unk>"]
    pieces = [(token, 0.0) for token in special]
    pieces += [(character, -10.0) for character in _CHARACTERS]
    pieces += [(word, -5.0) for word in _WORDS]
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
