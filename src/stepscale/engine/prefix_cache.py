"""Prefix KV cache: keys and values of shared token prefixes, computed once and evicted least recently used.

In: sequences and a network. Out: for a judge, what its head says after each chunk of a sequence; for a generator, the
slots of a prefix's keys and values. What was read before is found, not computed: within a call (many solutions of one
problem) and across calls (a search that adds a step to its beams). The storage is a pool of token slots. Serves generators
and verifiers. Knows nothing about text, labels or the meaning of the head's output.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.computed import Computed
from stepscale.engine.kv_cache_pool import CacheSlots, KVCachePool
from stepscale.engine.lanes import Lanes, lanes_for, most_lanes
from stepscale.engine.network import Network
from stepscale.engine.packed_batch_cache import PackedBatchCache
from stepscale.engine.prefix_tree import PrefixTree, Span, Tokens

_WORKING_BYTES = 256 * 2**20  # of keys and values computed in one go
_CPU_TOKENS, _GPU_TOKENS = 1024, 16_384  # in one forward pass: activations stay in the CPU's caches; a GPU is filled
Head = Callable[[torch.Tensor], torch.Tensor]
_Run = list[Span]  # pieces that follow one another


@dataclass(frozen=True)
class _Batch:
    """One forward pass. ``slots[r]``: of all tokens of row r, the ``n_new[r]`` new ones last; pieces with their rows."""

    pieces: list[tuple[Span, int]]
    slots: list[CacheSlots]
    n_new: list[int]


def no_output(states: torch.Tensor) -> torch.Tensor:
    """The head of a cache of which only keys and values are asked.

    Args:
        states: Last hidden states [n, W].

    Returns:
        Nothing per state: [n, 0].
    """
    return states[:, :0]


class PrefixCache:
    """Runs token sequences through a network, computing only what is not stored yet."""

    def __init__(
        self,
        network: Network,
        head: Head,
        parameters: Sequence[torch.Tensor],
        budget: int,
        tokens_per_batch: int | None = None,
    ) -> None:
        """Start with an empty cache.

        Args:
            network: What computes keys and values.
            head: Maps last hidden states [n, W] to outputs [n, K].
            parameters: The network's weights: their device, dtype and size decide how it is run.
            budget: Bytes of keys and values cached between calls.
            tokens_per_batch: New tokens in one forward pass; null: what suits the device.
        """
        like = parameters[0]
        self._network, self._head = network, head
        self._most = tokens_per_batch or (_CPU_TOKENS if like.device.type == "cpu" else _GPU_TOKENS)
        self._lanes = lanes_for(parameters)
        self._at_once = most_lanes(parameters)
        self._pool = KVCachePool(network.shape, like)
        self.token_bytes = self._pool.token_bytes
        self._budget = budget // self.token_bytes  # token slots
        self._room = max(_WORKING_BYTES // self.token_bytes, 4 * self._most)
        self._tree = PrefixTree()

    def outputs(self, sequences: Sequence[Sequence[Tokens]], computed: Computed) -> list[NDArray[np.float32]]:
        """What the head says about sequences cut into chunks (a prompt, then steps).

        Args:
            sequences: Of each sequence its chunks of token ids.
            computed: What had to be computed is added to it.

        Returns:
            For every sequence the output after each chunk but the first: float32 [len(sequence) - 1, K].
        """
        results: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(sequences)
        for group in self._groups(sequences):
            ends = {i: self._tree.add_chunks(sequences[i]) for i in group}
            n_new = sum(len(piece.tokens) for piece in _unknown(ends.values()))
            with Lanes(self._lanes if n_new > self._most // 4 else 1) as lanes:
                self._compute(list(ends.values()), computed, lanes)
            for i, end in ends.items():
                outputs = [piece.output for piece in end.path()[1:] if piece.output is not None]
                results[i] = np.stack(outputs) if outputs else np.empty((0, 0), np.float32)
                self._tree.touch(end)
            self.evict()
        return results

    def read(self, prefixes: Sequence[Sequence[int]], computed: Computed, lanes: Lanes) -> list[CacheSlots]:
        """Compute and store the keys and values of prefixes, even beyond the budget, until ``evict`` is called.

        Args:
            prefixes: Token ids.
            computed: What had to be computed is added to it.
            lanes: Run the batches side by side.

        Returns:
            The slots of each prefix's keys and values, for ``gather``.
        """
        ends = [self._tree.add_tokens(np.array(prefix, np.int64)) for prefix in prefixes]
        self._compute(ends, computed, lanes)
        slots: list[CacheSlots] = []
        for end in ends:
            assert end.slots is not None
            slots.append(end.slots)
            self._tree.touch(end)
        return slots

    def gather(self, rows: Sequence[CacheSlots]) -> torch.Tensor:
        """Copies of keys and values, padded with those of slot 0: [layers, 2, B, kv_heads, longest row, head_dim].

        Args:
            rows: Slots of the tokens of each row, from ``read``.
        """
        return self._pool.gather(rows)

    def insert(self, tokens: Sequence[int], keys_values: torch.Tensor) -> None:
        """Cache keys and values that were computed elsewhere; they are copied, unless their prefix was evicted since.

        Args:
            tokens: A sequence of which all but the last tokens were read.
            keys_values: Of its last tokens [layers, 2, kv_heads, last tokens, head_dim].
        """
        end = self._tree.add_tokens(np.array(tokens, np.int64))
        if end.slots is None:  # else the same tokens were inserted before
            assert end.parent is not None and end.parent.slots is not None, "what comes before is known"
            n_new = len(end.tokens)
            if n_new > keys_values.shape[3]:
                del end.parent.children[end.key]
                return
            slots = self._pool.take(n_new)
            self._pool.write(slots, keys_values[:, :, :, keys_values.shape[3] - n_new :])
            end.slots = np.concatenate([end.parent.slots, slots])
        self._tree.touch(end)

    def evict(self) -> None:
        """Evict the least recently used pieces until the rest fits the budget."""
        while self._pool.n_used > self._budget and (piece := self._tree.drop_oldest()):
            self._pool.give(piece.own_slots)

    def clear(self) -> None:
        """Drop all sequences, so that later results do not depend on earlier calls, not even in the last bit."""
        self._tree = PrefixTree()
        self._pool.clear()

    def _groups(self, sequences: Sequence[Sequence[Any]]) -> Iterator[list[int]]:
        """Sequences with the same first chunk side by side, in groups of a bounded number of tokens."""
        order = sorted(range(len(sequences)), key=lambda i: [chunk.tobytes() for chunk in sequences[i]])
        group: list[int] = []
        used = 0
        for i in order:
            size = sum(len(chunk) for chunk in sequences[i])
            if group and used + size > self._room:
                yield group
                group, used = [], 0
            group.append(i)
            used += size
        if group:
            yield group

    def _compute(self, ends: Sequence[Span], computed: Computed, lanes: Lanes) -> None:
        """Compute what is new, a part of the tree at a time: pieces that follow one another without a fork go in one row."""
        unknown = _unknown(ends)
        # Slots for all at once: passes that run side by side must not see the pool grow.
        self._pool.reserve(sum(len(piece.tokens) for piece in unknown))
        computable = [piece for piece in unknown if piece.parent is None or piece.parent.slots is not None]
        while computable:
            runs = sorted((_run_from(piece) for piece in computable), key=lambda run: (_length(run), run[0].length))
            computable = [child for run in runs for child in run[-1].children.values()]
            batches = [self._place(batch) for batch in self._batches(runs)]
            for batch, outputs in zip(batches, lanes.map(self._forward, batches), strict=True):
                self._keep(batch, outputs, computed)

    def _keep(self, batch: _Batch, outputs: NDArray[np.float32], computed: Computed) -> None:
        """Store the results of one forward pass."""
        for (piece, row), output in zip(batch.pieces, outputs, strict=True):
            piece.slots, piece.output = batch.slots[row][: piece.length], output
        for slots, n_new in zip(batch.slots, batch.n_new, strict=True):
            computed.add(len(slots) - n_new, len(slots))

    def _batches(self, runs: list[_Run]) -> Iterator[list[_Run]]:
        """Runs of like length: bounded in tokens, and in tokens with the padding that attention adds.

        All hold about as many tokens, and there are so many of them that side by side they end together.
        """
        total = sum(map(_length, runs))
        turns = math.ceil(total / (self._most * self._at_once))
        share = self._most if total <= self._most // 4 else math.ceil(total / (turns * self._at_once))
        while runs:
            batch = [runs.pop()]
            longest = tokens = _length(batch[0])
            while runs and tokens + _length(runs[-1]) // 2 <= share and (len(batch) + 1) * longest <= 2 * self._most:
                tokens += _length(runs[-1])
                batch.append(runs.pop())
            yield batch

    def _place(self, runs: Sequence[_Run]) -> _Batch:
        """Slots in the pool for the new tokens of some runs."""
        n_new = [_length(run) for run in runs]
        slots = np.split(self._pool.take(sum(n_new)), np.cumsum(n_new)[:-1])
        for row, run in enumerate(runs):
            assert run[0].parent is not None and run[0].parent.slots is not None
            slots[row] = np.concatenate([run[0].parent.slots, slots[row]])
        return _Batch([(piece, row) for row, run in enumerate(runs) for piece in run], slots, n_new)

    def _forward(self, batch: _Batch) -> NDArray[np.float32]:
        """One pass of the network over a batch; the head's output at each piece's last token [n_pieces, K]."""
        device = self._pool.data.device
        ids = torch.from_numpy(np.concatenate([piece.tokens for piece, _ in batch.pieces])).to(device)
        ends = np.cumsum([len(piece.tokens) for piece, _ in batch.pieces]) - 1
        with torch.inference_mode():  # the mode is each thread's own
            states = self._network.hidden(ids[None], PackedBatchCache(self._pool, batch.slots, batch.n_new, ends))
            outputs: NDArray[np.float32] = self._head(states).float().cpu().numpy()
        return outputs


def _unknown(ends: Iterable[Span]) -> list[Span]:
    """The distinct pieces on the way to these that are not computed yet."""
    return list(dict.fromkeys(piece for end in ends for piece in end.path() if piece.slots is None))


def _run_from(piece: Span) -> _Run:
    """The piece and what follows it up to the next fork."""
    run = [piece]
    while len(run[-1].children) == 1:
        run.extend(run[-1].children.values())
    return run


def _length(run: _Run) -> int:
    return sum(len(piece.tokens) for piece in run)
