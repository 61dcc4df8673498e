"""What base models are pretrained on, by world: pages, how they are encoded, and the tokenizer."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from stepscale.lab import corpus as formulas
from stepscale.lab import story_corpus as quantities
from stepscale.lab import tokenizer as formulas_tokenizer
from stepscale.lab.quantities import tokenizer as quantities_tokenizer
from stepscale.lab.worlds import WorldName

Encoded = list[tuple[list[int], list[int], list[int]]]  # of each page: token ids, next tokens, rating classes


@dataclass(frozen=True)
class Corpus:
    """A world's pages.

    Attributes:
        write_page: One random page.
        encode_pages: Pages as tokens and targets.
        build_tokenizer: The world's tokenizer.
        lengths: Documents are padded up to one of these (tokens).
        positions: Longest text that its models read (tokens).
        shared_content: What a piece of the tokenizer names; pieces that name the same begin alike.
    """

    write_page: Callable[[Random], Any]
    encode_pages: Callable[[list[Any], Any], Encoded]
    build_tokenizer: Callable[[], Any]
    lengths: tuple[int, ...]
    positions: int
    shared_content: Callable[[str], str | None]


CORPORA: dict[WorldName, Corpus] = {
    "formulas": Corpus(
        formulas.write_page,
        formulas.encode_pages,
        formulas_tokenizer.build_tokenizer,
        (48, 64, 80, 96, 112, 128, 160, 192, 256),
        512,
        lambda piece: None,
    ),
    "quantities": Corpus(
        quantities.write_page,
        quantities.encode_pages,
        quantities_tokenizer.build_tokenizer,
        (64, 96, 128, 176, 224, 288, 384, 640, 1024),
        1024,
        quantities_tokenizer.shared_content,
    ),
}
