"""Learning in lanes and parts gives the weights that learning from whole batches gives, and the same ones each time."""

from typing import Any

import numpy as np
import pytest
import torch
from tiny_models import tiny_classifier

from stepscale.training import fitting, lane_trainer
from stepscale.training.batches import IGNORED, Row
from stepscale.training.fit import fit
from stepscale.training.lane_trainer import lanes_to_train
from stepscale.training.optimization import Optimization
from stepscale.verifiers.training import _cross_entropy

OPTIONS = Optimization(epochs=2, batch_size=32, learning_rate=1e-2, precision="float32", log_every=1)


def model(dropout: float = 0.0) -> Any:
    return tiny_classifier(classifier_dropout=dropout)


def rows(n: int = 150) -> list[Row]:
    """Rows of 5 to 20 tokens; a token's class is the remainder of its id by three, which can be learned."""
    rng = np.random.default_rng(0)
    row_list = []
    for length in rng.integers(5, 21, n):
        ids = rng.integers(1, 30, length)
        targets = (ids % 3).astype(np.float32)
        targets[: length // 2] = IGNORED
        row_list.append(Row(ids.tolist(), targets))
    return row_list


def test_with_a_gpu_to_which_the_model_will_be_moved_there_are_no_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lanes_to_train(model(), 32, 1) > 0
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert lanes_to_train(model(), 32, 1) == 0


def fitted(lanes: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[torch.Tensor], list[float]]:
    """Weights and losses after a fit in so many lanes."""
    monkeypatch.setattr(fitting, "lanes_to_train", lambda *_: lanes)
    losses: list[float] = []
    learner = model()
    fit(
        learner,
        rows(),
        [],
        _cross_entropy,
        OPTIONS,
        pad_id=0,
        classes=True,
        on_log=lambda _, numbers: losses.extend([numbers["loss"]] if "loss" in numbers else []),
    )
    return [p.detach() for p in learner.parameters()], losses


@pytest.mark.parametrize("lanes", [1, 2, 3])
@pytest.mark.parametrize("squares", [200, 1_000_000])
def test_lanes_and_parts_learn_what_whole_batches_teach(
    lanes: int, squares: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, losses = fitted(0, monkeypatch)
    monkeypatch.setattr(lane_trainer, "_MAX_LANE_SQUARES", squares)
    weights, lane_losses = fitted(lanes, monkeypatch)
    assert lane_losses == pytest.approx(losses, abs=1e-4)
    assert losses[-1] < losses[0] / 2
    for ours, theirs in zip(weights, whole, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


def test_a_fit_in_lanes_gives_the_same_weights_again_and_leaves_the_threads_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)  # a lane has one
    try:
        first, second = fitted(2, monkeypatch)[0], fitted(2, monkeypatch)[0]
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_dropout_gradient_accumulation_several_processes_and_large_models_are_left_to_trainer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    assert lanes_to_train(model(), 64, 1) == 4
    assert lanes_to_train(model(), 16, 1) == 2
    assert lanes_to_train(model(dropout=0.1), 64, 1) == 0
    assert lanes_to_train(model(), 64, 2) == 0
    monkeypatch.setattr("stepscale.engine.lanes.MAX_SINGLE_CORE_PARAMETERS", 10)
    assert lanes_to_train(model(), 64, 1) == 0
    monkeypatch.setattr("stepscale.engine.lanes.MAX_SINGLE_CORE_PARAMETERS", 10**9)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert lanes_to_train(model(), 64, 1) == 0
