"""The forward pass of a causal language model over a memory of the engine's own.

Two networks with one method, ``forward``: ``TransformersNetwork`` runs any transformers model whose attention can be
replaced (nearly all); ``LlamaNetwork`` computes Llama-style models itself from the same weights, because for a small model
most of the time goes into calling modules, not into arithmetic. A test holds both to the model's own logits.
"""

from typing import Any, Protocol

import torch

from stepscale.engine.attention import DecodeMemory, Memory
from stepscale.engine.decoding import compiled_decode
from stepscale.engine.llama import LlamaBody, after_attention, before_attention, unit
from stepscale.engine.products import Product
from stepscale.engine.replaced_attention import attending, cache_shape, replace_attention


class Network(Protocol):
    """A causal language model. ``shape``: (layers, kv_heads, head_dim) of its keys and values."""

    shape: tuple[int, int, int]

    def forward(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """Logits [B, V] after the last of ``ids`` [B, L]; keys and values go to ``memory``."""
        ...


class TransformersNetwork:
    """Any transformers causal LM, its attention replaced by the memory's. The model object is changed."""

    def __init__(self, model: Any) -> None:
        replace_attention(model)
        self._model = model
        self.shape = cache_shape(model.config.get_text_config())

    def forward(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        with attending(memory):
            out = self._model(input_ids=ids, position_ids=memory.positions, use_cache=False, logits_to_keep=1)
        logits: torch.Tensor = out.logits[:, -1]
        return logits


class LlamaNetwork:
    """A small Llama-style model, computed by ``models.llama``; a step of a cohort's rows is one call."""

    def __init__(self, model: Any) -> None:
        self._body = LlamaBody(model)
        self.shape = self._body.shape
        self._head = Product((model.lm_head.weight.detach() * self._body.gain).t())
        self._decode = compiled_decode()

    def forward(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        batch, length = ids.shape
        sizes = self._body.sizes
        x, turns = self._body.begin(ids.reshape(-1), memory.positions.reshape(-1))
        if isinstance(memory, DecodeMemory):
            last = self._decode(x, turns, self._body.layers, sizes, memory.rows())
        else:
            for index, layer in enumerate(self._body.layers):
                q, k, v = before_attention(x, turns, layer, sizes, batch, length)
                x = after_attention(memory.attend(index, q, k, v, sizes.dim**-0.5), x, layer, sizes)
            last = unit(x[: batch * length].view(batch, length, -1)[:, -1], sizes.eps)
        logits: torch.Tensor = self._head(last)[:batch]
        return logits
