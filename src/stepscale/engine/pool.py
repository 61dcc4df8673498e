"""Keys and values of tokens by place: rows of a batch may share places, so a shared beginning is stored once.

In: keys and values. Out: the places where they are, and copies in the layout that the computation needs. The pool grows
as needed. Knows nothing about trees, text or networks.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

_FIRST_PLACES = 4096
Places = NDArray[np.int64]


class KeyValuePool:
    """Keys and values by place: ``data`` [layers, 2, places, kv_heads x head_dim]; place 0 is what padding reads."""

    def __init__(self, shape: tuple[int, int, int], like: torch.Tensor) -> None:
        """Start empty.

        Args:
            shape: (layers, kv_heads, head_dim).
            like: A tensor of the same dtype and device.
        """
        layers, self._kv_heads, self._dim = shape
        self.data = like.new_empty((layers, 2, 0, self._kv_heads * self._dim))
        self.token_bytes = 2 * layers * self._kv_heads * self._dim * like.element_size()
        self._free: list[Places] = []
        self._n_free = 0

    @property
    def n_used(self) -> int:
        """Places that hold something, place 0 included."""
        return self.data.shape[2] - self._n_free

    def reserve(self, count: int) -> None:
        """Make sure that places are free; the pool grows by half at the least.

        Args:
            count: Places (tokens) that must be free.
        """
        if count <= self._n_free:
            return
        layers, two, had, width = self.data.shape
        least = max(had, 1) + count - self._n_free  # place 0 is not free
        places = max(least, had + had // 2, _FIRST_PLACES)
        grown = self.data.new_empty((layers, two, places, width))
        grown[:, :, :had] = self.data
        grown[:, :, 0] = 0  # read where a row is padded, never attended to; must be finite
        self.data = grown
        self.give(np.arange(max(had, 1), places))

    def take(self, count: int) -> Places:
        """Places for new tokens; the pool grows if it must.

        Args:
            count: How many.

        Returns:
            The places [count].
        """
        self.reserve(count)
        runs: list[Places] = []
        while count:
            run = self._free.pop()
            runs.append(run[:count])
            if len(run) > count:
                self._free.append(run[count:])
            count -= len(runs[-1])
            self._n_free -= len(runs[-1])
        return runs[0] if len(runs) == 1 else np.concatenate(runs) if runs else np.empty(0, np.int64)

    def give(self, places: Places) -> None:
        """Take places back; new tokens may use them.

        Args:
            places: Their numbers [n], none of them free.
        """
        if len(places):
            self._free.append(places)
            self._n_free += len(places)

    def clear(self) -> None:
        """Free all places; the memory is kept, since new memory costs more time than the computation that fills it."""
        self._free, self._n_free = [], 0
        self.give(np.arange(1, self.data.shape[2]))

    def write(self, places: Places, keys_values: torch.Tensor) -> None:
        """Store keys and values.

        Args:
            places: Where they go [tokens].
            keys_values: [layers, 2, kv_heads, tokens, head_dim].
        """
        flat = keys_values.transpose(2, 3).flatten(3)
        self.data.index_copy_(2, torch.from_numpy(places).to(self.data.device), flat)

    def gather(self, rows: Sequence[Places]) -> torch.Tensor:
        """Copies of the keys and values at the places of some rows [B].

        Args:
            rows: Places of each row's tokens [B].

        Returns:
            Keys and values, padded to the longest row.
        """
        places = padded(rows)
        layers = self.data.shape[0]
        gathered = self.data.new_empty((layers, 2, len(rows), self._kv_heads, places.shape[1], self._dim))
        columns = torch.from_numpy(places.ravel()).to(self.data.device)
        for layer in range(layers):  # one at a time, so that no second copy of all is held
            chosen = self.data[layer].index_select(1, columns)
            gathered[layer] = chosen.view(2, *places.shape, self._kv_heads, self._dim).transpose(2, 3)
        return gathered


def padded(rows: Sequence[Places]) -> Places:
    """Rows of places as one array, filled up with place 0.

    Args:
        rows: Places of each row [tokens of the row].

    Returns:
        Places [B, longest row].
    """
    filled = np.zeros((len(rows), max(map(len, rows))), np.int64)
    for row, places in enumerate(rows):
        filled[row, : len(places)] = places
    return filled
