"""Training in two processes gives what one process gives that takes the same batches one after the other."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from stepscale.engine.loading import load_causal_lm
from stepscale.training.batches import IGNORED, Row
from stepscale.training.fit import fit
from stepscale.training.optimization import Optimization


def next_token_loss(outputs, labels, items):
    logits, targets = outputs.logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten()
    total = torch.nn.functional.cross_entropy(logits, targets, ignore_index=int(IGNORED), reduction="sum")
    return total / (items if items is not None else (targets != IGNORED).sum().clamp(min=1))


@pytest.mark.e2e
def test_two_processes_learn_what_one_learns_with_twice_the_accumulation(
    model_of: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = model_of(["some words to learn from"])
    rng = np.random.default_rng(0)
    rows = [
        Row(list(rng.integers(3, 200, n)), rng.integers(3, 200, n).astype(np.float32)) for n in rng.integers(4, 30, 32)
    ]
    monkeypatch.setenv(
        "PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep
    )  # where the processes find the loss
    common = {"epochs": 1, "batch_size": 4, "learning_rate": 1e-2, "precision": "float32", "log_every": 1}
    trained, curves = {}, {}
    for name, options in (
        ("one", Optimization(gradient_accumulation=2, **common)),
        ("two", Optimization(processes=2, **common)),
    ):
        model, points = load_causal_lm(base), []
        before = model.get_input_embeddings().weight.detach().clone()
        report = fit(
            model, rows, [], next_token_loss, options, pad_id=0, classes=True, on_log=lambda *p, to=points: to.append(p)
        )
        assert report.steps == 4
        assert report.tokens == sum(len(row.ids) for row in rows)
        trained[name] = model.get_input_embeddings().weight.detach() - before
        curves[name] = [values["loss"] for _, values in points if "loss" in values]
    assert trained["one"].abs().max() > 0.01
    assert torch.allclose(trained["one"], trained["two"], atol=1e-4)
    assert curves["two"] == pytest.approx(curves["one"], abs=1e-3)
