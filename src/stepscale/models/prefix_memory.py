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


_Run = list[_Chunk]  # chunks that follow one another


def _run_from(chunk: _Chunk) -> _Run:
    """The chunk and what follows it up to the next fork."""
    run = [chunk]
    while len(run[-1].children) == 1:
        run.extend(run[-1].children.values())
    return run


def _length(run: _Run) -> int:
    return sum(len(chunk.tokens) for chunk in run)


class _BatchMemory:
    """The memory of one batch: writes new keys/values to the pool and attends over each row's own places.

    ``places[r]``: of all tokens of row r, the ``n_new[r]`` new ones last.
    """

    def __init__(self, pool: _Pool, places: Sequence[_Places], n_new: Sequence[int]) -> None:
        device = pool.data.device
        lengths = np.array([len(row) for row in places])
        starts = lengths - np.array(n_new)
        seen, written = np.zeros((len(places), lengths.max()), np.int64), np.zeros((len(places), max(n_new)), np.int64)
        for row, own in enumerate(places):
            seen[row, : len(own)] = own
            written[row, : n_new[row]] = own[starts[row] :]
        self._pool = pool.data
        self._seen = torch.from_numpy(seen).to(device).reshape(-1)
        self._written = torch.from_numpy(written).to(device).reshape(-1)
        positions = torch.from_numpy(starts).to(device)[:, None] + torch.arange(max(n_new), device=device)
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
        room = 8 * self._places_per_batch
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
        """Compute what is new, a piece of tree at a time: chunks that follow one another without a fork go in one row."""
        first = (next((chunk for chunk in path if chunk.places is None), None) for path in paths)
        ready = list(dict.fromkeys(chunk for chunk in first if chunk))
        while ready:
            runs = sorted((_run_from(chunk) for chunk in ready), key=lambda run: (_length(run), run[0].length))
            ready = [child for run in runs for child in run[-1].children.values()]
            while runs:
                longest = _length(runs[-1])
                count = max(1, self._places_per_batch // longest)
                runs, batch = runs[:-count], runs[-count:]
                self._forward(batch, longest)
                for run in batch:
                    start, stop = run[-1].length - _length(run), run[-1].length
                    processed.tokens += stop - start
                    processed.context_sum += (stop * (stop + 1) - start * (start + 1)) // 2

    def _forward(self, batch: Sequence[_Run], longest: int) -> None:
        """One pass over runs of chunks of at most ``longest`` tokens; fills in their places and outputs."""
        ids = np.zeros((len(batch), longest), np.int64)
        places = np.split(self._pool.take(sum(map(_length, batch))), np.cumsum([_length(run) for run in batch])[:-1])
        for row, (run, own) in enumerate(zip(batch, places, strict=True)):
            ids[row, : len(own)] = np.concatenate([chunk.tokens for chunk in run])
            before = run[0].parent.places if run[0].parent else None
            places[row] = own if before is None else np.concatenate([before, own])
        memory = _BatchMemory(self._pool, places, [_length(run) for run in batch])
        device = self._pool.data.device
        states = self._network.hidden(torch.from_numpy(ids).to(device), memory)
        chunks = [(row, chunk) for row, run in enumerate(batch) for chunk in run]
        rows = torch.tensor([row for row, _ in chunks], device=device)
        ends = torch.tensor([chunk.length - len(places[row]) + _length(batch[row]) - 1 for row, chunk in chunks], device=device)
        outputs = self._head(states[rows, ends]).float().cpu().numpy()
        for (row, chunk), output in zip(chunks, outputs, strict=True):
            chunk.places, chunk.output = places[row][: chunk.length], output

    def _trim(self) -> None:
        """Drop what was used longest ago until the budget holds."""
        while self._recent and self._pool.n_used > self._kept:
            chunk = next(iter(self._recent))
            del self._recent[chunk]
            siblings = chunk.parent.children if chunk.parent else self._roots
            del siblings[chunk.tokens.tobytes()]
            assert chunk.places is not None
            self._pool.give(chunk.places[chunk.length - len(chunk.tokens) :])
