"""A fit killed by SIGKILL goes on from its last checkpoint and ends with the weights of an undisturbed one, bit by bit."""

import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from shard_workers import started
from tiny_models import tiny_classifier

from stepscale.errors import InputError
from stepscale.resume import code
from stepscale.training import checkpoints as checkpoints_module
from stepscale.training.batches import IGNORED, Row
from stepscale.training.checkpoints import checkpoint_folder, last_whole_checkpoint, mark_finished
from stepscale.training.fit import fit
from stepscale.training.optimization import Checkpoints, Optimization
from stepscale.verifiers.options import LoRA, VerifierOptions
from stepscale.verifiers.trained_weights import frozen_but_chosen, plain
from stepscale.verifiers.training import _cross_entropy

SETTINGS: dict[str, dict[str, Any]] = {
    "dropout": {"epochs": 2.5},
    "best": {"epochs": 30, "learning_rate": 0.3, "schedule": "constant", "patience": 3},
    "last": {"epochs": 30, "learning_rate": 0.3, "schedule": "constant", "patience": 3, "keep": "last"},
    "lora": {"epochs": 3, "gradient_accumulation": 2, "gradient_checkpointing": True},
    "head": {"epochs": 2.5},
}


def model(name: str) -> Any:
    weights = LoRA(rank=2, dropout=0.1) if name == "lora" else "head" if name == "head" else "all"
    classifier = tiny_classifier(classifier_dropout=0.1, attention_dropout=0.1)
    return frozen_but_chosen(classifier, VerifierOptions(weights=weights), seed=1)


def rows(seed: int, n: int) -> list[Row]:
    rng = np.random.default_rng(seed)
    row_list = []
    for length in rng.integers(5, 21, n):
        ids = rng.integers(1, 30, length)
        targets = (ids % 3).astype(np.float32)
        targets[: length // 2] = IGNORED
        row_list.append(Row(ids.tolist(), targets))
    return row_list


def options(name: str, folder: Path) -> Optimization:
    common = {"batch_size": 8, "learning_rate": 1e-2, "precision": "float32", "log_every": 1}
    return Optimization(**{**common, **SETTINGS[name]}, checkpoints=Checkpoints(folder=str(folder), every=4))


def train(name: str, folder: Path, killed_at: int | None) -> tuple[dict[str, torch.Tensor], list[tuple[int, float]]]:
    """The weights and the learning curve of a fit, which kills itself after an optimizer step if that is asked for."""
    torch.set_num_threads(1)
    curve: list[tuple[int, float]] = []

    def heard(step: int, numbers: dict[str, float]) -> None:
        if "loss" in numbers:
            curve.append((step, numbers["loss"]))
            if step == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)

    learner = model(name)
    validation = rows(1, 12) if "patience" in SETTINGS[name] else []
    torch.manual_seed(2)
    fit(learner, rows(0, 60), validation, _cross_entropy, options(name, folder), pad_id=0, classes=True, on_log=heard)
    return {key: weight.detach().clone() for key, weight in plain(learner).state_dict().items()}, curve


def killed(name: str, folder: Path, step: int) -> None:
    process = started(Path(__file__), KILLED=(name, folder, step))
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.e2e
@pytest.mark.parametrize(("name", "kills"), [("dropout", (6, 13)), ("best", (9,)), ("lora", (7,)), ("head", (6,))])
def test_a_killed_fit_ends_with_the_weights_and_the_curve_of_an_undisturbed_one(
    tmp_path: Path, name: str, kills: tuple[int, ...]
) -> None:
    weights, curve = train(name, tmp_path / "undisturbed", None)
    for step in kills:
        killed(name, tmp_path / "killed", step)
    checkpoints = sorted(path.name for path in (tmp_path / "killed").glob("*/checkpoint-*"))
    assert checkpoints, "it goes on from one"
    again, curve_again = train(name, tmp_path / "killed", None)
    assert all(torch.equal(weights[key], again[key]) for key in weights)
    assert curve_again == curve


