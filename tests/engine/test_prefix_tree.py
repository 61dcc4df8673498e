"""Sequences that begin alike share pieces, token by token or chunk by chunk; what was used longest ago goes first."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from stepscale.engine.kv_cache_pool import KVCachePool
from stepscale.engine.prefix_tree import PrefixTree

SEQUENCES = st.lists(st.lists(st.integers(0, 2), max_size=8), min_size=1, max_size=12)


def array(tokens: list[int]) -> np.ndarray:
    return np.array(tokens, np.int64)


@given(SEQUENCES)
def test_each_distinct_token_of_the_tree_is_in_one_piece_and_a_path_spells_its_sequence(sequences) -> None:
    tree = PrefixTree()
    ends = [tree.add_tokens(array(tokens)) for tokens in sequences]
    for tokens, end in zip(sequences, ends, strict=True):  # whatever was split after it was added
        assert [t for piece in end.path() for t in piece.tokens.tolist()] == tokens
        assert end.length == len(tokens)
        assert tree.add_tokens(array(tokens)) is end
    pieces = {piece for end in ends for piece in end.path()}
    distinct = {tuple(tokens[:stop]) for tokens in sequences for stop in range(1, len(tokens) + 1)}
    assert sum(len(piece.tokens) for piece in pieces) == len(distinct)


def test_a_piece_that_is_split_keeps_its_places_and_is_older_than_what_comes_before_it() -> None:
    tree = PrefixTree()
    full = tree.add_tokens(array([1, 2, 3, 4]))
    full.slots = array([10, 11, 12, 13])
    tree.touch(full)
    half = tree.add_tokens(array([1, 2, 7])).parent
    assert half is not None and half.slots is not None
    assert (half.slots.tolist(), half.own_slots.tolist(), full.own_slots.tolist()) == ([10, 11], [10, 11], [12, 13])
    assert [tree.drop_oldest(), tree.drop_oldest()] == [full, half]


def test_chunks_are_kept_whole() -> None:
    tree = PrefixTree()
    first, second = tree.add_chunks([array([1]), array([2, 3])]), tree.add_chunks([array([1]), array([2, 4])])
    assert first.parent is second.parent and first is not second
    assert len(first.path()) == 2


def test_what_is_written_to_the_pool_is_gathered_left_aligned() -> None:
    pool = KVCachePool((3, 2, 4), torch.zeros(1))
    parts = [torch.randn(3, 2, 2, n, 4) for n in (5, 0, 2)]
    slots = [pool.take(part.shape[3]) for part in parts]
    for at, part in zip(slots, parts, strict=True):
        pool.write(at, part)
    gathered = pool.gather(slots)
    assert gathered.shape == (3, 2, 3, 2, 5, 4)
    for row, part in enumerate(parts):
        assert torch.equal(gathered[:, :, row, :, : part.shape[3]], part)
        assert not gathered[:, :, row, :, part.shape[3] :].any()
    pool.clear()
    assert pool.n_used == 1
