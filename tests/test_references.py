"""A folder that refers to a model stands for it: opened, hashed and kept by the catalog as the model itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stepscale.datasets.model_folder import ModelFolderDataset
from stepscale.engine.loading import load_causal_lm, load_tokenizer
from stepscale.errors import InputError
from stepscale.generation.local import LocalGenerator
from stepscale.parameters import GeneratorBlock
from stepscale.pipelines.fine_tuning import fine_tune_or_take
from stepscale.pipelines.sampling import open_configured_generator
from stepscale.references import FILE_NAME, Reference, model_source, refer_to_model, reference_in
from stepscale.resume import model_hash
from stepscale.scratch import share_files


@pytest.fixture(scope="module")
def base(model_of: Callable[..., Path]) -> Path:
    return model_of(["We add 1 and 2.\nSo 3.\n"])


def test_an_unchanged_base_is_referred_to_and_not_copied(base: Path, tmp_path: Path) -> None:
    block = GeneratorBlock.model_validate(
        {
            "base": str(base),
            "prompt": "{problem}\n",
            "examples": "own",
            "samples_per_problem": 1,
            "sampling": {"max_new_tokens": 9},
            "fine_tuning": None,
        }
    )
    dataset = ModelFolderDataset(filepath=str(tmp_path / "generator"), expects="CausalLM")
    assert not dataset.exists()
    dataset.save(fine_tune_or_take("generator", None, None, block, 0))  # type: ignore[arg-type]
    folder = dataset.load()
    assert dataset.exists() and [path.name for path in folder.iterdir()] == [FILE_NAME]
    assert model_hash(folder) == model_hash(base) and model_source(folder) == str(base.resolve())
    opened = open_configured_generator(folder, block, 0)
    assert isinstance(opened, LocalGenerator) and opened.name == "generator"
    assert load_tokenizer(folder).eos_token == "<eos>" and load_causal_lm(folder).num_parameters() == opened.parameters


def test_a_model_that_is_not_here_cannot_be_loaded(base: Path, tmp_path: Path) -> None:
    folder = Reference(kind="generator server", settings={"model": "m"}).write(tmp_path / "served")
    with pytest.raises(InputError, match="the model is not here"):
        load_causal_lm(folder)
    gone = refer_to_model(base / "elsewhere", tmp_path / "gone")
    with pytest.raises(InputError, match="elsewhere"):
        load_causal_lm(gone)
    (tmp_path / "served" / FILE_NAME).write_text('{"kind": "what"}')
    with pytest.raises(InputError, match="run the pipeline that makes it again"):
        reference_in(folder)


def test_a_hub_name_is_referred_to_as_it_is(tmp_path: Path) -> None:
    assert model_source(refer_to_model("someone/model", tmp_path / "named")) == "someone/model"
    assert model_source("someone/model") == "someone/model"


def test_equal_large_files_of_a_copy_take_no_room_and_others_are_left_alone(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    for folder in (original, copy):
        folder.mkdir()
        (folder / "weights").write_bytes(b"w" * 1_500_000)
        (folder / "small").write_bytes(b"s")
        (folder / "other").write_bytes(folder.name[:1].encode() * 1_500_000)
    share_files(copy, original)
    assert (copy / "weights").samefile(original / "weights") and not (copy / "small").samefile(original / "small")
    assert (copy / "other").read_bytes() == b"c" * 1_500_000 and sorted(p.name for p in copy.iterdir()) == [
        "other",
        "small",
        "weights",
    ]
