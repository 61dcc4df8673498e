"""KV cache of a cohort's rows while they decode, one token at a time.

The tokens that a row has written are in its own suffix. The prefix of a group of rows is stored ONCE and read by all of them
(``shared_prefixes``), or each row's suffix begins with a copy of it (``copied_prefixes``). All rows write into the same
column. Layout of keys and values everywhere: [layers, 2, rows, kv_heads, tokens, head_dim]. Knows
nothing of weights, sampling or requests.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.engine.decoding import Rows, attend

# On a CPU products read all columns of a row, written or not: skipping the unwritten ones makes them two to three times as slow
# (docs/log/engine.md). So there are few of those, and room for more is made every so many steps.
CPU_COLUMNS = 16


class Arena:
    """Two buffers used in turn, kept from cohort to cohort: fresh memory costs more than the arithmetic done in it."""

    def __init__(self) -> None:
        self._buffers: list[torch.Tensor] = []

    def take(self, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
        """An uninitialised tensor. The one taken before the last is no longer valid.

        Args:
            shape: Of the tensor.
            like: A tensor of the same type and device.
        """
        size = math.prod(shape)
        if len(self._buffers) < 2:
            self._buffers.append(like.new_empty(size))
        else:
            self._buffers.reverse()
            if self._buffers[1].numel() < size:
                self._buffers[1] = like.new_empty(2 * size)
        return self._buffers[-1][:size].view(shape)


class DecodeCache:
    """KV cache of rows that each write one token per step.

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
        self.suffix = arena.take((layers, 2, max(n_groups, 16), kv_heads, columns + CPU_COLUMNS, dim), prefix)
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
        """Copy rows onto others, and drop the last ones.

        Args:
            sources: Rows that are copied [n].
            targets: Rows that are overwritten [n]; none of them is a source.
            n_rows: Rows from this one on are dropped.
        """
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
        """Keys and values of the last tokens that a row has read.

        Args:
            row: The row.
            count: Number of tokens.

        Returns:
            [layers, 2, KV, count, D].
        """
        return self.suffix[:, :, row, :, self._columns - count : self._columns]

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``AttentionCache``. One new token per row: L is 1."""
        mask = None
        if window and int(self.positions.max()) >= window:
            mask = self._window_mask(window)[:, None, None]
        return attend(self.rows(), layer, q, k, v, scale, mask)

    def rows(self) -> Rows:
        """The rows as attention sees them now."""
        raise NotImplementedError

    def _make_room(self) -> None:
        """For more columns."""
        more = CPU_COLUMNS if self.device.type == "cpu" else self._columns
        self._regrow(self.suffix.shape[2], self._columns + more)

    def _follow(self, row_from: NDArray[np.int64]) -> None:
        """Row i takes over the state of row ``row_from[i]``."""
        self._first = self._first[row_from]
        self._first_columns = torch.as_tensor(self._first, device=self.device)[:, None]

    def _window_mask(self, window: int) -> torch.Tensor:
        """-inf where a column is ``window`` or more positions back: [R, P + columns]."""
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
