"""Which weights of a verifier are trained: all, the head alone, or low-rank adapters and the head.

In: a token classifier and the options. Out: the model to fit, and after the fit a plain token classifier again.
"""

from typing import Any

import torch

from stepscale.engine.loading import classification_head
from stepscale.errors import InputError
from stepscale.opening import needs
from stepscale.verifiers.options import LoRA, VerifierOptions


def frozen_but_chosen(model: Any, options: VerifierOptions, seed: int) -> Any:
    """The model to fit: the same object, or a wrapper with adapters.

    Args:
        model: A token classifier.
        options: Which weights are trained.
        seed: Of the adapters' random weights.

    Raises:
        InputError: LoRA is asked for and peft is not installed, or no layer has a given name.
    """
    head = classification_head(model)
    if options.weights == "all":
        return model
    if isinstance(options.weights, LoRA):
        return _with_adapters(model, head, options.weights, seed)
    model.requires_grad_(False)
    head.requires_grad_(True)
    return model


def plain(model: Any) -> Any:
    """The token classifier without adapters: they are merged into the weights that they adapt.

    Args:
        model: As ``frozen_but_chosen`` gave it, with adapters or without.

    Returns:
        A model whose parameters all take gradients.
    """
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    return model.requires_grad_(True)


def _with_adapters(model: Any, head: torch.nn.Module, options: LoRA, seed: int) -> Any:
    with needs("training"):
        from peft import LoraConfig, get_peft_model
    from transformers.pytorch_utils import Conv1D

    linear = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear | Conv1D) and module is not head
    ]
    if absent := [t for t in options.targets if not any(name == t or name.endswith(f".{t}") for name in linear)]:
        layer_names = ", ".join(sorted({name.rpartition(".")[2] for name in linear}))
        raise InputError(f"weights.targets: the model has no linear layer {absent[0]!r}; it has {layer_names}")
    config = LoraConfig(
        task_type="TOKEN_CLS",  # the head, which peft knows by this, is trained whole
        r=options.rank,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=list(options.targets) or linear,
    )
    torch.manual_seed(seed)
    return get_peft_model(model, config)
