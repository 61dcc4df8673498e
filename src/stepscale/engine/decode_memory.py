"""The rows of a cohort as attention sees them while they decode, one token at a time.

The prefix of a group of rows is stored ONCE and read by all of them; what each row has written since lies in a suffix of
its own. Where groups are small, each row's suffix begins with a copy of its prefix instead. Layout of keys and values
everywhere: [layers, 2, rows, kv_heads, tokens, head_dim]. Knows nothing of weights, sampling or requests.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.decoding import Rows, attend

# On a CPU a row's columns stay dense: gaps of more than this defeat the processor's prefetching, and reading a cohort's
# keys then takes four times as long (docs/engine.md), which costs far more than moving them every few steps.
_CPU_COLUMNS = 4
# One product per row costs less than one per group and laying rows out by group, while groups have few rows and copies are small.
_FEW_ROWS = 8  # of a group
_COPIED_BYTES = 64 * 2**20  # of all copies together
_SPARSE = 0.75  # share of groups with rows at which the others are dropped: that copies all keys, so not at every end


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

    Rows are moved, copied and dropped by ``rearrange``; ``advance`` makes room for the next token.
    """

    def __init__(self, prefix: torch.Tensor, prefix_lengths: NDArray[np.int64], arena: Arena, most_rows: int) -> None:
        """Start with one row per group, which has written nothing.

        Args:
            prefix: Keys and values of the prefixes [layers, 2, G, KV, P, D], left-aligned.
            prefix_lengths: Their tokens [G].
            arena: Where the suffixes are kept.
            most_rows: There will never be more rows.
        """
        layers, _, n_groups, kv_heads, n_past, dim = prefix.shape
        copied = _is_copied(prefix, most_rows)
        # Columns of the suffix that hold a copy of the row's prefix, and those in use.
        self._n_copied = self._columns = n_past if copied else 0
        self.suffix = arena.take((layers, 2, max(n_groups, 16), kv_heads, self._columns + _CPU_COLUMNS, dim), prefix)
        self.suffix[:, :, :n_groups, :, : self._columns] = prefix[:, :, :, :, : self._columns]
        self.n_past = n_past - self._n_copied
        self.prefix, self.prefix_lengths, self._arena = prefix[:, :, :, :, self._n_copied :], prefix_lengths, arena
        self.groups = np.arange(n_groups)  # group of every row
        self.written = 0
        self._heads = torch.arange(kv_heads, device=prefix.device)[:, None]
        lengths = torch.as_tensor(prefix_lengths, device=prefix.device)
        columns = torch.arange(n_past, device=prefix.device)
        self._column_hidden = columns >= lengths[:, None]  # [G, P]
        self._uneven = bool(self._column_hidden.any())
        self._read_groups, self._read_prefix = (
            self.groups,
            self.prefix,
        )  # the groups that products read, their keys and values
        self._members = self._group_at = self._place = torch.empty(0, dtype=torch.int64, device=prefix.device)
        self._starts = lengths[:, None]
        self.positions = self._starts
        self._index()

    def advance(self) -> None:
        """Call before every step: one more column."""
        self.written += 1
        self._columns += 1
        if self._columns > self.suffix.shape[4]:
            more = _CPU_COLUMNS if self.suffix.device.type == "cpu" else self.suffix.shape[4]
            self.suffix = self._grown(self.suffix.shape[2], self.suffix.shape[4] + more)
        self.positions = self._starts + (self.written - 1)

    def rearrange(self, sources: NDArray[np.int64], targets: NDArray[np.int64], n_rows: int) -> None:
        """Copy rows ``sources`` onto rows ``targets`` (never both at once); rows from ``n_rows`` on are dropped."""
        if n_rows > self.suffix.shape[2]:
            self.suffix = self._grown(max(n_rows, 2 * self.suffix.shape[2]), self.suffix.shape[4])
        groups = np.zeros(n_rows, np.int64)
        staying = min(n_rows, len(self.groups))
        groups[:staying] = self.groups[:staying]
        if len(sources):
            to, start = (torch.as_tensor(a, device=self.suffix.device) for a in (targets, sources))
            written = self.suffix[:, :, :, :, : self._columns]
            written.index_copy_(2, to, written.index_select(2, start))
            groups[targets] = self.groups[sources]
        self.groups = groups
        self._index()

    def row(self, row: int) -> torch.Tensor:
        """Keys/values a row has written: [layers, 2, KV, written, D]."""
        return self.suffix[:, :, row, :, self._n_copied : self._columns]

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
            self._columns,
            self._read_prefix,
            self._members,
            self._group_at,
            self._place,
            self._hidden,
            self._heads,
        )

    def _index(self) -> None:
        """What follows from a row's group, after rows have come and gone."""
        device = self.prefix.device
        if not self._n_copied:
            self._place_in_groups()
        # Where it begins, and which columns its prefix does not have.
        self._starts = torch.as_tensor(self.prefix_lengths[self.groups], device=device)[:, None]
        self._hidden = None
        if self._uneven:
            hidden = self._column_hidden[torch.as_tensor(self.groups, device=device)][:, None, None]
            self._hidden = torch.zeros_like(hidden, dtype=self.prefix.dtype).masked_fill_(hidden, float("-inf"))

    def _place_in_groups(self) -> None:
        """Where each row stands among the rows of its group."""
        counts = np.bincount(self.groups, minlength=len(self.prefix_lengths))
        device = self.prefix.device
        # 1. Groups without rows drop out of the products, many at a time.
        if np.count_nonzero(counts) <= _SPARSE * len(self._read_groups):
            self._read_groups = np.flatnonzero(counts)
            self._read_prefix = self.prefix[:, :, torch.as_tensor(self._read_groups, device=device)]
        # 2. A row's place: its number among the rows of its group, in the order of rows.
        order = np.argsort(self.groups, kind="stable")
        firsts = np.cumsum(counts) - counts
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - firsts[self.groups[order]]
        # 3. The table of members: a group's rows side by side; where a group has fewer, row 0 stands in.
        group_at = np.searchsorted(self._read_groups, self.groups)
        members = np.zeros((len(self._read_groups), counts.max()), np.int64)
        members[group_at, place] = np.arange(len(order))
        self._members, self._group_at, self._place = (
            torch.as_tensor(a, device=device) for a in (members, group_at, place)
        )

    def _window_mask(self, window: int) -> torch.Tensor:
        """-inf where a column lies ``window`` or more positions back: [rows, P + written]."""
        n_past = self.n_past + self._n_copied
        past = torch.arange(n_past, device=self.prefix.device).expand(len(self.groups), n_past)
        written = self._starts + torch.arange(self.written, device=self.prefix.device)
        far = torch.cat([past, written], 1) <= self.positions - window
        return torch.zeros_like(far, dtype=self.prefix.dtype).masked_fill_(far, float("-inf"))

    def _grown(self, rows: int, columns: int) -> torch.Tensor:
        """The suffix with room for so many rows and columns."""
        layers, two, _, kv_heads, _, dim = self.suffix.shape
        n_filled = min(rows, len(self.groups))
        larger = self._arena.take((layers, two, rows, kv_heads, columns, dim), self.suffix)
        filled = min(self._columns, self.suffix.shape[4])
        larger[:, :, :n_filled, :, :filled] = self.suffix[:, :, :n_filled, :, :filled]
        return larger


def _is_copied(prefix: torch.Tensor, most_rows: int) -> bool:
    """Whether each row has a copy of its prefix [layers, 2, G, KV, P, D]."""
    if prefix.device.type != "cpu" or not prefix.shape[4]:
        return False
    n_groups, row_bytes = prefix.shape[2], prefix[:, :, 0].numel() * prefix.element_size()
    return most_rows <= _FEW_ROWS * n_groups and most_rows * row_bytes <= _COPIED_BYTES
