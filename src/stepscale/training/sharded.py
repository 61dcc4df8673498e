"""Joins weights that FSDP split among processes, in the first process."""

from collections.abc import Mapping

import torch


def gather_weights(model: torch.nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Replace a model's pieces of weights by whole weights.

    Args:
        model: A model whose parameters are pieces.
        weights: Whole parameters by name; empty in all processes but the first, whose model stays as it is.
    """
    for name, weight in weights.items():
        path, _, last = name.rpartition(".")
        module = model.get_submodule(path)
        if last in module._parameters:
            module._parameters[last] = torch.nn.Parameter(weight.cpu(), requires_grad=False)
