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
        places = max(had + count - self.n_free, had + had // 2, _FIRST_PLACES)
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


class BatchMemory:
    """The memory of one batch: writes new keys/values to the pool and attends over each row's own places.

    ``places[r]``: of all tokens of row r, the ``n_new[r]`` new ones last. The network sees the new tokens of all rows one after
    another, without padding, as one sequence [1, n]; only attention pads.
    """

    def __init__(self, pool: Pool, places: Sequence[Places], n_new: Sequence[int]) -> None:
        rows, longest, most = len(places), max(n_new), max(map(len, places))
        seen, last = np.zeros((rows, most), np.int64), np.zeros((rows, longest), np.int64)
        spread, at = np.zeros((rows, longest), np.int64), 0
        for row, (own, new) in enumerate(zip(places, n_new, strict=True)):
            seen[row, : len(own)] = own
            last[row, :new] = range(len(own) - new, len(own))
            spread[row, :new] = range(at, at + new)
            at += new
        new_places = np.concatenate([own[len(own) - new :] for own, new in zip(places, n_new, strict=True)])
        real = np.arange(longest) < np.array(n_new)[:, None]
        device = pool.data.device
        self._pool, self._rows = pool.data, rows
        self._seen, self._spread, self._written, self._collect = (
            torch.from_numpy(a).to(device) for a in (seen.ravel(), spread.ravel(), new_places, np.flatnonzero(real))
        )
        self._last = torch.from_numpy(last).to(device)
        self.positions = self._last.flatten()[self._collect][None]
        self._columns = torch.arange(most, device=device)
        self._masks: dict[int | None, torch.Tensor] = {}

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``models.network.Memory``; B is 1."""
        _, heads, n, dim = q.shape
        keys, values = (self._exchange(pool, new) for pool, new in zip(self._pool[layer], (k, v), strict=True))
        padded = q.transpose(1, 2).reshape(n, -1).index_select(0, self._spread)
        out = functional.scaled_dot_product_attention(
            padded.view(self._rows, -1, heads, dim).transpose(1, 2), keys, values, self._mask(window, q.dtype),
            scale=scale, enable_gqa=heads != k.shape[1],
        )  # fmt: skip
        flat = out.transpose(1, 2).reshape(-1, heads * dim).index_select(0, self._collect)
        return flat.view(1, n, heads, dim).transpose(1, 2)

    def _exchange(self, pool: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        """Write the new tokens' keys (or values) [1, KV, n, D], read those of every row's tokens: [R, KV, P, D]."""
        _, kv_heads, n, dim = new.shape
        pool.index_copy_(0, self._written, new.transpose(1, 2).reshape(n, -1))
        return pool.index_select(0, self._seen).view(self._rows, -1, kv_heads, dim).transpose(1, 2)

    def _mask(self, window: int | None, dtype: torch.dtype) -> torch.Tensor:
        """0 where a query may look, -inf elsewhere: [R, 1, L, P]. Padding looks at the first token alone."""
        if window not in self._masks:
            hidden = self._columns > self._last[:, :, None]
            if window:
                hidden |= self._columns <= self._last[:, :, None] - window
            mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device)
            self._masks[window] = mask.masked_fill_(hidden, float("-inf"))[:, None]
        return self._masks[window]
