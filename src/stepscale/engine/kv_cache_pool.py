"""KV cache in slots of one token each: rows of a batch may share slots, so a shared beginning is stored once.

In: keys and values. Out: the slots where they are, and copies in the layout that the computation needs. The pool grows
as needed. Knows nothing about trees, text or networks.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

_FIRST_SLOTS = 4096
CacheSlots = NDArray[np.int64]
"""Indices into the pool's axis of tokens."""


class KVCachePool:
    """Keys and values by slot: ``data`` [layers, 2, slots, kv_heads x head_dim]; slot 0 is what padding reads."""

    def __init__(self, shape: tuple[int, int, int], like: torch.Tensor) -> None:
        """Start empty.

        Args:
            shape: (layers, kv_heads, head_dim).
            like: A tensor of the same dtype and device.
        """
        layers, self._kv_heads, self._dim = shape
        self.data = like.new_empty((layers, 2, 0, self._kv_heads * self._dim))
        self.token_bytes = 2 * layers * self._kv_heads * self._dim * like.element_size()
        self._free: list[CacheSlots] = []
        self._n_free = 0

    @property
    def n_used(self) -> int:
        """Slots that hold something, slot 0 included."""
        return self.data.shape[2] - self._n_free

    def reserve(self, count: int) -> None:
        """Make sure that slots are free; the pool grows by half at the least.

        Args:
            count: Slots (tokens) that must be free.
        """
        if count <= self._n_free:
            return
        layers, two, had, width = self.data.shape
        least = max(had, 1) + count - self._n_free  # slot 0 is not free
        slots = max(least, had + had // 2, _FIRST_SLOTS)
        grown = self.data.new_empty((layers, two, slots, width))
        grown[:, :, :had] = self.data
        grown[:, :, 0] = 0  # read where a row is padded, never attended to; must be finite
        self.data = grown
        self.give(np.arange(max(had, 1), slots))

    def take(self, count: int) -> CacheSlots:
        """Slots for new tokens; the pool grows if it must.

        Args:
            count: How many.

        Returns:
            The slots [count].
        """
        self.reserve(count)
        runs: list[CacheSlots] = []
        while count:
            run = self._free.pop()
            runs.append(run[:count])
            if len(run) > count:
                self._free.append(run[count:])
            count -= len(runs[-1])
            self._n_free -= len(runs[-1])
        return runs[0] if len(runs) == 1 else np.concatenate(runs) if runs else np.empty(0, np.int64)

    def give(self, slots: CacheSlots) -> None:
        """Take slots back; new tokens may use them.

        Args:
            slots: Their numbers [n], none of them free.
        """
        if len(slots):
            self._free.append(slots)
            self._n_free += len(slots)

    def clear(self) -> None:
        """Free all slots; the memory is kept, since new memory costs more time than the computation that fills it."""
        self._free, self._n_free = [], 0
        self.give(np.arange(1, self.data.shape[2]))

    def write(self, slots: CacheSlots, keys_values: torch.Tensor) -> None:
        """Store keys and values.

        Args:
            slots: Where they go [tokens].
            keys_values: [layers, 2, kv_heads, tokens, head_dim].
        """
        flat = keys_values.transpose(2, 3).flatten(3)
        self.data.index_copy_(2, torch.from_numpy(slots).to(self.data.device), flat)

    def gather(self, rows: Sequence[CacheSlots]) -> torch.Tensor:
        """Copies of the keys and values at the slots of some rows [B].

        Args:
            rows: Slots of each row's tokens [B].

        Returns:
            Keys and values, padded to the longest row.
        """
        slots = padded(rows)
        layers = self.data.shape[0]
        gathered = self.data.new_empty((layers, 2, len(rows), self._kv_heads, slots.shape[1], self._dim))
        columns = torch.from_numpy(slots.ravel()).to(self.data.device)
        for layer in range(layers):  # one at a time, so that no second copy of all is held
            chosen = self.data[layer].index_select(1, columns)
            gathered[layer] = chosen.view(2, *slots.shape, self._kv_heads, self._dim).transpose(2, 3)
        return gathered


def padded(rows: Sequence[CacheSlots]) -> CacheSlots:
    """Rows of slots as one array, filled up with slot 0.

    Args:
        rows: Slots of each row [tokens of the row].

    Returns:
        Slots [B, longest row].
    """
    filled = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, slots in enumerate(rows):
        filled[row, : len(slots)] = slots
    return filled
