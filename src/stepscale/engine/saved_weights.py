"""Tensors of a model's files by name, for heads that transformers does not know."""

import json
from collections.abc import Iterator
from pathlib import Path

import torch

from stepscale.errors import InputError
from stepscale.hub_names import is_hub_model, loading_options


def saved_weights(source: str | Path, *prefixes: str) -> dict[str, torch.Tensor]:
    """The tensors of a model's files, as they were saved.

    Reads safetensors or PyTorch files, whole or in shards.

    Args:
        source: A transformers folder, or a name on the Hugging Face hub.
        prefixes: How the names of the tensors begin.

    Returns:
        Tensors by name.

    Raises:
        InputError: There are none.
    """
    from transformers.utils import cached_file

    name_or_folder, hub_options = loading_options(source) if is_hub_model(source) else (str(source), {})
    hub_options["_raise_exceptions_for_missing_entries"] = False
    for single in ("model.safetensors", "pytorch_model.bin"):
        index = cached_file(name_or_folder, f"{single}.index.json", **hub_options)
        names = [single]
        if index:
            places = json.loads(Path(index).read_text())["weight_map"]
            names = sorted({file for name, file in places.items() if name.startswith(prefixes)})
        files = [cached_file(name_or_folder, name, **hub_options) for name in names]
        if files and all(files):
            return {name: tensor for file in files for name, tensor in _tensors(file, prefixes)}
    raise InputError(f"{source} holds no weights (model.safetensors or pytorch_model.bin)")


def _tensors(file: str, prefixes: tuple[str, ...]) -> Iterator[tuple[str, torch.Tensor]]:
    if file.endswith(".safetensors"):
        from safetensors import safe_open

        with safe_open(file, framework="pt") as opened:
            yield from ((name, opened.get_tensor(name)) for name in opened.keys() if name.startswith(prefixes))  # noqa: SIM118
        return
    tensors = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    yield from ((name, tensor) for name, tensor in tensors.items() if name.startswith(prefixes))
