"""Keys and values of token sequences that share beginnings, kept so that each distinct piece is computed once.

In: sequences cut into chunks (a prompt, then steps) and a network. Out: what the head says after each chunk. A chunk that
follows the same chunks as before is found, not computed: within a call (many solutions of one problem) and across calls
(a search that adds a step to its beams). Memory is a pool of token places; the chunks used longest ago are dropped first.
Knows nothing of text, labels or the meaning of the head's output.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.computed import Computed
from stepscale.engine.lanes import Lanes, lanes_for, most_lanes
from stepscale.engine.network import Network
from stepscale.engine.pool import BatchMemory, Places, Pool

_WORKING_BYTES = 256 * 2**20  # of keys and values computed in one go
_CPU_TOKENS, _GPU_TOKENS = 1024, 16_384  # in one forward pass: activations stay in the CPU's caches; a GPU is filled
Head = Callable[[torch.Tensor], torch.Tensor]


class _Chunk:
    """A run of tokens after its parent's. ``places``: where the keys/values of the whole sequence up to its end lie."""

    __slots__ = ("children", "length", "output", "parent", "places", "tokens")

    def __init__(self, parent: "_Chunk | None", tokens: NDArray[np.int64]) -> None:
        self.parent, self.tokens = parent, tokens
        self.length: int = len(tokens) + (parent.length if parent else 0)  # of the sequence up to this chunk's end
        self.children: dict[bytes, _Chunk] = {}
        self.places: Places | None = None
        self.output: NDArray[np.float32] | None = None


_Run = list[_Chunk]  # chunks that follow one another


def _run_from(chunk: _Chunk) -> _Run:
    """The chunk and what follows it up to the next fork."""
    run = [chunk]
    while len(run[-1].children) == 1:
        run.extend(run[-1].children.values())
    return run


def _length(run: _Run) -> int:
    return sum(len(chunk.tokens) for chunk in run)


@dataclass(frozen=True)
class _Batch:
    """One forward pass. ``places[r]``: of all tokens of row r, the ``n_new[r]`` new ones last; chunks with their rows."""

    chunks: list[tuple[_Chunk, int]]
    places: list[Places]
    n_new: list[int]


