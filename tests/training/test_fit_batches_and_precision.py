"""What a fit hands its model: rows of like length together, and products in the precision of its settings, in lanes or not."""

from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import tiny_classifier

from stepscale.training import fitting
from stepscale.training.batches import Row, pad_rows
from stepscale.training.fit import fit
from stepscale.training.fitting import FitReport
from stepscale.training.optimization import Optimization
from stepscale.verifiers.training import _cross_entropy


def rows(n: int = 240) -> list[Row]:
    """Rows of 1 to 60 tokens, which tell their class by themselves: the remainder of a token's id by three."""
    rng = np.random.default_rng(0)
    all_ids = [rng.integers(1, 30, length) for length in rng.integers(1, 61, n)]
    return [Row(ids.tolist(), (ids % 3).astype(np.float32)) for ids in all_ids]


class Watched:
    """A fit of a tiny model, with what passed through it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lanes: int = 0, **options: Any) -> None:
        monkeypatch.setattr(fitting, "lanes_to_train", lambda *_: lanes)
        self.batches: list[list[int]] = []
        self.precisions = set[torch.dtype]()
        self.losses: list[float] = []
        self.model: Any = tiny_classifier()

        def watched_pad(batch: Any, **keywords: Any) -> Any:
            self.batches.append([len(row.ids) for row in batch])
            return pad_rows(batch, **keywords)

        monkeypatch.setattr(fitting, "pad_rows", watched_pad)
        first = self.model.model.layers[0].mlp.up_proj  # replicas of lanes are copies, hook and all
        first.register_forward_hook(lambda _module, _inputs, output: self.precisions.add(output.dtype))
        settings = {"epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "log_every": 1, "precision": "float32"}
        self.report: FitReport = fit(
            self.model,
            rows(),
            [],
            _cross_entropy,
            Optimization(**settings | options),
            pad_id=0,
            classes=True,
            on_log=self.log,
        )

    def log(self, _: int, numbers: dict[str, float]) -> None:
        self.losses += [numbers["loss"]] if "loss" in numbers else []


def test_a_fit_takes_rows_of_like_length_together(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    spans = [max(batch) - min(batch) for batch in watched.batches]
    lengths = sorted(length for batch in watched.batches[:15] for length in batch)
    assert len(watched.batches) == 2 * 15 and lengths == sorted(len(row.ids) for row in rows())
    assert float(np.mean(spans)) < 10, "at random they would differ by 50 of 60 tokens"
    assert watched.report.padding < 0.2


@pytest.mark.parametrize("lanes", [0, 2])
def test_in_bfloat16_products_are_and_weights_are_not_and_the_losses_are_near_those_of_float32(
    lanes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        exact = Watched(patch, lanes)
    with monkeypatch.context() as patch:
        mixed = Watched(patch, lanes, precision="bfloat16")
    assert (exact.precisions, mixed.precisions) == ({torch.float32}, {torch.bfloat16})
    assert {weight.dtype for weight in mixed.model.parameters()} == {torch.float32}
    assert mixed.losses[0] == pytest.approx(exact.losses[0], rel=0.02) and mixed.losses != exact.losses
    assert mixed.losses[-1] == pytest.approx(exact.losses[-1], abs=0.1) and mixed.losses[-1] < mixed.losses[0] / 2
