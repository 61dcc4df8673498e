"""How the settings of a fit reach Trainer: FSDP, gradient checkpointing, checkpoints; and weights cut by FSDP made whole."""

from pathlib import Path
from typing import Any

import pytest
import torch

from stepscale.training import trainer_arguments
from stepscale.training.optimization import Checkpoints, Optimization
from stepscale.training.sharded import gather_weights


def arguments(monkeypatch: pytest.MonkeyPatch, processes: int, **settings: Any) -> dict[str, Any]:
    """What Trainer's arguments are made of."""

    class Made:
        n_gpu = 0

        def __init__(self, **named: Any) -> None:
            self.named = named

    monkeypatch.setattr(trainer_arguments, "TrainingArguments", Made)
    monkeypatch.setenv("WORLD_SIZE", str(processes))
    trainer: Any = trainer_arguments.trainer_arguments(Optimization(**settings), "folder", 100, 50, True, 0)
    named: dict[str, Any] = trainer.named
    return named


def test_fsdp_is_asked_for_by_name_and_does_its_own_checkpointing_of_activations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    named = arguments(monkeypatch, 2, parallel="fsdp", gradient_checkpointing=True)
    assert named["fsdp"] is True and named["fsdp_config"] == {"activation_checkpointing": True}
    assert not named["activation_checkpointing"]
    alone = arguments(monkeypatch, 1, parallel="fsdp", gradient_checkpointing=True)
    assert alone["fsdp"] is False and alone["activation_checkpointing"]


def test_checkpoints_hold_all_that_a_fit_needs_to_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    options = {"checkpoints": Checkpoints(folder=str(tmp_path), every=7)}
    named = arguments(monkeypatch, 1, **options)
    assert (named["save_strategy"], named["save_steps"], named["save_only_model"]) == ("steps", 7, False)
    stops = arguments(monkeypatch, 1, patience=2, **options)
    assert stops["save_steps"] == stops["eval_steps"] == 25, "the best weights are among them"
    assert arguments(monkeypatch, 1)["save_strategy"] == "no"


def test_whole_weights_take_the_place_of_pieces() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
    whole = {name: torch.full_like(weight, 5) for name, weight in model.state_dict().items()}
    gather_weights(model, {})
    assert not any(torch.equal(weight, whole[name]) for name, weight in model.state_dict().items())
    gather_weights(model, whole)
    assert all(torch.equal(weight, whole[name]) for name, weight in model.state_dict().items())
