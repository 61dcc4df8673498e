"""Batches hold rows of like length, every row once per epoch, mixed anew in each and the same for the same seed."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from stepscale.training.batches import IGNORED, LikeLengthSampler, Row, pad_rows, padding_share


def rows() -> list[Row]:
    return [Row([i] * (1 + i % 160), np.full(1 + i % 160, float(i % 3), np.float32)) for i in range(1, 400)]


def epoch(sampler: LikeLengthSampler) -> list[list[int]]:
    order = list(sampler)
    return [order[at : at + sampler.batch_size] for at in range(0, len(order), sampler.batch_size)]


def test_batches_hold_rows_of_like_length_and_every_row_once() -> None:
    all_rows = rows()
    batches = [
        pad_rows([all_rows[i] for i in batch], pad_id=0, classes=True)
        for batch in epoch(LikeLengthSampler([len(row.ids) for row in all_rows], 16, seed=3))
    ]
    assert sorted(int(row[0]) for batch in batches for row in batch["input_ids"]) == list(range(1, 400))
    wide = 0
    for batch in batches:
        assert ((batch["input_ids"] == 0) == (batch["labels"] == IGNORED)).all()
        assert batch["labels"].dtype == torch.int64
        lengths = (batch["input_ids"] != 0).sum(dim=1)
        wide += int(lengths.max() - lengths.min() > 8)  # 399 rows of 160 lengths, sixteen neighbors in a batch
        assert batch["input_ids"].shape[1] == -(-int(lengths.max()) // 8) * 8
    assert wide == 0
    assert pad_rows(all_rows[:3], pad_id=0, classes=False)["labels"].dtype == torch.float32


def test_epochs_are_mixed_anew_and_a_seed_gives_the_same_ones_again() -> None:
    lengths = [len(row.ids) for row in rows()]
    first, again = LikeLengthSampler(lengths, 16, seed=3), LikeLengthSampler(lengths, 16, seed=3)
    torch.manual_seed(5)
    epochs = [epoch(first), epoch(first)]
    torch.manual_seed(6)  # dropout draws from torch's own generator, and must not change the order
    assert [epoch(again), epoch(again)] == epochs
    assert epochs[0] != epochs[1]
    assert {frozenset(batch) for batch in epochs[0]} != {frozenset(batch) for batch in epochs[1]}
    assert epoch(LikeLengthSampler(lengths, 16, seed=4)) != epochs[0]


def test_batches_do_not_come_in_the_order_of_their_lengths() -> None:
    lengths = [len(row.ids) for row in rows()]
    longest = [max(lengths[i] for i in batch) for batch in epoch(LikeLengthSampler(lengths, 16, seed=3))]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)
    assert abs(np.corrcoef(np.arange(len(longest)), longest)[0, 1]) < 0.6


@given(st.lists(st.integers(1, 50), max_size=70), st.integers(1, 9))
def test_every_row_is_in_one_batch_and_all_batches_but_the_last_are_full(lengths: list[int], size: int) -> None:
    batches = epoch(LikeLengthSampler(lengths, size, seed=0))
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(len(batch) == size for batch in batches[:-1])


def test_the_share_of_padding_is_that_of_the_batches() -> None:
    all_rows = rows()
    lengths = [len(row.ids) for row in all_rows]
    places = sum(
        pad_rows([all_rows[i] for i in batch], pad_id=0, classes=True)["input_ids"].numel()
        for batch in epoch(LikeLengthSampler(lengths, 16, seed=3))
    )
    assert padding_share(LikeLengthSampler(lengths, 16, seed=3)) == 1 - sum(lengths) / places
    assert padding_share(LikeLengthSampler([], 16, seed=3)) == 1
