"""The rows of a cohort as attention sees them while they decode, one token at a time.

What each row has written lies in a suffix of its own. The prefix of a group of rows is stored ONCE and read by all of them
(``SharedPrefixes``), or each row's suffix begins with a copy of it (``CopiedPrefixes``): where groups are small, and where
rows join later. All rows write into the same column. Layout of keys and values everywhere: [layers, 2, rows, kv_heads, tokens,
head_dim]. Knows nothing of weights, sampling or requests.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.decoding import Rows, attend

# On a CPU products read all columns of a row, written or not: skipping the unwritten ones makes them two to three times as slow
# (docs/log/engine.md). So there are few of those, and room for more is made every so many steps.
_CPU_COLUMNS = 16
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
    """Rows that each write one token per step.

    A row's text begins at column ``first`` of the suffix; a negative one says that it begins in a prefix stored elsewhere. Rows
    are moved, copied and dropped by ``rearrange``; ``advance`` makes room for the next token.
    """

    def __init__(self, prefix: torch.Tensor, arena: Arena, columns: int) -> None:
        """Start with one row per group, which has written nothing.

        Args:
            prefix: Keys and values of the prefixes [layers, 2, G, KV, P, D].
            arena: Where the suffixes are kept.
            columns: Of the suffix, in use from the beginning.
        """
        layers, _, n_groups, kv_heads, _, dim = prefix.shape
        self.suffix = arena.take((layers, 2, max(n_groups, 16), kv_heads, columns + _CPU_COLUMNS, dim), prefix)
        self.suffix.zero_()  # what is read before it is written must be finite
        self._arena, self._columns, self.device = arena, columns, prefix.device
        self._first = np.zeros(n_groups, np.int64)
        self._first_columns = torch.empty((0, 1), dtype=torch.int64, device=self.device)
        self._heads = torch.arange(kv_heads, device=self.device)[:, None]
        self.positions = self._first_columns

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each row's text, prefix included [R]."""
        return self._columns - self._first

    @property
    def _read_columns(self) -> int:
        """Columns of the suffix that products read."""
        return self.suffix.shape[4] if self.device.type == "cpu" else self._columns

    def advance(self) -> None:
        """Call before every step: one more column."""
        if self._columns == self.suffix.shape[4]:
            self._make_room()
        self._columns += 1
        self.positions = self._columns - 1 - self._first_columns

    def rearrange(self, sources: NDArray[np.int64], targets: NDArray[np.int64], n_rows: int) -> None:
        """Copy rows ``sources`` onto rows ``targets`` (never both at once); rows from ``n_rows`` on are dropped."""
        if n_rows > self.suffix.shape[2]:
            self._regrow(max(n_rows, 2 * self.suffix.shape[2]), self.suffix.shape[4])
        if len(sources):
            to, start = (torch.as_tensor(a, device=self.device) for a in (targets, sources))
            columns = self.suffix[:, :, :, :, : self._read_columns]
            columns.index_copy_(2, to, columns.index_select(2, start))
        row_from = np.arange(n_rows)
        row_from[targets] = sources
        self._follow(row_from)

    def last(self, row: int, count: int) -> torch.Tensor:
        """Keys/values of the last tokens that a row has read: [layers, 2, KV, count, D]."""
        return self.suffix[:, :, row, :, self._columns - count : self._columns]

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
        raise NotImplementedError

    def _make_room(self) -> None:
        """For more columns."""
        more = _CPU_COLUMNS if self.device.type == "cpu" else self._columns
        self._regrow(self.suffix.shape[2], self._columns + more)

    def _follow(self, row_from: NDArray[np.int64]) -> None:
        """Row i is now what row ``row_from[i]`` was."""
        self._first = self._first[row_from]
        self._first_columns = torch.as_tensor(self._first, device=self.device)[:, None]

    def _window_mask(self, window: int) -> torch.Tensor:
        """-inf where a column lies ``window`` or more positions back: [R, P + columns]."""
        far = self._column_positions() <= self.positions - window
        return torch.zeros_like(far, dtype=self.suffix.dtype).masked_fill_(far, float("-inf"))

    def _column_positions(self) -> torch.Tensor:
        """The position in each row's text of the token in each column that products read: [R, columns]."""
        return torch.arange(self._read_columns, device=self.device) - self._first_columns

    def _regrow(self, rows: int, columns: int, shift: int = 0) -> None:
        """Room for so many rows and columns; what is there moves ``shift`` columns to the right (below 0: to the left)."""
        layers, two, _, kv_heads, _, dim = self.suffix.shape
        n_filled = min(rows, len(self._first))
        larger = self._arena.take((layers, two, rows, kv_heads, columns, dim), self.suffix)
        larger[:, :, :n_filled, :, : max(0, shift)] = 0
        larger[:, :, :n_filled, :, self._columns + shift :] = 0
        filled = self.suffix[:, :, :n_filled, :, max(0, -shift) : self._columns]
        larger[:, :, :n_filled, :, max(0, shift) : self._columns + shift] = filled
        self.suffix = larger
        self._columns += shift
        self._first += shift


