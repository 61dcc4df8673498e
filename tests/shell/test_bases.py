"""A base that cannot be used is told by the check before the run, in one line, for whatever is wrong with it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stepscale.errors import InputError
from stepscale.hooks.bases import check_base

BASE = Path(__file__).resolve().parents[2] / "data" / "01_raw" / "lab_base"


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])


def no_end_of_text(folder: Path) -> None:
    file = folder / "tokenizer_config.json"
    settings = json.loads(file.read_text())
    settings.pop("eos_token", None)
    file.write_text(json.dumps(settings))


def more_tokens(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_tokens([f"<more{i}>" for i in range(5000)])
    tokenizer.save_pretrained(folder)


def without_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


def index_of_absent_file(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), r"holds no \*.safetensors weights"),
        (cut, "is no whole file of weights"),
        (without_tokenizer, "holds no tokenizer"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "tokenizer of .* cannot be read"),
        (no_end_of_text, "has no end-of-text token"),
        (more_tokens, r"embeds \d+ tokens and its tokenizer has \d+"),
        (index_of_absent_file, "model-2.safetensors is absent"),
        (lambda folder: (folder / "model.safetensors.index.json").write_text("["), "is not an index of weights"),
        (lambda folder: (folder / "model.safetensors.index.json").write_text("[]"), "is not an index of weights"),
        (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    ],
)
def test_a_spoilt_base_is_refused_with_what_is_wrong(
    tmp_path: Path, spoil: Callable[[Path], object], line: str
) -> None:
    folder = shutil.copytree(BASE, tmp_path / "base")
    check_base("generator.base", str(folder), writes=True)
    spoil(folder)
    with pytest.raises(InputError, match=f"generator.base: .*{line}") as caught:
        check_base("generator.base", str(folder), writes=True)
    assert "\n" not in str(caught.value)


def test_a_hub_name_that_is_not_there_is_refused_and_left_alone_without_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import httpx
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError

    answer = httpx.Response(404, request=httpx.Request("GET", "https://huggingface.co"))

    def absent(*_: object, **__: object) -> None:
        raise RepositoryNotFoundError("404", response=answer)

    def unreachable(*_: object, **__: object) -> None:
        raise httpx.ConnectError("no network")

    monkeypatch.setattr(HfApi, "model_info", absent)
    with pytest.raises(InputError, match="no model of that name"):
        check_base("verifiers.base", "nobody/nothing", writes=False)
    monkeypatch.setattr(HfApi, "model_info", unreachable)
    check_base("verifiers.base", "nobody/nothing", writes=False)
