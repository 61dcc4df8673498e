"""Loads tokenizers and models by Hugging Face name or folder, with one clear line when that cannot be done.

In: a hub name or a folder written by ``save_pretrained``. Out: transformers objects, in eval mode and float32 unless
told otherwise. Does not know what the model is for.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from stepscale.errors import InputError
from stepscale.hub_names import cached_folder, how_to_download, is_hub_model, loading_options
from stepscale.references import TOKENIZER_FILES, architectures, model_source
from stepscale.scratch import new_mode
from stepscale.user_paths import is_there

_GENERATING = ("CausalLM", "LMHeadModel", "ConditionalGeneration")  # endings of the names of models that write text
_HEADS = ("score", "classifier")  # what token classifiers call their heads

_MAX_REASON_CHARACTERS = 300  # characters of what a library says


def load_tokenizer(source: str | Path, *, trust_remote_code: bool = False) -> Any:
    """The tokenizer saved with a model.

    Args:
        source: A transformers folder, or a name on the Hugging Face hub.
        trust_remote_code: Whether code that comes with the model may run.

    Raises:
        InputError: There is none.
    """
    from transformers import AutoTokenizer

    return _load(AutoTokenizer.from_pretrained, source, "tokenizer", trust_remote_code=trust_remote_code)


def load_causal_lm(source: str | Path, *, dtype: torch.dtype = torch.float32, trust_remote_code: bool = False) -> Any:
    """A causal language model in eval mode.

    transformers would load a classifier too, with a head of random weights; a folder that says it is one is refused.

    Args:
        source: A transformers folder, or a name on the Hugging Face hub.
        dtype: Of the weights.
        trust_remote_code: Whether code that comes with the model may run.

    Raises:
        InputError: ``source`` holds none.
    """
    from transformers import AutoModelForCausalLM

    source = model_source(source)
    kinds = architectures(source)
    if kinds and not kinds[0].endswith(_GENERATING):
        raise InputError(
            f"{source} holds a {kinds[0]}, but a causal language model is needed: give one that writes text"
        )
    return _load_weights(
        AutoModelForCausalLM, source, "causal language model", dtype=dtype, trust_remote_code=trust_remote_code
    )


def load_token_classifier(
    source: str | Path, *, dtype: torch.dtype = torch.float32, trust_remote_code: bool = False, **options: Any
) -> Any:
    """A model with a classification head on every token, in eval mode.

    With ``num_labels`` a plain language model gets a new head with random weights; without, the model must have a head.

    Args:
        source: A transformers folder, or a name on the Hugging Face hub.
        dtype: Of the weights.
        trust_remote_code: Whether code that comes with the model may run.
        options: Further fields of the model's configuration.

    Raises:
        InputError: ``source`` holds no model of a fitting kind.
    """
    from transformers import AutoConfig, AutoModelForTokenClassification

    source = model_source(source)
    config = _load(AutoConfig.from_pretrained, source, "model configuration", trust_remote_code=trust_remote_code)
    kinds = architectures(source) or tuple(config.architectures or ())
    if "num_labels" not in options and not any(kind.endswith("ForTokenClassification") for kind in kinds):
        raise InputError(f"{source} holds a {', '.join(kinds) or 'model'}, but one that classifies tokens is needed")
    config.update(options)
    return _load_weights(
        AutoModelForTokenClassification,
        source,
        "model for token classification",
        new=_HEADS if "num_labels" in options else (),
        dtype=dtype,
        trust_remote_code=trust_remote_code,
        config=config,
    )


def load_body(source: str | Path, *, dtype: torch.dtype = torch.float32, trust_remote_code: bool = False) -> Any:
    """A model without its head, in eval mode.

    Args:
        source: A transformers folder, or a name on the Hugging Face hub.
        dtype: Of the weights.
        trust_remote_code: Whether code that comes with the model may run.

    Raises:
        InputError: ``source`` holds no model.
    """
    from transformers import AutoModel

    return _load_weights(AutoModel, source, "model", dtype=dtype, trust_remote_code=trust_remote_code)


def classification_head(model: Any) -> Any:
    """The linear layer of a token classifier, whatever its architecture calls it.

    Args:
        model: A transformers model.

    Raises:
        InputError: It has none.
    """
    for name in _HEADS:
        head = getattr(model, name, None)
        if isinstance(head, torch.nn.Linear):
            return head
    raise InputError(f"{type(model).__name__} has no linear classification head; choose another architecture")


def rows_of_tokens(source: str | Path, tokenizer: Any, tokens: Sequence[str]) -> torch.Tensor:
    """Rows of the language-model head: how the base predicts each token.

    Args:
        source: A transformers folder, or a name on the Hugging Face hub.
        tokenizer: The model's.
        tokens: Texts, each one token of the vocabulary.

    Returns:
        Rows, float32 [len(tokens), width].

    Raises:
        InputError: A token is not one token of the vocabulary.
    """
    ids = []
    for token in tokens:
        pieces = tokenizer(token, add_special_tokens=False)["input_ids"]
        if len(pieces) != 1:
            raise InputError(
                f"{token!r} is {len(pieces)} tokens in the vocabulary of {source}; name tokens it holds whole"
            )
        ids += pieces
    weight = load_causal_lm(source).get_output_embeddings().weight
    rows: torch.Tensor = weight.detach()[ids].float().clone()
    return rows


@contextmanager
def quiet() -> Iterator[None]:
    """Without transformers' progress bars and remarks (a new head is meant to be new); errors still show."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write model and tokenizer into ``folder``, made if needed.

    Args:
        model: A transformers model.
        tokenizer: Its tokenizer.
        folder: Where they are written; made if needed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    for file in folder.glob("*.safetensors"):  # safetensors writes them for their owner alone
        file.chmod(new_mode(file))


