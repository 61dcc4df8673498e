"""Makes the keys and values of prefixes known, each distinct token once.

In: prefixes wanted and a tree of what is known. Out: the tree knows them all, and the count of what was computed. Where
several prefixes share a part that is not known yet (few-shot examples, a beam's past), that part is computed first, once.
"""

from collections.abc import Callable, Iterable, Sequence

import torch

from stepscale.engine.attention import PrefillMemory
from stepscale.engine.computed import Computed
from stepscale.engine.prefixes import PrefixTree, common_length
from stepscale.engine.writing_network import Network

_Piece = tuple[tuple[int, ...], int]  # tokens up to the piece's end, and how many of them are known
_Batch = list[_Piece]
Map = Callable[[Callable[[_Batch], PrefillMemory], Sequence[_Batch]], Iterable[PrefillMemory]]


def prefill(
    network: Network,
    tree: PrefixTree,
    prefixes: Sequence[tuple[int, ...]],
    batch_tokens: int,
    like: torch.Tensor,
    lanes: int = 1,
    side_by_side: Map = map,
) -> Computed:
    """Compute what the tree does not know of ``prefixes``; at most ``batch_tokens`` padded tokens at a time.

    ``like``: a tensor of the network's dtype and device. ``side_by_side``: a ``map`` that runs ``lanes`` batches at once.
    """

    def run(batch: _Batch) -> PrefillMemory:
        with torch.inference_mode():  # the mode is each thread's own
            return _run(network, tree, batch, like)

    computed = Computed()
    wanted = _longest(prefixes)
    while pieces := _next_pieces(tree, wanted):
        batches = _batches(pieces, batch_tokens)
        for start in range(0, len(batches), lanes):
            wave = batches[start : start + lanes]
            for memory, batch in zip(list(side_by_side(run, wave)), wave, strict=True):  # all have read the tree by now
                for row, (tokens, known) in enumerate(batch):
                    tree.insert(tokens, memory.new[:, :, row, :, : len(tokens) - known])
                    computed.add(known, len(tokens))
    return computed


def _batches(pieces: list[_Piece], batch_tokens: int) -> list[_Batch]:
    """Pieces of like length together, the longest first."""
    pieces.sort(key=lambda piece: (len(piece[0]) - piece[1], piece[1]))
    batches: list[_Batch] = []
    while pieces:
        batch = [pieces.pop()]
        longest, past = len(batch[0][0]) - batch[0][1], batch[0][1]
        while pieces and (len(batch) + 1) * (longest + max(past, pieces[-1][1])) <= batch_tokens:
            past = max(past, pieces[-1][1])
            batch.append(pieces.pop())
        batches.append(batch)
    return batches


def _longest(prefixes: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Sorted, without those that are the beginning of another."""
    ordered = sorted(set(prefixes))
    following = [*ordered[1:], ()]
    return [a for a, b in zip(ordered, following, strict=True) if b[: len(a)] != a or not b]


def _next_pieces(tree: PrefixTree, wanted: Sequence[tuple[int, ...]]) -> list[_Piece]:
    """The next unknown piece of every prefix, shared ones once, up to where the prefixes that share it part."""
    pieces: list[_Piece] = []
    for prefix in wanted:
        known = tree.known(prefix)
        if known == len(prefix):
            continue
        if pieces and pieces[-1][1] == known and (shared := common_length(pieces[-1][0], prefix)) > known:
            pieces[-1] = (prefix[:shared], known)
        else:
            pieces.append((prefix, known))
    return pieces


def _run(network: Network, tree: PrefixTree, batch: _Batch, like: torch.Tensor) -> PrefillMemory:
    """The pieces' keys and values; the tree is only read."""
    layers, kv_heads, dim = network.shape
    n_new = max(len(tokens) - known for tokens, known in batch)
    n_past = max(known for _, known in batch)
    past = like.new_zeros((layers, 2, len(batch), kv_heads, n_past, dim))
    tree.gather([tokens[:known] for tokens, known in batch], past)
    known_lengths, new_lengths = (
        torch.tensor(lengths, device=like.device)
        for lengths in ([known for _, known in batch], [len(tokens) - known for tokens, known in batch])
    )
    memory = PrefillMemory(past, known_lengths, new_lengths)
    ids = torch.zeros((len(batch), n_new), dtype=torch.long)
    for row, (tokens, known) in enumerate(batch):
        ids[row, : len(tokens) - known] = torch.tensor(tokens[known:])
    network.forward(ids.to(like.device), memory)
    return memory
