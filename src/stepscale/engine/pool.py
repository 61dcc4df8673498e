"""A pool of token places for keys and values, and attention over rows of places that share it.

In: which places a batch's tokens occupy. Out: what a network needs as its memory. Any number of rows may read the same
places, so a shared beginning is stored once. Knows nothing of trees, text or heads.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

_FIRST_PLACES = 4096
Places = NDArray[np.int64]


class Pool:
    """Keys and values by place: [layers, 2, places, kv_heads x head_dim]; place 0 is what padding reads."""

    def __init__(self, shape: tuple[int, int, int], like: torch.Tensor) -> None:
        layers, kv_heads, dim = shape
        self.data = like.new_empty((layers, 2, 0, kv_heads * dim))
        self.free: list[Places] = []
        self.n_free = 0

    @property
    def n_used(self) -> int:
        """Places that hold something."""
        return self.data.shape[2] - self.n_free

    def reserve(self, count: int) -> None:
        """Make sure that ``count`` places are free."""
        if count <= self.n_free:
            return
        layers, two, had, width = self.data.shape
        least = max(had, 1) + count - self.n_free  # place 0 is not free
        places = max(least, had + had // 2, _FIRST_PLACES)
        grown = self.data.new_empty((layers, two, places, width))
        grown[:, :, :had] = self.data
        grown[:, :, 0] = 0  # read where a row is padded, never attended to; must be finite
        self.data = grown
        self.give(np.arange(max(had, 1), places))

    def take(self, count: int) -> Places:
        """``count`` free places; the pool grows if it must."""
        self.reserve(count)
        taken: list[Places] = []
        while count:
            run = self.free.pop()
            taken.append(run[:count])
            if len(run) > count:
                self.free.append(run[count:])
            count -= len(taken[-1])
            self.n_free -= len(taken[-1])
        return taken[0] if len(taken) == 1 else np.concatenate(taken) if taken else np.empty(0, np.int64)

    def give(self, places: Places) -> None:
        """Places free again."""
        if len(places):
            self.free.append(places)
            self.n_free += len(places)


class _Queries:
    """Tokens that ask, padded to a row of the batch each: ``at`` their places among the batch's new tokens, ascending."""

    def __init__(self, at: Places, rows: Places, positions: Places, n_rows: int, device: torch.device) -> None:
        counts = np.bincount(rows[at], minlength=n_rows)
        longest = max(1, int(counts.max()))
        spread, last = np.zeros((2, n_rows, longest), np.int64)
        collect = np.arange(len(at)) + (np.arange(n_rows) * longest - np.cumsum(counts) + counts)[rows[at]]
        spread.flat[collect], last.flat[collect] = np.arange(len(at)), positions[at]
        self.spread, self.collect, self.last = (torch.from_numpy(a).to(device) for a in (spread.ravel(), collect, last))
        self._masks: dict[int | None, torch.Tensor] = {}

    def mask(self, most: int, window: int | None, dtype: torch.dtype) -> torch.Tensor:
        """0 where a query may look, -inf elsewhere: [R, 1, L, most]. Padding looks at the first token alone."""
        if window not in self._masks:
            columns = torch.arange(most, device=self.last.device)
            hidden = columns > self.last[:, :, None]
            if window:
                hidden |= columns <= self.last[:, :, None] - window
            mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device)
            self._masks[window] = mask.masked_fill_(hidden, float("-inf"))[:, None]
        return self._masks[window]


class BatchMemory:
    """The memory of one batch: writes new keys/values to the pool and attends over each row's own places.

    ``places[r]``: of all tokens of row r, the ``n_new[r]`` new ones last. The network sees the new tokens of all rows one after
    another, without padding, as one sequence [1, n]; only attention pads. ``wanted``: places among these n, ascending, of the
    tokens whose last hidden states are asked for: in the last layer the others need not look at anything.
    """

    def __init__(self, pool: Pool, places: Sequence[Places], n_new: Sequence[int], wanted: Places) -> None:
        n_rows, device = len(places), pool.data.device
        lengths, new = np.array([len(own) for own in places]), np.array(n_new)
        rows = np.repeat(np.arange(n_rows), new)
        positions = np.arange(len(rows)) + (lengths - np.cumsum(new))[rows]
        self._most = int(lengths.max())
        seen = np.zeros((n_rows, self._most), np.int64)
        for row, own in enumerate(places):
            seen[row, : len(own)] = own
        self._pool, self._rows = pool.data, n_rows
        self._all = _Queries(np.arange(len(rows)), rows, positions, n_rows, device)
        self._last = _Queries(wanted, rows, positions, n_rows, device)
        self._seen, self._written, at, self.wanted = (
            torch.from_numpy(a).to(device) for a in (seen.ravel(), seen[rows, positions], positions, wanted)
        )
        self.positions = at[None]

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``models.network.Memory``; B is 1."""
        _, heads, n, dim = q.shape
        keys, values = (self._exchange(pool, new) for pool, new in zip(self._pool[layer], (k, v), strict=True))
        asked = self._all if n == k.shape[2] else self._last
        padded = q.transpose(1, 2).reshape(n, -1).index_select(0, asked.spread)
        out = functional.scaled_dot_product_attention(
            padded.view(self._rows, -1, heads, dim).transpose(1, 2),
            keys,
            values,
            asked.mask(self._most, window, q.dtype),
            scale=scale,
            enable_gqa=heads != k.shape[1],
        )
        flat = out.transpose(1, 2).reshape(-1, heads * dim).index_select(0, asked.collect)
        return flat.view(1, n, heads, dim).transpose(1, 2)

    def _exchange(self, pool: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        """Write the new tokens' keys (or values) [1, KV, n, D], read those of every row's tokens: [R, KV, P, D]."""
        _, kv_heads, n, dim = new.shape
        pool.index_copy_(0, self._written, new.transpose(1, 2).reshape(n, -1))
        return pool.index_select(0, self._seen).view(self._rows, -1, kv_heads, dim).transpose(1, 2)
