"""A model folder that lacks something, or holds something else, is one line that names it; nothing random stands in for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_models import save_tiny_llama

import stepscale
from stepscale.engine.device import usable_device
from stepscale.engine.loading import load_body, load_causal_lm, load_token_classifier, load_tokenizer
from stepscale.errors import InputError
from stepscale.references import architectures


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return save_tiny_llama(tmp_path / "model", ["so 12 + 7 is 19."])


def without_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def cut_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:500])


def pickle_that_runs_code(folder: Path) -> None:
    class Runs:
        def __reduce__(self) -> Any:
            return (Path.touch, (folder / "ran",))

    (folder / "model.safetensors").unlink()
    torch.save({"model.norm.weight": Runs()}, folder / "pytorch_model.bin")


def changed(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return change


def config_is(text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "config.json").write_text(text) and None


BREAKS = [
    without_weight,
    cut_weights,
    pickle_that_runs_code,
    changed(num_hidden_layers=3),
    changed(hidden_size=16),
    changed(model_type="no_such_model"),
    changed(num_hidden_layers="two"),
    changed(architectures="LlamaForCausalLM"),
    changed(architectures=[5]),
    config_is("{"),
    config_is("[]"),
    config_is("null"),
]


@pytest.mark.parametrize("breaks", BREAKS, ids=range(len(BREAKS)))
def test_a_broken_model_is_one_line_that_names_the_folder(breaks: Callable[[Path], None], model: Path) -> None:
    breaks(model)
    with pytest.raises(InputError, match=str(model)) as caught:
        load_causal_lm(model)
    assert "\n" not in str(caught.value) and not (model / "ran").exists()


def test_weights_that_are_absent_are_never_random(model: Path) -> None:
    without_weight(model)
    for load in (load_causal_lm, load_body, lambda folder: load_token_classifier(folder, num_labels=3)):
        with pytest.raises(InputError, match=r"lacks 1 weights of a .*, such as .*layers\.1\.mlp\.up_proj\.weight"):
            load(model)


def test_a_classifier_without_its_head_is_refused_and_a_new_head_is_not(model: Path, tmp_path: Path) -> None:
    load_token_classifier(model, num_labels=3).save_pretrained(tmp_path / "prm")
    weights = load_file(tmp_path / "prm" / "model.safetensors")
    bare = {name: weight for name, weight in weights.items() if not name.startswith("score.")}
    assert load_token_classifier(tmp_path / "prm")
    save_file(bare, tmp_path / "prm" / "model.safetensors", {"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 1 weights of a model for token classification, such as score\.weight"):
        load_token_classifier(tmp_path / "prm")


@pytest.mark.parametrize("source", [None, "", " ", 5, b"x", ["x"]])
def test_what_names_no_model_is_refused(source: Any) -> None:
    for load in (stepscale.load_generator, stepscale.load_verifier, load_tokenizer, load_causal_lm):
        with pytest.raises(InputError, match="names no model; give a folder or a Hugging Face name"):
            load(source)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"device": "gpu"}, "device 'gpu' cannot be used"),
        ({"device": "cuda:99"}, "device 'cuda:99' cannot be used"),
        ({"dtype": "float64"}, "dtype is 'float64'; choose float32 or bfloat16"),
    ],
)
def test_a_device_or_precision_that_is_not_there_is_one_line(
    argument: dict[str, Any], message: str, model: Path
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        stepscale.load_generator(model, **argument)
    assert "\n" not in str(caught.value)
    assert usable_device("auto").type in ("cpu", "cuda")


def test_architectures_are_read_with_one_line_for_a_broken_file(tmp_path: Path) -> None:
    assert architectures(tmp_path) == () and architectures("owner/name") == ()
    (tmp_path / "config.json").write_text("{broken")
    for look in (architectures, stepscale.load_verifier):
        with pytest.raises(InputError, match=r"is not a model's config\.json"):
            look(tmp_path)


def test_settings_of_a_server_are_told_in_one_line() -> None:
    with pytest.raises(InputError, match=r"concurrency: .*; correct this argument") as caught:
        stepscale.load_generator("http://localhost:9/v1", model="m", concurrency=0)
    assert "\n" not in str(caught.value)


def test_a_folder_without_a_tokenizer_is_told_as_such_in_a_whole_line(model: Path) -> None:
    for file in model.glob("*token*"):
        file.unlink()
    for load in (load_tokenizer, stepscale.load_generator):
        with pytest.raises(InputError) as caught:
            load(model)
        message = f"{model} holds no tokenizer (such as tokenizer.json): save it beside the model, with save_pretrained"
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("architectures", 5, "architectures is 5, not a list of names"),
        ("num_hidden_layers", -1, "num_hidden_layers is -1 and must be above 0"),
        ("hidden_size", 0, "hidden_size is 0 and must be above 0"),
    ],
)
def test_a_config_that_no_model_can_have_is_one_line(model: Path, key: str, value: Any, message: str) -> None:
    path = model / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    for load in (load_causal_lm, load_token_classifier):
        with pytest.raises(InputError, match=message):
            load(model)


def test_a_name_that_no_file_can_have_names_no_model() -> None:
    for load in (stepscale.load_generator, stepscale.load_verifier):
        with pytest.raises(InputError, match=r"names no model \(File name too long\)"):
            load("A" * 300)
