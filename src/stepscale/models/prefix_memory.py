"""Keys and values of token sequences that share beginnings, kept so that each distinct piece is computed once.

In: sequences cut into chunks (a prompt, then steps) and a network. Out: what the head says after each chunk. A chunk that
follows the same chunks as before is found, not computed: within a call (many solutions of one problem) and across calls
(a search that adds a step to its beams). Memory is a pool of token places; the chunks used longest ago are dropped first.
Knows nothing of text, labels or the meaning of the head's output.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from stepscale.models.network import Network

_FIRST_PLACES = 4096
_Places = NDArray[np.int64]
Head = Callable[[torch.Tensor], torch.Tensor]


class _Chunk:
    """A run of tokens after its parent's. ``places``: where the keys/values of the whole sequence up to its end lie."""

    __slots__ = ("children", "length", "output", "parent", "places", "tokens")

    def __init__(self, parent: "_Chunk | None", tokens: NDArray[np.int64]) -> None:
        self.parent, self.tokens = parent, tokens
        self.length = len(tokens) + (parent.length if parent else 0)  # of the sequence up to this chunk's end
        self.children: dict[bytes, _Chunk] = {}
        self.places: _Places | None = None
        self.output: NDArray[np.float32] | None = None


@dataclass
class Processed:
    """Tokens passed through the network, and the sum over them of the tokens each attended to."""

    tokens: int = 0
    context_sum: int = 0


