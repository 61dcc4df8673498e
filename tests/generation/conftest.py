"""Tiny models with a character tokenizer, made in a second; no downloads."""

from pathlib import Path

import pytest
import torch
from tiny_models import tiny_config

ALPHABET = "\n abcdefgh0123456789+=.\\{}"


def _tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<pad>", "<s>", "</s>", *ALPHABET]
    tokenizer = Tokenizer(models.WordLevel({piece: i for i, piece in enumerate(pieces)}, unk_token=" "))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", bos_token="<s>", eos_token="</s>")


def _save(folder: Path, config) -> Path:
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():  # peaked enough to share prefixes, loose enough to part; separators and ends come up
        for parameter in model.parameters():
            parameter.mul_(3.0) if parameter.dim() > 1 else None
    model.save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def small_config(kind: str, **changes):
    """A configuration of an architecture, tiny."""
    return tiny_config(kind, **({"vocab_size": 3 + len(ALPHABET), "max_position_embeddings": 128} | changes))


@pytest.fixture(scope="session")
def make_model(tmp_path_factory):
    """Saves a tiny model of an architecture and gives its folder."""
    made: dict[str, Path] = {}

    def make(kind: str, **changes) -> Path:
        name = "-".join([kind, *(f"{key}={value}" for key, value in sorted(changes.items()))])
        if name not in made:
            made[name] = _save(tmp_path_factory.mktemp("model") / kind, small_config(kind, **changes))
        return made[name]

    return make


@pytest.fixture(scope="session")
def tiny_llama(make_model) -> Path:
    return make_model("llama")