@pytest.mark.parametrize("name", ["best", "last", "dropout"])
def test_a_fit_that_was_finished_gives_its_weights_again_without_a_step(tmp_path: Path, name: str) -> None:
    weights, _ = train(name, tmp_path, None)
    again, curve = train(name, tmp_path, 1)  # a step would kill this process
    assert curve == [] and all(torch.equal(weights[key], again[key]) for key in weights)


def test_half_a_checkpoint_is_passed_over_and_removed(tmp_path: Path) -> None:
    train("dropout", tmp_path, None)
    (folder,) = tmp_path.iterdir()
    whole = last_whole_checkpoint(folder, 1)
    assert whole and whole.name == "checkpoint-20"
    shutil.copytree(whole, folder / "checkpoint-21")
    state = folder / "checkpoint-21" / "trainer_state.json"
    state.write_text(state.read_text()[:-20])
    shutil.copytree(whole, folder / "checkpoint-22")
    (folder / "checkpoint-22" / "rng_state.pth").unlink()
    assert last_whole_checkpoint(folder, 1) == whole
    assert [path.name for path in folder.glob("checkpoint-*")] == ["checkpoint-20"]


def folder_of(learner: str, parts: list[list[Row]], training: Optimization) -> Path | None:
    return checkpoint_folder(model(learner), parts, training, _cross_entropy)


def test_other_rows_settings_or_weights_are_another_fit(tmp_path: Path) -> None:
    training = options("dropout", tmp_path)
    places = [
        folder_of("dropout", [rows(0, 9), []], training),
        folder_of("dropout", [rows(1, 9), []], training),
        folder_of("dropout", [rows(0, 9), rows(1, 2)], training),
        folder_of("lora", [rows(0, 9), []], training),
        folder_of("dropout", [rows(0, 9), []], training.model_copy(update={"learning_rate": 0.5})),
    ]
    assert len(set(places)) == len(places)
    louder = training.model_copy(update={"log_every": 7, "checkpoints": Checkpoints(folder=str(tmp_path), every=9)})
    assert folder_of("dropout", [rows(0, 9), []], louder) == places[0]
    assert folder_of("dropout", [], training.model_copy(update={"checkpoints": None})) is None


def test_a_fit_does_not_resume_after_the_code_of_its_loss_or_of_the_training_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training, read = options("dropout", tmp_path), code._read
    before = folder_of("dropout", [rows(0, 9), []], training)
    for changed in ("stepscale.verifiers.training", "stepscale.training.lane_trainer", "stepscale.training.batches"):
        with monkeypatch.context() as patch:
            patch.setattr(
                code, "_read", lambda name, of=changed: read(name)._replace(digest="x") if name == of else read(name)
            )
            assert folder_of("dropout", [rows(0, 9), []], training) != before, changed
    assert folder_of("dropout", [rows(0, 9), []], training) == before


def test_the_log_says_how_many_steps_are_reused_and_from_which_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="stepscale")
    monkeypatch.setattr(checkpoints_module, "code_revision", lambda: "abc123")
    train("dropout", tmp_path, None)
    assert "reused" not in caplog.text
    monkeypatch.setattr(checkpoints_module, "code_revision", lambda: "def456")
    train("dropout", tmp_path, None)
    assert "training: 20 of 20 optimizer steps reused (made at revision abc123)" in caplog.text


def test_checkpoints_of_a_finished_fit_go_when_another_begins_beside_them(tmp_path: Path) -> None:
    killed, finished = tmp_path / "killed", tmp_path / "finished"
    for folder in (killed, finished):
        folder.mkdir()
    mark_finished(finished, 7)
    train("dropout", tmp_path, None)
    assert killed.exists() and not finished.exists(), "what was killed may still go on"


@pytest.mark.parametrize("folder", ["", "  "])
def test_checkpoints_without_a_folder_are_refused_and_not_written_where_one_stands(folder: str) -> None:
    with pytest.raises(InputError, match="folder"):
        Checkpoints(folder=folder)


if "KILLED" in globals():
    train(*globals()["KILLED"])
