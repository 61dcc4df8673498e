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
        (cut, "is not a whole file of weights"),
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


NAME = "nobody/nothing"


class Hub:
    """A hub that answers as it is told; its files are those of a folder."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        self.monkeypatch, self.cache = monkeypatch, cache
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))

    def answers(self, error: Exception | None) -> None:
        def repo_info(*_: object, **__: object) -> None:
            if error is not None:
                raise error

        self.monkeypatch.setattr("huggingface_hub.HfApi.repo_info", repo_info)

    def gives(self, config: Path | Exception) -> None:
        def download(*_: object, **__: object) -> str:
            if isinstance(config, Exception):
                raise config
            return str(config)

        self.monkeypatch.setattr("huggingface_hub.hf_hub_download", download)

    def was_downloaded(self, name: str, folder: Path) -> Path:
        place = self.cache / f"models--{name.replace('/', '--')}"
        (place / "refs").mkdir(parents=True)
        (place / "refs" / "main").write_text("c0ffee")
        return Path(shutil.copytree(folder, place / "snapshots" / "c0ffee"))


def of_the_hub(kind: str) -> Exception:
    import httpx
    from huggingface_hub import errors

    answer = httpx.Response(404, request=httpx.Request("GET", "https://huggingface.co"))
    as_answer = {} if kind == "EntryNotFoundError" else {"response": answer}
    error: Exception = getattr(errors, kind)(kind, **as_answer)
    return error


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Hub:
    return Hub(monkeypatch, tmp_path / "cache")


def refused(line: str, name: str = NAME, writes: bool = False) -> None:
    with pytest.raises(InputError, match=f"^verifiers.base: .*{line}") as caught:
        check_base("verifiers.base", name, writes=writes)
    assert "\n" not in str(caught.value)


def test_a_name_or_a_revision_that_the_hub_does_not_know_is_refused(hub: Hub) -> None:
    hub.answers(of_the_hub("RepositoryNotFoundError"))
    refused("no model of that name on the Hugging Face hub")
    hub.answers(of_the_hub("RevisionNotFoundError"))
    refused("no model of that name with a revision 'v2' on", f"{NAME}@v2")


def test_a_hub_that_does_not_answer_is_told_before_the_run_unless_its_cache_holds_the_model(hub: Hub) -> None:
    hub.answers(ConnectionError("no network"))
    refused(f"does not answer and its cache does not hold the model; .*: hf download {NAME}$")
    refused(f"hf download {NAME} --revision refs/pr/1$", f"{NAME}@refs/pr/1")
    folder = hub.was_downloaded(NAME, BASE)
    check_base("generator.base", NAME, writes=True)
    refused("hf download", f"{NAME}@v2")
    cut(folder)
    refused("is not a whole file of weights")


def test_a_model_that_the_hub_does_not_give_or_of_another_kind_is_told_before_the_run(hub: Hub, tmp_path: Path) -> None:
    hub.answers(None)
    hub.gives(BASE / "config.json")
    check_base("generator.base", NAME, writes=True)
    hub.gives(of_the_hub("GatedRepoError"))
    refused(f"is gated; accept its terms on huggingface.co/{NAME}, then run: hf auth login")
    hub.gives(of_the_hub("EntryNotFoundError"))
    refused("holds no model of transformers")
    (tmp_path / "config.json").write_text('{"architectures": ["BertForTokenClassification"]}')
    hub.gives(tmp_path / "config.json")
    refused("holds a BertForTokenClassification, but a causal language model is needed", writes=True)


def test_a_model_of_the_cache_is_loaded_at_once_without_the_hub_and_another_is_one_line(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stepscale.engine.loading import load_causal_lm, load_tokenizer
    from stepscale.resume.content import model_hash

    asked: list[object] = []

    def unreachable(*request: object, **_: object) -> None:
        asked.append(request)
        raise ConnectionError("no network")

    monkeypatch.setattr("huggingface_hub.utils._http.http_backoff", unreachable)
    hub.answers(ConnectionError("no network"))
    hub.was_downloaded(NAME, BASE)
    assert load_causal_lm(NAME).config.vocab_size >= len(load_tokenizer(NAME))
    assert model_hash(NAME) == model_hash(NAME) != model_hash(BASE)
    for load in (load_causal_lm, load_tokenizer):
        with pytest.raises(
            InputError, match=r"not in the cache of .*, which does not answer; .*: hf download a/b$"
        ) as caught:
            load("a/b")
        assert "\n" not in str(caught.value)
    assert not asked, "each such question is repeated for 23 seconds"


def test_a_revision_is_asked_for_by_its_name(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AutoTokenizer

    from stepscale.engine.loading import load_tokenizer

    lookups = []
    hub.answers(None)
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", lambda name, **options: lookups.append((name, options)))
    load_tokenizer(f"{NAME}@v1.0")
    load_tokenizer(NAME)
    load_tokenizer(BASE)
    assert lookups[0] == (NAME, {"local_files_only": False, "revision": "v1.0", "trust_remote_code": False})
    assert lookups[1] == (NAME, {"local_files_only": False, "trust_remote_code": False})
    assert lookups[2] == (str(BASE), {"local_files_only": True, "trust_remote_code": False})
