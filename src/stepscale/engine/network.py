"""The layers of a causal transformer, run over a memory of keys and values that the caller owns.

Two networks with one method, ``hidden``: ``TransformersNetwork`` runs any transformers model whose attention can be replaced
(nearly all); ``LlamaNetwork`` computes small Llama-style models itself from the same weights, with fewer passes over the
activations. A test holds both to the model's own hidden states. Knows nothing of heads, labels or sampling.
"""

from typing import Any, Protocol

import torch

from stepscale.engine.llama import LlamaBody, after_attention, before_attention, unit
from stepscale.engine.replaced_attention import attending, cache_shape, replace_attention


class Memory(Protocol):
    """Where the new tokens stand, and attention over what came before them and themselves."""

    positions: torch.Tensor  # int64 [B, L]
    wanted: torch.Tensor  # int64 [n], ascending: which of the B x L new tokens' last hidden states are asked for

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """q [B, H, L, D], k and v [B, KV, L, D] of the new tokens -> [B, H, L, D]; remembers k and v.

        If B is 1, q may be that of the wanted tokens alone, in the last layer: [1, H, n, D] -> [1, H, n, D].
        """
        ...


class Network(Protocol):
    """The body of a causal language model. ``shape``: (layers, kv_heads, head_dim) of its keys and values."""

    shape: tuple[int, int, int]

    def hidden(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """Last hidden states [n, W] of those of the new tokens ``ids`` [1, L] that the memory wants."""
        ...


def network_of(model: Any) -> Network:
    """The fastest network for a transformers model (with or without a head on its body). The model's attention is replaced.

    Raises InputError if the model does not let its attention be replaced.
    """
    return LlamaNetwork(model) if LlamaBody.fits(model) else TransformersNetwork(model)


class TransformersNetwork:
    """Any transformers decoder, its attention replaced by the memory's."""

    def __init__(self, model: Any) -> None:
        replace_attention(model)
        self._body = model.base_model
        self.shape = cache_shape(model.config.get_text_config())

    def hidden(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        with attending(memory):
            output = self._body(input_ids=ids, position_ids=memory.positions, use_cache=False)
        states: torch.Tensor = output.last_hidden_state[0, memory.wanted]
        return states


class LlamaNetwork:
    """A small Llama-style body, computed by ``models.llama``."""

    def __init__(self, model: Any) -> None:
        self._body = LlamaBody(model)
        self.shape = self._body.shape

    def hidden(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        layers, sizes, n = self._body.layers, self._body.sizes, ids.shape[1]
        x, turns = self._body.begin(ids[0], memory.positions[0])
        for index, layer in enumerate(layers):
            q, k, v = before_attention(x, turns, layer, sizes, 1, n)
            if index == len(layers) - 1:  # of the others nothing but keys and values is needed now
                x, q = x[memory.wanted], q[:, :, memory.wanted]
            x = after_attention(memory.attend(index, q, k, v, sizes.dim**-0.5), x, layer, sizes)
        last: torch.Tensor = unit(x, sizes.eps) * self._body.gain
        return last
