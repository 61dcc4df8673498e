"""Makes a shallower model of a deeper one: a smaller verifier where there is one base alone (Lightman et al. 2023, 4.1).

In: a transformers decoder. Out: the same object with fewer layers. Which ones go: those in the middle. The first layers read
the tokens and the last ones write the prediction; a neighbour in the middle stands in for a lost layer best. On the lab's
base a verifier without one middle layer nearly keeps its skill, one without the last layer loses it (docs/supervision.md).
"""

from typing import Any

import torch

from stepscale.errors import InputError


def kept_layers(n_layers: int, layers: int) -> tuple[int, ...]:
    """Which of ``n_layers`` stay: the first half of ``layers`` (the larger one) and the last half. Raises InputError."""
    if not 1 <= layers <= n_layers:
        raise InputError(f"{layers} layers of a base that has {n_layers}: choose 1 to {n_layers}")
    first = (layers + 1) // 2
    return (*range(first), *range(n_layers - (layers - first), n_layers))


def keep_layers(model: Any, layers: int) -> Any:
    """``model`` with ``layers`` of its layers, changed in place. Raises InputError if it has fewer, or none that are found."""
    config = model.config.get_text_config()
    stacks = [
        (module, name)
        for module in model.modules()
        for name, child in module.named_children()
        if isinstance(child, torch.nn.ModuleList) and len(child) == config.num_hidden_layers
    ]
    if not stacks:
        raise InputError(f"{type(model).__name__} has no list of layers to shorten; set small_layers to null")
    owner, name = stacks[0]
    kept = kept_layers(config.num_hidden_layers, layers)
    old = getattr(owner, name)
    setattr(owner, name, torch.nn.ModuleList([old[place] for place in kept]))
    for place, layer in enumerate(getattr(owner, name)):
        for module in layer.modules():
            if hasattr(module, "layer_idx"):
                module.layer_idx = place
    if getattr(config, "layer_types", None):
        config.layer_types = [config.layer_types[place] for place in kept]
    config.num_hidden_layers = layers
    return model
