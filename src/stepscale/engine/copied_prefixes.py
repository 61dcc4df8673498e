"""Rows that decode with a copy of their prefix each: where groups are small, and where rows join later."""

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.decode_cache import CPU_COLUMNS, Arena, DecodeCache
from stepscale.engine.decoding import Rows

# One product per row costs less than one per group and laying rows out by group, while groups have few rows and copies are small.
_MAX_ROWS_PER_GROUP = 8
_MAX_COPIED_BYTES = 64 * 2**20  # of all copies together


class CopiedPrefixes(DecodeCache):
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
        """A further row per group, after those that are there.

        Args:
            prefix: Keys and values of the prefixes [layers, 2, G, KV, P, D], left-aligned.
            prefix_lengths: Their tokens [G].
        """
        before, n_new = len(self._first), prefix.shape[2]
        # 1. Room, above all in front of the others if a prefix is longer than all that they have.
        shift = max(0, int(prefix_lengths.max()) - self._columns)
        rows = self.suffix.shape[2] if before + n_new <= self.suffix.shape[2] else 2 * (before + n_new)
        if shift or rows > self.suffix.shape[2]:
            self._regrow(rows, self.suffix.shape[4] + shift, shift)
        # 2. Prefixes end where the others' last tokens are; what lies before them must be finite.
        new_rows = self.suffix[:, :, before : before + n_new]
        new_rows.zero_()
        for length in np.unique(prefix_lengths[prefix_lengths > 0]):
            groups = torch.as_tensor(np.flatnonzero(prefix_lengths == length), device=self.device)
            new_rows[:, :, groups, :, self._columns - length : self._columns] = prefix[:, :, groups, :, :length]
        self._first = np.concatenate([self._first, self._columns - prefix_lengths])
        self._follow(np.arange(before + n_new))

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
        more = CPU_COLUMNS if self.device.type == "cpu" else lasting
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
    """Whether each row should have a copy of its prefix: on a CPU, while groups have few rows and copies are small.

    Args:
        prefix: Keys and values of the prefixes [layers, 2, G, KV, P, D].
        most_rows: Rows of all groups together, at the most.
    """
    if prefix.device.type != "cpu" or not prefix.shape[4]:
        return False
    n_groups, row_bytes = prefix.shape[2], prefix[:, :, 0].numel() * prefix.element_size()
    return most_rows <= _MAX_ROWS_PER_GROUP * n_groups and most_rows * row_bytes <= _MAX_COPIED_BYTES
