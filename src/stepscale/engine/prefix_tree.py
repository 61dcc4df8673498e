"""A tree of token sequences that share beginnings, and which of its pieces are the least recently used.

In: sequences, as chunks to be kept whole or as plain tokens. Out: the piece that ends each; a sequence met before has the
same pieces. Knows nothing about keys and values but in which cache slots a piece has them.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Optional

import numpy as np
from numpy.typing import NDArray

from stepscale.engine.kv_cache_pool import CacheSlots

Tokens = NDArray[np.int64]


class Span:
    """A run of tokens after its parent's.

    Args:
        parent: The run before it; None for the root.
        key: By which the parent knows it: the bytes of a chunk, or the first token.
        tokens: Its own [n].

    Attributes:
        slots: Cache slots where the keys and values of the whole sequence up to its end lie [length]; None: not computed yet.
        output: What a head says at its last token [K]; None: not computed yet.
        length: Tokens of the whole sequence up to its end.
    """

    __slots__ = ("children", "key", "length", "output", "parent", "slots", "tokens")

    def __init__(self, parent: Optional["Span"], key: bytes | int, tokens: Tokens) -> None:
        self.parent, self.key, self.tokens = parent, key, tokens
        self.length: int = len(tokens) + (parent.length if parent else 0)
        self.children: dict[bytes | int, Span] = {}
        self.slots: CacheSlots | None = None
        self.output: NDArray[np.float32] | None = None

    @property
    def own_slots(self) -> CacheSlots:
        """Slots of its own tokens, without those before it."""
        assert self.slots is not None
        return self.slots[self.length - len(self.tokens) :]

    def path(self) -> list["Span"]:
        """The pieces from the beginning of the sequence to this one."""
        path: list[Span] = []
        piece = self
        while piece.parent:
            path.append(piece)
            piece = piece.parent
        return path[::-1]


class PrefixTree:
    """The pieces of all sequences. One tree takes either chunks or tokens, never both."""

    def __init__(self) -> None:
        self._root = Span(None, 0, np.empty(0, np.int64))
        self._root.slots = np.empty(0, np.int64)
        self._used: OrderedDict[Span, None] = OrderedDict()  # oldest first; a piece is always older than its parent

    def add_chunks(self, chunks: Sequence[Tokens]) -> Span:
        """A sequence whose chunks are kept whole: one that begins like another is another.

        Args:
            chunks: Token ids of each, such as a prompt and steps.

        Returns:
            The piece of the last chunk.
        """
        piece = self._root
        for tokens in chunks:
            key = tokens.tobytes()
            piece = piece.children.get(key) or _append(piece, key, tokens)
        return piece

    def add_tokens(self, tokens: Tokens) -> Span:
        """A sequence that shares with others all the tokens with which it begins like them.

        Args:
            tokens: Ids [n].

        Returns:
            The piece that ends with the last token.
        """
        piece, place = self._root, 0
        while place < len(tokens):
            key = int(tokens[place])
            child = piece.children.get(key)
            if child is None:
                return _append(piece, key, tokens[place:])
            shared = _common_length(child.tokens, tokens[place:])
            piece = child if shared == len(child.tokens) else self._split(child, shared)
            place += shared
        return piece

    def touch(self, piece: Span) -> None:
        """Note that a sequence is used now, so that it is dropped after those used longer ago.

        Args:
            piece: The piece that ends the sequence.
        """
        for part in reversed(piece.path()):  # the parent is touched after its child
            self._used[part] = None
            self._used.move_to_end(part)

    def drop_oldest(self) -> Span | None:
        """Drop the least recently used piece, which nothing follows; gives it, or None if the tree is empty."""
        if not self._used:
            return None
        piece, _ = self._used.popitem(last=False)
        assert piece.parent is not None
        del piece.parent.children[piece.key]
        return piece

    def _split(self, piece: Span, length: int) -> Span:
        """Cut a piece in two after ``length`` of its tokens; gives the upper one, the lower is the piece that was."""
        assert piece.parent is not None
        upper = Span(piece.parent, piece.key, piece.tokens[:length])
        piece.parent.children[piece.key] = upper
        piece.parent, piece.key, piece.tokens = upper, int(piece.tokens[length]), piece.tokens[length:]
        upper.children[piece.key] = piece
        if piece.slots is not None:
            upper.slots = piece.slots[: upper.length]
            self._used[upper] = None
        return upper


def _append(parent: Span, key: bytes | int, tokens: Tokens) -> Span:
    piece = parent.children[key] = Span(parent, key, tokens)
    return piece


def _common_length(a: Tokens, b: Tokens) -> int:
    """Length of the longest common beginning."""
    n = min(len(a), len(b))
    different = a[:n] != b[:n]
    return int(different.argmax()) if different.any() else n
