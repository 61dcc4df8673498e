"""Attention over remembered keys and values: the part of a transformer's forward pass that the engine owns.

Two memories with one method, ``attend``: ``PrefillMemory`` reads pieces of prefixes in a padded batch; ``DecodeMemory``
holds the rows of a cohort, each one token at a time, with the prefix of a group of rows stored ONCE and read by all of
them. Any network that hands its queries, keys and values over can use them. Layout of keys/values everywhere:
[layers, 2, rows, kv_heads, tokens, head_dim]. Knows nothing of weights, sampling or requests.
"""

import math
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from stepscale.engine.decoding import Rows, attend

# On a CPU a row's columns stay dense: gaps of more than this defeat the processor's prefetching, and reading a cohort's
# keys then takes four times as long (docs/engine.md), which costs far more than moving them every few steps.
_CPU_COLUMNS = 4
_SPARSE = 0.75  # share of groups with rows at which the others are dropped: that copies all keys, so not at every end


class Memory(Protocol):
    """What a network needs: where its tokens stand, and attention over what came before them."""

    positions: torch.Tensor  # [B, L]

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """q [B, H, L, D], k and v [B, KV, L, D] of the new tokens -> [B, H, L, D]; remembers k and v."""
        ...


class PrefillMemory:
    """Pieces of prefixes, right-padded: ``past`` [layers, 2, B, KV, P, D] of ``past_lengths`` [B] known tokens each.

    ``new_lengths`` [B]: tokens of each piece. Afterwards ``new`` [layers, 2, B, KV, L, D] holds what was computed;
    columns past a piece's own length are noise.
    """

    def __init__(self, past: torch.Tensor, past_lengths: torch.Tensor, new_lengths: torch.Tensor) -> None:
        layers, _, batch, kv_heads, n_past, dim = past.shape
        n_new = int(new_lengths.max())
        self.past, self.n_past = past, n_past
        self.new = past.new_empty((layers, 2, batch, kv_heads, n_new, dim))
        steps = torch.arange(n_new, device=past.device)
        # Padding stands where the last token stands, inside any table of positions, and no token sees it.
        self.positions = past_lengths[:, None] + torch.minimum(steps, new_lengths[:, None] - 1)
        new_at = self.positions.masked_fill(steps >= new_lengths[:, None], -1)
        past_columns = torch.arange(n_past, device=past.device)
        past_at = past_columns.expand(batch, n_past).masked_fill(past_columns >= past_lengths[:, None], -1)
        self._columns = torch.cat([past_at, new_at], 1)  # position of every column; -1: padding
        self._masks: dict[int | None, torch.Tensor] = {}

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``Memory``."""
        self.new[layer, 0], self.new[layer, 1] = k, v
        gqa = q.shape[1] != k.shape[1]
        if not self.n_past and not window:  # padding stands on the right, where no real token looks
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=scale, enable_gqa=gqa)
        keys = torch.cat([self.past[layer, 0], k], 2)
        values = torch.cat([self.past[layer, 1], v], 2)
        return F.scaled_dot_product_attention(q, keys, values, self._mask(window), scale=scale, enable_gqa=gqa)

    def _mask(self, window: int | None) -> torch.Tensor:
        """True where a query may look: [B, 1, L, P + L]."""
        if window not in self._masks:
            seen, at = self._columns[:, None, :], self.positions[:, :, None]
            allowed = (seen >= 0) & (seen <= at)
            if window:
                allowed &= seen > at - window
            self._masks[window] = allowed[:, None]
        return self._masks[window]


class Arena:
    """Two buffers used in turn, kept from cohort to cohort: fresh memory costs more than the arithmetic done in it."""

    def __init__(self) -> None:
        self._buffers: list[torch.Tensor] = []

    def take(self, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
        """An uninitialised tensor of this shape. The one taken before the last is no longer valid."""
        size = math.prod(shape)
        if len(self._buffers) < 2:
            self._buffers.append(like.new_empty(size))
        else:
            self._buffers.reverse()
            if self._buffers[1].numel() < size:
                self._buffers[1] = like.new_empty(2 * size)
        return self._buffers[-1][:size].view(shape)


class DecodeMemory:
    """Rows of a cohort: each stands on the prefix of its group and has written the same number of tokens since.

    ``prefix`` [layers, 2, G, KV, P, D], left-aligned, of ``prefix_lengths`` [G]. Rows are moved, copied and dropped by
    ``rearrange``; ``advance`` makes room for the next token.
    """

    def __init__(self, prefix: torch.Tensor, prefix_lengths: NDArray[np.int64], arena: "Arena") -> None:
        layers, _, n_groups, kv_heads, self.n_past, dim = prefix.shape
        self.prefix, self.prefix_lengths, self._arena = prefix, prefix_lengths, arena
        self.groups = np.arange(n_groups)  # group of every row
        self.written = 0
        self.suffix = arena.take((layers, 2, max(n_groups, 16), kv_heads, _CPU_COLUMNS, dim), prefix)
        self._heads = torch.arange(kv_heads, device=prefix.device)[:, None]
        lengths = torch.as_tensor(prefix_lengths, device=prefix.device)
        columns = torch.arange(self.n_past, device=prefix.device)
        self._column_hidden = columns >= lengths[:, None]  # [G, P]
        self._uneven = bool(self._column_hidden.any())
        self._kept, self._active = self.groups, prefix  # groups in the products, and their keys and values
        self._starts = lengths[:, None]
        self.positions = self._starts
        self._index()

    def advance(self) -> None:
        """Call before every step: one more column."""
        self.written += 1
        if self.written > self.suffix.shape[4]:
            more = _CPU_COLUMNS if self.suffix.device.type == "cpu" else self.suffix.shape[4]
            self.suffix = self._grown(self.suffix.shape[2], self.suffix.shape[4] + more)
        self.positions = self._starts + (self.written - 1)

    def rearrange(self, sources: NDArray[np.int64], targets: NDArray[np.int64], n_rows: int) -> None:
        """Copy rows ``sources`` onto rows ``targets`` (never both at once); rows from ``n_rows`` on are dropped."""
        if n_rows > self.suffix.shape[2]:
            self.suffix = self._grown(max(n_rows, 2 * self.suffix.shape[2]), self.suffix.shape[4])
        groups = np.zeros(n_rows, np.int64)
        kept = min(n_rows, len(self.groups))
        groups[:kept] = self.groups[:kept]
        if len(sources):
            to, start = (torch.as_tensor(a, device=self.suffix.device) for a in (targets, sources))
            written = self.suffix[:, :, :, :, : self.written]
            written.index_copy_(2, to, written.index_select(2, start))
            groups[targets] = self.groups[sources]
        self.groups = groups
        self._index()

    def row(self, row: int) -> torch.Tensor:
        """Keys/values a row has written: [layers, 2, KV, written, D]."""
        return self.suffix[:, :, row, :, : self.written]

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``Memory``; L is 1."""
        mask = None
        if window and int(self.positions.max()) >= window:
            mask = self._window_mask(window)[:, None, None]
        return attend(self.rows(), layer, q, k, v, scale, mask)

    def rows(self) -> Rows:
        """The rows as attention sees them now."""
        return Rows(
            self.suffix,
            self.written,
            self._active,
            self._members,
            self._group_at,
            self._place,
            self._hidden,
            self._heads,
        )

    def _index(self) -> None:
        """Where each row stands among its group's rows. Groups without rows drop out of the products, many at a time."""
        order = np.argsort(self.groups, kind="stable")
        counts = np.bincount(self.groups, minlength=len(self.prefix_lengths))
        device = self.prefix.device
        if np.count_nonzero(counts) <= _SPARSE * len(self._kept):
            self._kept = np.flatnonzero(counts)
            self._active = self.prefix[:, :, torch.as_tensor(self._kept, device=device)]
        firsts = np.cumsum(counts) - counts
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - firsts[self.groups[order]]
        group_at = np.searchsorted(self._kept, self.groups)
        members = np.zeros((len(self._kept), counts.max()), np.int64)
        members[group_at, place] = np.arange(len(order))
        self._members, self._group_at, self._place = (
            torch.as_tensor(a, device=device) for a in (members, group_at, place)
        )
        self._starts = torch.as_tensor(self.prefix_lengths[self.groups], device=device)[:, None]
        self._hidden = None
        if self._uneven:
            hidden = self._column_hidden[torch.as_tensor(self.groups, device=device)][:, None, None]
            self._hidden = torch.zeros_like(hidden, dtype=self.prefix.dtype).masked_fill_(hidden, float("-inf"))

    def _window_mask(self, window: int) -> torch.Tensor:
        """-inf where a column lies ``window`` or more positions back: [rows, P + written]."""
        past = torch.arange(self.n_past, device=self.prefix.device).expand(len(self.groups), self.n_past)
        own = self._starts + torch.arange(self.written, device=self.prefix.device)
        far = torch.cat([past, own], 1) <= self.positions - window
        return torch.zeros_like(far, dtype=self.prefix.dtype).masked_fill_(far, float("-inf"))

    def _grown(self, rows: int, columns: int) -> torch.Tensor:
        layers, two, _, kv_heads, _, dim = self.suffix.shape
        had = min(rows, len(self.groups))
        larger = self._arena.take((layers, two, rows, kv_heads, columns, dim), self.suffix)
        filled = min(self.written, self.suffix.shape[4])
        larger[:, :, :had, :, :filled] = self.suffix[:, :, :had, :, :filled]
        return larger