class SharedPrefixes(DecodeMemory):
    """Rows in groups; a group's prefix is stored once."""

    def __init__(self, prefix: torch.Tensor, prefix_lengths: NDArray[np.int64], arena: Arena) -> None:
        """Start with one row per group, which has written nothing.

        Args:
            prefix: Keys and values of the prefixes [layers, 2, G, KV, P, D], left-aligned.
            prefix_lengths: Their tokens [G].
            arena: Where the suffixes are kept.
        """
        super().__init__(prefix, arena, columns=0)
        self.prefix, self.prefix_lengths = prefix, prefix_lengths
        self._groups = np.arange(len(prefix_lengths))  # group of every row
        self._first = -prefix_lengths
        columns = torch.arange(prefix.shape[4], device=self.device)
        self._column_hidden = columns >= torch.as_tensor(prefix_lengths, device=self.device)[:, None]  # [G, P]
        self._uneven = bool(self._column_hidden.any())
        # The groups that products read, and their keys and values.
        self._read_groups, self._read_prefix = self._groups, prefix
        self._follow(self._groups)

    def rows(self) -> Rows:
        """The rows as attention sees them now."""
        return Rows(
            self.suffix,
            self._columns,
            self._read_columns,
            self._read_prefix,
            self._members,
            self._group_at,
            self._place,
            self._hidden,
            self._heads,
        )

    def _follow(self, row_from: NDArray[np.int64]) -> None:
        super()._follow(row_from)
        self._groups = self._groups[row_from]
        self._place_in_groups()
        self._hidden = None
        if self._uneven:
            hidden = self._column_hidden[torch.as_tensor(self._groups, device=self.device)][:, None, None]
            self._hidden = torch.zeros_like(hidden, dtype=self.prefix.dtype).masked_fill_(hidden, float("-inf"))

    def _place_in_groups(self) -> None:
        """Where each row stands among the rows of its group."""
        counts = np.bincount(self._groups, minlength=len(self.prefix_lengths))
        # 1. Groups without rows drop out of the products, many at a time.
        if np.count_nonzero(counts) <= _SPARSE * len(self._read_groups):
            self._read_groups = np.flatnonzero(counts)
            self._read_prefix = self.prefix[:, :, torch.as_tensor(self._read_groups, device=self.device)]
        # 2. A row's place: its number among the rows of its group, in the order of rows.
        order = np.argsort(self._groups, kind="stable")
        firsts = np.cumsum(counts) - counts
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - firsts[self._groups[order]]
        # 3. The table of members: a group's rows side by side; where a group has fewer, row 0 stands in.
        group_at = np.searchsorted(self._read_groups, self._groups)
        members = np.zeros((len(self._read_groups), counts.max()), np.int64)
        members[group_at, place] = np.arange(len(order))
        self._members, self._group_at, self._place = (
            torch.as_tensor(a, device=self.device) for a in (members, group_at, place)
        )

    def _column_positions(self) -> torch.Tensor:
        past = torch.arange(self.prefix.shape[4], device=self.device).expand(len(self._groups), -1)
        return torch.cat([past, super()._column_positions()], 1)


class CopiedPrefixes(DecodeMemory):
    """Rows that each hold a copy of their prefix; further ones may join between any two steps.

    Columns before a row's first are hidden from it. Those before every row's first are dropped when room is made, so columns
    are about as many as the longest text has tokens.
    """

    def __init__(self, prefix: torch.Tensor, prefix_lengths: NDArray[np.int64], arena: Arena) -> None:
        """Start with one row per group; see ``SharedPrefixes``."""
        super().__init__(prefix, arena, columns=int(prefix_lengths.max()))
        self._no_prefix = prefix[:, :, :, :, :0]
        self._nothing = torch.empty(0, dtype=torch.int64, device=self.device)
        self._first = np.empty(0, np.int64)
        self.join(prefix, prefix_lengths)

    def join(self, prefix: torch.Tensor, prefix_lengths: NDArray[np.int64]) -> None:
        """A further row per group, after those that are there."""
        before, new = len(self._first), prefix.shape[2]
        # 1. Room, above all in front of the others if a prefix is longer than all that they have.
        shift = max(0, int(prefix_lengths.max()) - self._columns)
        rows = self.suffix.shape[2] if before + new <= self.suffix.shape[2] else 2 * (before + new)
        if shift or rows > self.suffix.shape[2]:
            self._regrow(rows, self.suffix.shape[4] + shift, shift)
        # 2. Prefixes end where the others' last tokens are; what lies before them must be finite.
        own = self.suffix[:, :, before : before + new]
        own.zero_()
        for length in np.unique(prefix_lengths[prefix_lengths > 0]):
            at = torch.as_tensor(np.flatnonzero(prefix_lengths == length), device=self.device)
            own[:, :, at, :, self._columns - length : self._columns] = prefix[:, :, at, :, :length]
        self._first = np.concatenate([self._first, self._columns - prefix_lengths])
        self._follow(np.arange(before + new))

    def rows(self) -> Rows:
        """The rows as attention sees them now."""
        nothing = self._nothing
        read = self._read_columns
        return Rows(
            self.suffix, self._columns, read, self._no_prefix, nothing, nothing, nothing, self._hidden, self._heads
        )

    def _make_room(self) -> None:
        unused = int(self._first.min())
        lasting = self._columns - unused
        more = _CPU_COLUMNS if self.device.type == "cpu" else lasting
        self._regrow(self.suffix.shape[2], lasting + more, -unused)
        self._follow(np.arange(len(self._first)))

    def _follow(self, row_from: NDArray[np.int64]) -> None:
        super()._follow(row_from)
        self._hidden = None
        if n_hidden := int(self._first.max()):
            hidden = torch.arange(n_hidden, device=self.device) < self._first_columns
            mask = torch.zeros_like(hidden, dtype=self.suffix.dtype).masked_fill_(hidden, float("-inf"))
            self._hidden = mask[:, None, None]


def copies_pay(prefix: torch.Tensor, most_rows: int) -> bool:
    """Whether each row should have a copy of its prefix [layers, 2, G, KV, P, D]."""
    if prefix.device.type != "cpu" or not prefix.shape[4]:
        return False
    n_groups, row_bytes = prefix.shape[2], prefix[:, :, 0].numel() * prefix.element_size()
    return most_rows <= _FEW_ROWS * n_groups and most_rows * row_bytes <= _COPIED_BYTES
