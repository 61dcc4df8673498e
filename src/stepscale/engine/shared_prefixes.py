"""Rows that decode in groups: the prefix of each group is stored ONCE and read by all of its rows."""

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.decode_cache import Arena, DecodeCache
from stepscale.engine.decoding import Rows

_MAX_KEPT_SHARE = 0.75  # of groups have rows where the others are dropped: that copies all keys, so not at every end


class SharedPrefixes(DecodeCache):
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
        if np.count_nonzero(counts) <= _MAX_KEPT_SHARE * len(self._read_groups):
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
