"""The model folder dataset: what it keeps, what it refuses, and that a failed save loses nothing."""

import json
import os
import pickle
from pathlib import Path

import pytest
from kedro.io import DatasetError
from kedro.io.core import Version
from tiny_models import letter_tokenizer, tiny_classifier

from stepscale.datasets.folder import FolderDataset
from stepscale.datasets.model_folder import ModelFolderDataset
from stepscale.engine.loading import save
from stepscale.errors import InputError


def model(folder: Path, kind: str = "LlamaForCausalLM", weights: bytes = b"weights") -> Path:
    """A folder that looks like a saved model."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"architectures": [kind]}))
    (folder / "model.safetensors").write_bytes(weights)
    (folder / "tokenizer.json").write_text("{}")
    return folder


def cause(call: pytest.ExceptionInfo[DatasetError]) -> str:
    """The user's line below Kedro's own."""
    assert isinstance(call.value.__cause__, InputError)
    return str(call.value.__cause__)


def test_a_saved_model_is_loaded_as_the_path_it_lies_at(tmp_path: Path) -> None:
    dataset = ModelFolderDataset(filepath=str(tmp_path / "kept"), expects="CausalLM")
    assert not dataset.exists()
    dataset.save(model(tmp_path / "made"))
    assert dataset.exists()
    assert dataset.load() == tmp_path / "kept"
    assert sorted(p.name for p in dataset.load().iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert (tmp_path / "made").is_dir(), "the source is copied, not taken"


def test_a_second_save_replaces_the_first_entirely(tmp_path: Path) -> None:
    dataset = ModelFolderDataset(filepath=str(tmp_path / "kept"))
    first = model(tmp_path / "first")
    (first / "extra.json").write_text("{}")
    dataset.save(first)
    dataset.save(model(tmp_path / "second", weights=b"better"))
    assert (dataset.load() / "model.safetensors").read_bytes() == b"better"
    assert not (dataset.load() / "extra.json").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith("kept")] == ["kept"]


def test_saving_a_model_onto_itself_keeps_it(tmp_path: Path) -> None:
    folder = model(tmp_path / "kept")
    dataset = ModelFolderDataset(filepath=str(folder))
    dataset.save(folder)
    assert (dataset.load() / "model.safetensors").read_bytes() == b"weights"


def test_versions_lie_side_by_side_and_the_newest_is_loaded(tmp_path: Path) -> None:
    for stamp, weights in (("2024-01-01T00.00.00.000Z", b"old"), ("2025-01-01T00.00.00.000Z", b"new")):
        dataset = ModelFolderDataset(filepath=str(tmp_path / "kept"), version=Version(None, stamp))
        dataset.save(model(tmp_path / stamp, weights=weights))
    newest = ModelFolderDataset(filepath=str(tmp_path / "kept"), version=Version(None, None))
    assert newest.exists()
    assert (newest.load() / "model.safetensors").read_bytes() == b"new"


def test_a_model_of_another_kind_is_refused_with_both_kinds_named(tmp_path: Path) -> None:
    dataset = ModelFolderDataset(
        filepath=str(model(tmp_path / "orm", "LlamaForTokenClassification")), expects="CausalLM"
    )
    with pytest.raises(DatasetError) as caught:
        dataset.load()
    assert "holds a LlamaForTokenClassification, but a model for CausalLM is needed" in cause(caught)


def test_a_refused_save_leaves_the_kept_model_alone(tmp_path: Path) -> None:
    dataset = ModelFolderDataset(filepath=str(model(tmp_path / "kept")), expects="CausalLM")
    with pytest.raises(DatasetError):
        dataset.save(model(tmp_path / "other", "LlamaForTokenClassification"))
    assert (dataset.load() / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), "config.json is missing"),
        (
            lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
            "no *.safetensors weights",
        ),
        (lambda folder: (folder / "config.json").write_text("{"), "not a model's config.json"),
        (lambda folder: (folder / "config.json").write_text("[]"), "not a model's config.json"),
    ],
)
def test_a_spoilt_folder_is_told_in_one_line(tmp_path: Path, spoil: "object", message: str) -> None:
    folder = model(tmp_path / "kept")
    spoil(folder)  # type: ignore[operator]
    with pytest.raises(DatasetError) as caught:
        ModelFolderDataset(filepath=str(folder), expects="CausalLM").load()
    assert message in cause(caught)
    assert "\n" not in cause(caught)


def test_it_pickles_and_describes_itself(tmp_path: Path) -> None:
    dataset = pickle.loads(pickle.dumps(ModelFolderDataset(filepath=str(model(tmp_path / "kept")), expects="CausalLM")))
    assert dataset.load() == tmp_path / "kept"
    assert "CausalLM" in str(dataset)


@pytest.mark.parametrize(("mask", "folder_mode", "file_mode"), [(0o022, 0o755, 0o644), (0o007, 0o770, 0o660)])
def test_who_may_read_a_saved_model_follows_the_umask_not_the_scratch_folder(
    tmp_path: Path, mask: int, folder_mode: int, file_mode: int
) -> None:
    source = model(tmp_path / "made")
    source.chmod(0o700)
    (source / "model.safetensors").chmod(0o600)
    before = os.umask(mask)
    try:
        ModelFolderDataset(filepath=str(tmp_path / "kept")).save(source)
        FolderDataset(path=str(tmp_path / "folder")).save(source)
    finally:
        os.umask(before)
    for folder in (tmp_path / "kept", tmp_path / "folder"):
        modes = [path.stat().st_mode & 0o777 for path in (folder, folder / "model.safetensors")]
        assert modes == [folder_mode, file_mode]


@pytest.mark.parametrize(("mask", "file_mode"), [(0o022, 0o644), (0o007, 0o660)])
def test_weights_of_a_model_saved_where_a_user_says_are_not_for_their_owner_alone(
    tmp_path: Path, mask: int, file_mode: int
) -> None:
    """safetensors writes them with 0600 whatever the umask: no other user and no container could serve them."""
    before = os.umask(mask)
    try:
        save(tiny_classifier(), letter_tokenizer("ab"), tmp_path / "trained")
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "trained").iterdir()} == {file_mode}