class PrefixMemory:
    """Runs chunked sequences through a network, computing only what it does not know.

    ``head`` maps hidden states [n, W] to outputs [n, K]. ``budget``: bytes of keys and values kept between calls.
    ``tokens_per_batch``: new tokens in one forward pass; null: what suits the device.
    """

    def __init__(
        self,
        network: Network,
        head: Head,
        parameters: Sequence[torch.Tensor],
        budget: int,
        tokens_per_batch: int | None = None,
    ) -> None:
        like = parameters[0]
        self._network, self._head = network, head
        self._most = tokens_per_batch or (_CPU_TOKENS if like.device.type == "cpu" else _GPU_TOKENS)
        self._lanes = lanes_for(parameters)
        self._at_once = most_lanes(parameters)
        layers, kv_heads, dim = network.shape
        token_bytes = layers * 2 * kv_heads * dim * like.element_size()
        self._pool = Pool(network.shape, like)
        self._kept = budget // token_bytes  # token places
        self._room = max(_WORKING_BYTES // token_bytes, 4 * self._most)
        self._roots: dict[bytes, _Chunk] = {}
        self._recent: dict[_Chunk, None] = {}  # oldest first; a chunk is always older than its parent

    def outputs(
        self, sequences: Sequence[Sequence[NDArray[np.int64]]], computed: Computed
    ) -> list[NDArray[np.float32]]:
        """The head's output after each chunk but the first of every sequence: float32 [len(sequence) - 1, K].

        Adds what had to be computed to ``computed``.
        """
        results: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(sequences)
        for group in self._groups(sequences):
            paths = {i: self._path(sequences[i]) for i in group}
            self._compute(list(paths.values()), computed)
            for i, path in paths.items():
                known = [chunk.output for chunk in path[1:] if chunk.output is not None]
                results[i] = np.stack(known) if known else np.empty((0, 0), np.float32)
                for chunk in reversed(path):  # the parent is touched after its child
                    self._recent[chunk] = self._recent.pop(chunk, None)
            self._trim(self._kept)
        return results

    def forget(self) -> None:
        """Forget all sequences: what follows then does not depend on what came before, not even in the last bit."""
        self._trim(0)

    def _groups(self, sequences: Sequence[Sequence[Any]]) -> Iterator[list[int]]:
        """Sequences with the same first chunk together, in groups of a bounded number of tokens."""
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

    def _path(self, sequence: Sequence[NDArray[np.int64]]) -> list[_Chunk]:
        path: list[_Chunk] = []
        children, parent = self._roots, None
        for tokens in sequence:
            key = tokens.tobytes()
            chunk = children.get(key)
            if chunk is None:
                chunk = children[key] = _Chunk(parent, tokens)
            path.append(chunk)
            children, parent = chunk.children, chunk
        return path

    def _compute(self, paths: Sequence[Sequence[_Chunk]], computed: Computed) -> None:
        """Compute what is new, a piece of tree at a time: chunks that follow one another without a fork go in one row."""
        first = (next((chunk for chunk in path if chunk.places is None), None) for path in paths)
        ready = list(dict.fromkeys(chunk for chunk in first if chunk))
        unknown = {chunk for path in paths for chunk in path if chunk.places is None}
        total = sum(len(chunk.tokens) for chunk in unknown)
        self._pool.reserve(total)
        with Lanes(self._lanes if total > self._most // 4 else 1) as lanes:
            while ready:
                runs = sorted((_run_from(chunk) for chunk in ready), key=lambda run: (_length(run), run[0].length))
                ready = [child for run in runs for child in run[-1].children.values()]
                batches = [self._place(batch) for batch in self._batches(runs)]
                for batch, outputs in zip(batches, lanes.map(self._forward, batches), strict=True):
                    self._keep(batch, outputs, computed)

    def _keep(self, batch: _Batch, outputs: NDArray[np.float32], computed: Computed) -> None:
        """What one forward pass found."""
        for (chunk, row), output in zip(batch.chunks, outputs, strict=True):
            chunk.places, chunk.output = batch.places[row][: chunk.length], output
        for own, new in zip(batch.places, batch.n_new, strict=True):
            computed.add(len(own) - new, len(own))

    def _batches(self, runs: list[_Run]) -> Iterator[list[_Run]]:
        """Runs of like length together: bounded in tokens, and in tokens with the padding that attention adds.

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
        """Places in the pool for the new tokens of some runs."""
        n_new = [_length(run) for run in runs]
        places = np.split(self._pool.take(sum(n_new)), np.cumsum(n_new)[:-1])
        for row, run in enumerate(runs):
            if run[0].parent:
                assert run[0].parent.places is not None
                places[row] = np.concatenate([run[0].parent.places, places[row]])
        return _Batch([(chunk, row) for row, run in enumerate(runs) for chunk in run], places, n_new)

    def _forward(self, batch: _Batch) -> NDArray[np.float32]:
        """One pass of the network over a batch; the head's output at each chunk's last token [n_chunks, K]."""
        device = self._pool.data.device
        ids = torch.from_numpy(np.concatenate([chunk.tokens for chunk, _ in batch.chunks])).to(device)
        ends = np.cumsum([len(chunk.tokens) for chunk, _ in batch.chunks]) - 1
        with torch.inference_mode():
            states = self._network.hidden(ids[None], BatchMemory(self._pool, batch.places, batch.n_new, ends))
            outputs: NDArray[np.float32] = self._head(states).float().cpu().numpy()
        return outputs

    def _trim(self, kept: int) -> None:
        """Drop what was used longest ago until no more than ``kept`` token places are taken."""
        while self._recent and self._pool.n_used > kept:
            chunk = next(iter(self._recent))
            del self._recent[chunk]
            siblings = chunk.parent.children if chunk.parent else self._roots
            del siblings[chunk.tokens.tobytes()]
            assert chunk.places is not None
            self._pool.give(chunk.places[chunk.length - len(chunk.tokens) :])