class _Pool:
    """Keys and values by place: [layers, 2, kv_heads, places, head_dim]; place 0 takes what padding writes."""

    def __init__(self, shape: tuple[int, int, int], like: torch.Tensor) -> None:
        layers, kv_heads, dim = shape
        self.data = like.new_empty((layers, 2, kv_heads, 0, dim))
        self.free: list[_Places] = []
        self.n_free = 0

    @property
    def n_used(self) -> int:
        """Places that hold something."""
        return self.data.shape[3] - self.n_free

    def reserve(self, count: int) -> None:
        """Make sure that ``count`` places are free."""
        if count <= self.n_free:
            return
        layers, two, heads, had, dim = self.data.shape
        places = max(had + count - self.n_free, had + had // 2, _FIRST_PLACES)
        grown = self.data.new_empty((layers, two, heads, places, dim))
        grown[:, :, :, :had] = self.data
        grown[:, :, :, 0] = 0  # read where a row is padded, never attended to; must be finite
        self.data = grown
        self.give(np.arange(max(had, 1), places))

    def take(self, count: int) -> _Places:
        """``count`` free places; the pool grows if it must."""
        self.reserve(count)
        taken: list[_Places] = []
        while count:
            run = self.free.pop()
            taken.append(run[:count])
            if len(run) > count:
                self.free.append(run[count:])
            count -= len(taken[-1])
            self.n_free -= len(taken[-1])
        return taken[0] if len(taken) == 1 else np.concatenate(taken) if taken else np.empty(0, np.int64)

    def give(self, places: _Places) -> None:
        """Places free again."""
        if len(places):
            self.free.append(places)
            self.n_free += len(places)


class _ChunkMemory:
    """The memory of one batch of chunks: writes new keys/values to the pool and attends over each row's own places."""

    def __init__(self, pool: _Pool, rows: Sequence[_Chunk], n_new: int) -> None:
        device = pool.data.device
        lengths = np.array([chunk.length for chunk in rows])
        starts = lengths - np.array([len(chunk.tokens) for chunk in rows])
        seen, written = np.zeros((len(rows), lengths.max()), np.int64), np.zeros((len(rows), n_new), np.int64)
        for row, chunk in enumerate(rows):
            assert chunk.places is not None
            seen[row, : chunk.length] = chunk.places
            written[row, : len(chunk.tokens)] = chunk.places[starts[row] :]
        self._pool = pool.data
        self._seen = torch.from_numpy(seen).to(device).reshape(-1)
        self._written = torch.from_numpy(written).to(device).reshape(-1)
        positions = torch.from_numpy(starts).to(device)[:, None] + torch.arange(n_new, device=device)
        self.positions = positions.clamp(max=int(lengths.max()) - 1)  # padding never leaves the table of positions
        self._columns = torch.arange(int(lengths.max()), device=device)
        self._masks: dict[int | None, torch.Tensor] = {}

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``models.network.Memory``."""
        batch, kv_heads, length, dim = k.shape
        gathered = []
        for pool, new in zip(self._pool[layer], (k, v), strict=True):  # heads first: then a gather gives whole matrices
            pool.index_copy_(1, self._written, new.transpose(0, 1).reshape(kv_heads, batch * length, dim))
            gathered.append(pool.index_select(1, self._seen).view(kv_heads, batch, -1, dim))
        queries = q.view(batch, kv_heads, -1, length, dim).permute(1, 0, 2, 3, 4)  # the heads that share keys go together
        shared = queries.shape[2]
        mask = self._mask(window, q.dtype).repeat(1, 1, shared, 1)
        out = functional.scaled_dot_product_attention(queries.flatten(2, 3), *gathered, mask, scale=scale)
        return out.view(kv_heads, batch, shared, length, dim).permute(1, 0, 2, 3, 4).flatten(1, 2)

    def _mask(self, window: int | None, dtype: torch.dtype) -> torch.Tensor:
        """0 where a query may look, -inf elsewhere: [1, B, L, P]."""
        if window not in self._masks:
            hidden = self._columns > self.positions[:, :, None]
            if window:
                hidden |= self._columns <= self.positions[:, :, None] - window
            mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device)
            self._masks[window] = mask.masked_fill_(hidden, float("-inf"))[None]
        return self._masks[window]


class PrefixMemory:
    """Runs chunked sequences through a network, computing only what it does not know.

    ``head`` maps hidden states [n, W] to outputs [n, K]. ``budget``: bytes of keys and values kept between calls.
    ``places_per_batch``: tokens of padded chunks in one forward pass.
    """

    def __init__(self, network: Network, head: Head, like: torch.Tensor, budget: int, places_per_batch: int) -> None:
        self._network, self._head, self._places_per_batch = network, head, places_per_batch
        layers, kv_heads, dim = network.shape
        self._pool = _Pool(network.shape, like)
        self._kept = budget // (layers * 2 * kv_heads * dim * like.element_size())  # token places
        self._roots: dict[bytes, _Chunk] = {}
        self._recent: dict[_Chunk, None] = {}  # oldest first; a chunk is always older than its parent

    def outputs(self, sequences: Sequence[Sequence[NDArray[np.int64]]], processed: Processed) -> list[NDArray[np.float32]]:
        """The head's output after each chunk but the first of every sequence: float32 [len(sequence) - 1, K].

        Adds what had to be computed to ``processed``.
        """
        results: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(sequences)
        for group in self._groups(sequences):
            paths = {i: self._path(sequences[i]) for i in group}
            self._compute(list(paths.values()), processed)
            for i, path in paths.items():
                known = [chunk.output for chunk in path[1:] if chunk.output is not None]
                results[i] = np.stack(known) if known else np.empty((0, 0), np.float32)
                for chunk in reversed(path):  # the parent is touched after its child
                    self._recent[chunk] = self._recent.pop(chunk, None)
            self._trim()
        return results

    def _groups(self, sequences: Sequence[Sequence[Any]]) -> Iterator[list[int]]:
        """Sequences with the same first chunk together, in groups of a bounded number of tokens."""
        order = sorted(range(len(sequences)), key=lambda i: [chunk.tobytes() for chunk in sequences[i]])
        room = 4 * self._places_per_batch
        group: list[int] = []
        used = 0
        for i in order:
            size = sum(len(chunk) for chunk in sequences[i])
            if group and used + size > room:
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

    def _compute(self, paths: Sequence[Sequence[_Chunk]], processed: Processed) -> None:
        """Level by level, since a chunk needs its parent's keys and values."""
        for level in range(max((len(path) for path in paths), default=0)):
            new = {path[level]: None for path in paths if len(path) > level and path[level].places is None}
            waiting = sorted(new, key=lambda chunk: (len(chunk.tokens), chunk.length))
            while waiting:
                longest = max(len(waiting[-1].tokens), 1)
                count = max(1, self._places_per_batch // longest)
                waiting, batch = waiting[:-count], waiting[-count:]
                self._run(batch, longest)
                for chunk in batch:
                    start = chunk.length - len(chunk.tokens)
                    processed.tokens += len(chunk.tokens)
                    processed.context_sum += (chunk.length * (chunk.length + 1) - start * (start + 1)) // 2

    def _run(self, batch: Sequence[_Chunk], longest: int) -> None:
        places = self._pool.take(sum(len(chunk.tokens) for chunk in batch))
        ids = np.zeros((len(batch), longest), np.int64)
        at = 0
        for row, chunk in enumerate(batch):
            own = places[at : at + len(chunk.tokens)]
            at += len(chunk.tokens)
            chunk.places = own if chunk.parent is None else np.concatenate([chunk.parent.places, own])
            ids[row, : len(chunk.tokens)] = chunk.tokens
        memory = _ChunkMemory(self._pool, batch, longest)
        device = self._pool.data.device
        states = self._network.hidden(torch.from_numpy(ids).to(device), memory)
        last = torch.tensor([len(chunk.tokens) - 1 for chunk in batch], device=device)
        outputs = self._head(states[torch.arange(len(batch), device=device), last]).float().cpu().numpy()
        for chunk, output in zip(batch, outputs, strict=True):
            chunk.output = output

    def _trim(self) -> None:
        """Drop what was used longest ago until the budget holds."""
        while self._recent and self._pool.n_used > self._kept:
            chunk = next(iter(self._recent))
            del self._recent[chunk]
            siblings = chunk.parent.children if chunk.parent else self._roots
            del siblings[chunk.tokens.tobytes()]
            assert chunk.places is not None
            self._pool.give(chunk.places[chunk.length - len(chunk.tokens) :])
