"""Tiny models with a character tokenizer, made in a second; no downloads."""

from pathlib import Path

import pytest
from tiny_models import letter_tokenizer, save_causal, tiny_config

ALPHABET = "\n abcdefgh0123456789+=.\\{}"


def small_config(kind: str, **changes):
    """A configuration of an architecture, tiny."""
    return tiny_config(kind, **({"vocab_size": 3 + len(ALPHABET), "max_position_embeddings": 128} | changes))


@pytest.fixture(scope="session")
def make_model(tmp_path_factory):
    """Saves a tiny model of an architecture and gives its folder."""
    folders: dict[str, Path] = {}

    def make(kind: str, **changes) -> Path:
        name = "-".join([kind, *(f"{key}={value}" for key, value in sorted(changes.items()))])
        if name not in folders:
            folder = tmp_path_factory.mktemp("model") / kind
            # peaked enough to share prefixes, loose enough to part; separators and ends come up
            folders[name] = save_causal(folder, small_config(kind, **changes), letter_tokenizer(ALPHABET), scale=3.0)
        return folders[name]

    return make


@pytest.fixture(scope="session")
def tiny_llama(make_model) -> Path:
    return make_model("llama")
