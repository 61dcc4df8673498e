"""KV cache of one forward pass over many rows of tokens packed into one sequence, padded in attention alone.

In: a pool, and which of its slots each row's tokens occupy. Out: what a network needs as its KV cache. Knows nothing about
trees, text or heads.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from stepscale.engine.kv_cache_pool import CacheSlots, KVCachePool, padded

_Indices = NDArray[np.int64]


class _Queries:
    """Tokens with queries, padded to one row each: ``asking`` holds their indices among the new tokens, ascending."""

    def __init__(
        self, asking: _Indices, rows: _Indices, positions: _Indices, n_rows: int, device: torch.device
    ) -> None:
        counts = np.bincount(rows[asking], minlength=n_rows)
        longest = max(1, int(counts.max()))
        spread, last = np.zeros((2, n_rows, longest), np.int64)
        collect = np.arange(len(asking)) + (np.arange(n_rows) * longest - np.cumsum(counts) + counts)[rows[asking]]
        spread.flat[collect], last.flat[collect] = np.arange(len(asking)), positions[asking]
        self.spread, self.collect, self.last = (torch.from_numpy(a).to(device) for a in (spread.ravel(), collect, last))
        self._masks: dict[int | None, torch.Tensor] = {}

    def mask(self, most: int, window: int | None, dtype: torch.dtype) -> torch.Tensor:
        """What is added to attention scores [R, 1, L, most]: 0 where a query may look, -inf elsewhere.

        R rows have L queries each. Padding looks at the first token alone.

        Args:
            most: Tokens of the longest row.
            window: Positions that a query sees, itself included; None: all before it.
            dtype: Of the result.
        """
        if window not in self._masks:
            columns = torch.arange(most, device=self.last.device)
            hidden = columns > self.last[:, :, None]
            if window:
                hidden |= columns <= self.last[:, :, None] - window
            mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device)
            self._masks[window] = mask.masked_fill_(hidden, float("-inf"))[:, None]
        return self._masks[window]


class PackedBatchCache:
    """KV cache of one packed batch: writes new keys/values to the pool and attends over each row's own slots.

    The network sees the new tokens of all rows one after another, without padding, as one sequence [1, L].
    """

    def __init__(
        self, pool: KVCachePool, slots: Sequence[CacheSlots], n_new: Sequence[int], output_tokens: _Indices
    ) -> None:
        """Lay out a batch.

        Args:
            pool: Where keys and values are.
            slots: Of every row, the slots of all its tokens.
            n_new: Of every row, how many of its last tokens are new.
            output_tokens: Indices among the new tokens, ascending, of those whose last hidden states are asked for: in the last
                layer the others need not look at anything.
        """
        n_rows, device = len(slots), pool.data.device
        lengths, new_counts = np.array([len(row_slots) for row_slots in slots]), np.array(n_new)
        rows = np.repeat(np.arange(n_rows), new_counts)
        positions = np.arange(len(rows)) + (lengths - np.cumsum(new_counts))[rows]
        read = padded(slots)
        self._pool, self._rows, self._most = pool.data, n_rows, read.shape[1]
        self._nothing_known = bool((lengths == new_counts).all())
        self._every = _Queries(np.arange(len(rows)), rows, positions, n_rows, device)
        self._some = _Queries(output_tokens, rows, positions, n_rows, device)
        self._read, self._written, position_ids, self.output_tokens = (
            torch.from_numpy(a).to(device) for a in (read.ravel(), read[rows, positions], positions, output_tokens)
        )
        self.positions = position_ids[None]

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``AttentionCache``. B is 1: rows stand one after the other. In the last layer queries are those asked for alone."""
        _, heads, n, dim = q.shape
        # 1. New keys and values go to the pool; each row's own are copied out of it, side by side.
        keys, values = (
            self._exchange(pool, projected) for pool, projected in zip(self._pool[layer], (k, v), strict=True)
        )
        # 2. Queries are spread to their rows, padded on the right.
        queries = self._every if n == k.shape[2] else self._some
        spread = q.transpose(1, 2).reshape(n, -1).index_select(0, queries.spread)
        # 3. Where nothing is known yet, the lower triangle is the mask, and torch skips the other half.
        triangle = self._nothing_known and queries is self._every and not window
        out = functional.scaled_dot_product_attention(
            spread.view(self._rows, -1, heads, dim).transpose(1, 2),
            keys,
            values,
            None if triangle else queries.mask(self._most, window, q.dtype),
            is_causal=triangle,
            scale=scale,
            enable_gqa=heads != k.shape[1],
        )
        # 4. And back to one sequence.
        flat = out.transpose(1, 2).reshape(-1, heads * dim).index_select(0, queries.collect)
        return flat.view(1, n, heads, dim).transpose(1, 2)

    def _exchange(self, pool: torch.Tensor, projected: torch.Tensor) -> torch.Tensor:
        """Write the new tokens' keys (or values) [1, KV, n, D], read those of every row's tokens: [R, KV, P, D]."""
        _, kv_heads, n, dim = projected.shape
        pool.index_copy_(0, self._written, projected.transpose(1, 2).reshape(n, -1))
        return pool.index_select(0, self._read).view(self._rows, -1, kv_heads, dim).transpose(1, 2)