def longest_input(model: Any) -> int | None:
    """Tokens the model can read at once, as its configuration says."""
    limit = getattr(model.config, "max_position_embeddings", None)
    return int(limit) if limit else None


def _load_weights(kind: Any, source: str | Path, what: str, new: tuple[str, ...] = (), **options: Any) -> Any:
    """A model in eval mode. transformers would fill weights that are absent with random numbers: they are refused.

    Args:
        kind: Class of transformers that loads it.
        source: Folder or hub name.
        what: It is, for messages.
        new: Parts that may be absent, for they are to be trained.
        options: Of ``from_pretrained``.
    """
    model, report = _load(kind.from_pretrained, source, what, output_loading_info=True, **options)
    without_bias = {f"{head}.bias" for head in _HEADS}  # a head that was trained without one; it is 0
    absent = sorted(n for n in report["missing_keys"] if n not in without_bias and n.split(".")[0] not in new)
    if absent:
        raise InputError(
            f"{source} lacks {len(absent)} weights of a {what}, such as {absent[0]}: give the whole model, of this kind"
        )
    return model.eval()


def _load(load: Callable[..., Any], source: str | Path, what: str, **options: Any) -> Any:
    source = model_source(source)
    folder = Path(source)
    on_hub = is_hub_model(source)
    if not on_hub and not is_there(folder):
        raise InputError(f"{source}: there is no such folder; give one that holds a model, or a hub name (owner/name)")
    if not on_hub and not (folder / "config.json").is_file() and what != "tokenizer":
        raise InputError(f"{source} holds no config.json: give a folder written by save_pretrained, or a hub name")
    try:
        name, hub_options = loading_options(str(source)) if on_hub else (str(source), {"local_files_only": True})
        if on_hub and hub_options["local_files_only"]:
            if (cached := cached_folder(str(source))) is None:
                raise FileNotFoundError(source)
            # of a name, transformers asks the hub for adapters all the same: six times, in 23 seconds
            name, hub_options = str(cached), {"local_files_only": True}
        with quiet():
            return load(name, **hub_options, **options)
    except InputError:
        raise
    except Exception as error:  # whatever the libraries say about a broken file
        if what == "tokenizer" and folder.is_dir() and not any((folder / name).is_file() for name in TOKENIZER_FILES):
            raise InputError(
                f"{source} holds no tokenizer (such as {TOKENIZER_FILES[0]}): save it beside the model, with save_pretrained"
            ) from error
        reason = " ".join(str(error).split())[:_MAX_REASON_CHARACTERS] or type(error).__name__
        if on_hub and hub_options["local_files_only"]:
            if cached_folder(str(source)) is None:
                reason = "it is not in the cache of the Hugging Face hub, which does not answer"
            reason += f"; give a folder with the model, or where there is a network run: {how_to_download(str(source))}"
        raise InputError(f"cannot load a {what} from {source}: {reason}") from error
