"""Batches of rows of similar length: little padding, but batches come in random order and are mixed again in each epoch.

In: rows and a seed. Out: which rows share a batch, and a batch as padded tensors. The models are causal: padding
is on the right, where no real token sees it, so no attention mask is needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from transformers.trainer_pt_utils import get_length_grouped_indices

IGNORED = -100.0  # target of a token that is not learned from; the value transformers uses
_MULTIPLE = 8  # tokens; fewer sizes of tensors leave less memory in pieces, and GPUs like them
_SORTED_AT_ONCE = 50  # batches whose rows are sorted by length at once


@dataclass(frozen=True)
class Row:
    """One sequence to learn from.

    Attributes:
        ids: Token ids [T].
        targets: What each token's output should be [T]: a class or a number; ``IGNORED`` where nothing is learned.
    """

    ids: Sequence[int]
    targets: NDArray[np.float32]


class LikeLengthSampler(torch.utils.data.Sampler[int]):
    """Indices of rows, in groups of ``batch_size`` rows of similar length; another order in each epoch.

    The groups are those of transformers' ``group_by_length``. That strategy takes them from long to short, which a fit of few
    batches would learn in that order every epoch; here they are shuffled. The generator is the sampler's own, so dropout does
    not change the order, and every process of a fit draws the same one.

    Args:
        lengths: Tokens of each row.
        batch_size: Rows of a batch.
        seed: Decides the order of every epoch.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self.lengths, self.batch_size, self.seed = list(lengths), batch_size, seed
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return len(self.lengths)

    def begin_epoch(self, epoch: int) -> None:
        """Set the next epoch, so that a resumed fit has the same order as an undisturbed one.

        Args:
            epoch: Its number, from 0.
        """
        self._generator.manual_seed(self.seed)
        for _ in range(epoch):
            list(self)

    def __iter__(self) -> Iterator[int]:
        size, random = self.batch_size, self._generator
        order = (
            get_length_grouped_indices(self.lengths, size, _SORTED_AT_ONCE, generator=random) if self.lengths else []
        )
        n_full = len(order) // size
        for batch in torch.randperm(n_full, generator=random).tolist():
            yield from order[batch * size : (batch + 1) * size]
        yield from order[n_full * size :]  # fewer rows than a batch: only the last one can be short


def pad_rows(rows: Sequence[Row], pad_id: int, classes: bool) -> dict[str, torch.Tensor]:
    """One batch.

    Args:
        rows: Its rows.
        pad_id: Token that fills short rows up.
        classes: Labels are integers (classes), not numbers.

    Returns:
        ``input_ids`` [B, T] int64 and ``labels`` [B, T] int64 or float32.
    """
    longest = _padded_length(max(len(row.ids) for row in rows))
    ids = np.full((len(rows), longest), pad_id, np.int64)
    labels = np.full((len(rows), longest), IGNORED, np.int64 if classes else np.float32)
    for place, row in enumerate(rows):
        ids[place, : len(row.ids)] = row.ids
        labels[place, : len(row.ids)] = row.targets
    return {"input_ids": torch.from_numpy(ids), "labels": torch.from_numpy(labels)}


def padding_share(sampler: LikeLengthSampler) -> float:
    """Share of the places in an epoch's batches that are padding. The sampler advances by one epoch.

    Args:
        sampler: Gives the batches.
    """
    lengths = np.array(sampler.lengths)[list(sampler)]
    batches = [lengths[start : start + sampler.batch_size] for start in range(0, len(lengths), sampler.batch_size)]
    places = sum(_padded_length(int(batch.max())) * len(batch) for batch in batches)
    return 1 - int(lengths.sum()) / max(places, 1)


def _padded_length(longest: int) -> int:
    return longest + -longest % _MULTIPLE
