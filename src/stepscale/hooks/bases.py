"""Finds base models that cannot be used, before the run starts and not hours later when their turn comes."""

import json
from pathlib import Path
from typing import Any

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline

from stepscale.errors import InputError
from stepscale.hub_names import ask_hub, cached_folder, how_to_download, is_hub_model, name_and_revision
from stepscale.references import TOKENIZER_FILES
from stepscale.user_paths import written_out

_BASES = {
    "generator": {"generator_model"},
    "verifiers": {"prm_model", "orm_model"},
    "verifiers.large": {"large_prm_model"},
    "verifiers.small": {"labeler_agreement"},
    "larger": {"larger_model"},
}  # a parameter block, and what needs it
_WRITING = ("CausalLM", "LMHeadModel", "ConditionalGeneration")
_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "embed_in.weight")


def check_bases(pipeline: Pipeline, catalog: CatalogProtocol[Any, Any]) -> None:
    """Check that the base models of a run can be used.

    Args:
        pipeline: The nodes that will run.
        catalog: Kedro's catalog of the run.

    Raises:
        InputError: One holds no usable model, or one of the wrong kind.
    """
    trained = all(node.name != "take_prm" for node in pipeline.nodes)  # else the PRM is ready
    if {"prm_model"} & pipeline.all_outputs():
        generative = _part(catalog.load("params:verifiers"), "generative")
        if generative is not None and _part(generative, "base") is not None and _part(generative, "server") is None:
            check_base("verifiers.generative.base", str(_part(generative, "base")), writes=True)
    for block, recipe in _BASES.items():
        if recipe & pipeline.all_outputs() and (trained or block != "verifiers"):
            name, *parts = block.split(".")
            settings = catalog.load(f"params:{name}")
            for part in parts:
                settings = _part(settings, part)
            if settings is None or _part(settings, "base") is None:
                continue
            if (
                name == "verifiers" or _part(settings, "server") is None
            ):  # of a served generator it names the tokenizer alone
                check_base(f"{block}.base", str(_part(settings, "base")), writes=name != "verifiers")


def check_base(key: str, base: str, writes: bool) -> None:
    """Check that a base is a folder that holds a model, or may be a name of the hub.

    Args:
        key: The parameter that names it.
        base: A folder or a hub name.
        writes: Whether the model must write text, or only read it.

    Raises:
        InputError: It is neither, or the model is of the wrong kind.
    """
    folder = _folder_of_hub_model(key, base, writes) if is_hub_model(base) else written_out(base)
    if folder is not None:
        _check_kind(key, base, folder / "config.json", writes)
        n_embeddings = _check_weights(key, folder)
        _check_tokenizer(key, folder, n_embeddings, writes)


def _check_kind(key: str, base: str, config: Path, writes: bool) -> None:
    if not config.is_file():
        raise InputError(f"{key}: {base} holds no model (no config.json); give a model folder or a Hugging Face name")
    try:
        kind = (json.loads(config.read_text()).get("architectures") or [""])[0]
    except (ValueError, AttributeError) as error:
        raise InputError(f"{key}: {config} is not a model's config.json ({error})") from None
    if writes and kind and not kind.endswith(_WRITING):
        raise InputError(f"{key}: {base} holds a {kind}, but a causal language model is needed")


def _check_weights(key: str, folder: Path) -> int | None:
    """The number of embedded tokens, if the weights say it. Raises InputError for weights that are absent or cut short."""
    from safetensors import SafetensorError, safe_open

    files = sorted(folder.glob("*.safetensors"))
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            stated = {folder / name for name in json.loads(index.read_text())["weight_map"].values()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{key}: {index} is not an index of weights; copy the whole model again") from None
        if absent := sorted(stated - set(files)):
            raise InputError(f"{key}: {absent[0]} is absent, though {index.name} names it; copy the whole model")
    if not files:
        raise InputError(f"{key}: {folder} holds no *.safetensors weights; save the model with save_pretrained")
    n_embeddings = None
    for file in files:
        try:
            with safe_open(file, "numpy") as weights:
                for name in list(weights.keys()):
                    if name.endswith(_EMBEDDINGS):
                        n_embeddings = int(weights.get_slice(name).get_shape()[0])
        except (SafetensorError, OSError) as error:
            raise InputError(f"{key}: {file} is not a whole file of weights ({error}); copy it again") from None
    return n_embeddings


def _check_tokenizer(key: str, folder: Path, n_embeddings: int | None, writes: bool) -> None:
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise InputError(f"{key}: {folder} holds no tokenizer (such as {TOKENIZER_FILES[0]}); save it beside the model")
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
    except Exception as error:  # whatever the library says about a broken file
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{key}: the tokenizer of {folder} cannot be read ({reason}); save it again") from None
    if writes and tokenizer.eos_token_id is None:
        raise InputError(f"{key}: the tokenizer of {folder} has no end-of-text token; set eos_token in its config")
    if n_embeddings is not None and n_embeddings < len(tokenizer):
        raise InputError(
            f"{key}: {folder} embeds {n_embeddings} tokens and its tokenizer has {len(tokenizer)}; save the tokenizer "
            "that belongs to the model, or resize the model's embeddings"
        )


def _folder_of_hub_model(key: str, base: str, writes: bool) -> Path | None:
    """The folder of the hub's cache with a model, if the hub cannot be reached; None if the hub has it.

    Raises:
        InputError: The hub says that there is no such model, does not give it, or is needed and does not answer.
    """
    name, revision = name_and_revision(base)
    answer = ask_hub(name, "model", revision)
    if answer == "there":
        _check_kind(key, base, _config_from_hub(key, base), writes)
        return None
    if answer == "absent":
        of_revision = f" with a revision {revision!r}" if revision else ""
        raise InputError(
            f"{key}: there is no folder {base!r} and no model of that name{of_revision} on the Hugging Face hub (or it is "
            "private); give a model folder or a Hugging Face name"
        )
    if folder := cached_folder(base):
        return folder
    raise InputError(
        f"{key}: there is no folder {base!r}, and the Hugging Face hub does not answer and its cache does not hold the model; "
        f"give a model folder, or where there is a network run: {how_to_download(base)}"
    )


def _config_from_hub(key: str, base: str) -> Path:
    """Raises InputError if the hub does not give the file: it is absent, or the model's terms are not accepted yet."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, LocalEntryNotFoundError

    name, revision = name_and_revision(base)
    try:
        return Path(hf_hub_download(name, "config.json", revision=revision))
    except GatedRepoError:
        raise InputError(
            f"{key}: {base} is gated; accept its terms on huggingface.co/{name}, then run: hf auth login"
        ) from None
    except LocalEntryNotFoundError:
        raise InputError(f"{key}: {base}: the hub stopped to answer; try again, or give a model folder") from None
    except EntryNotFoundError:
        raise InputError(f"{key}: {base} holds no model of transformers (no config.json); name another one") from None


def _part(block: Any, name: str) -> Any:
    """What a block of parameters holds under a name, typed by Kedro or not."""
    return None if block is None else block.get(name) if isinstance(block, dict) else getattr(block, name)
