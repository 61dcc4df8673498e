"""A causal transformer run over a KV cache that the caller owns: one for writing and for judging.

``TransformersNetwork`` runs any transformers model whose attention can be replaced (nearly all). ``LlamaNetwork`` computes
small Llama-style models itself from the same weights: for a small model most of the time goes into calling modules, not
into arithmetic. Tests compare both with the model's own hidden states and logits. Knows nothing about labels or sampling.
"""

from typing import Any, Protocol

import torch

from stepscale.engine.decode_cache import DecodeCache
from stepscale.engine.decoding import compiled_decode
from stepscale.engine.llama import LlamaBody, after_attention, before_attention, unit
from stepscale.engine.packed_batch_cache import PackedBatchCache
from stepscale.engine.products import Product
from stepscale.engine.replaced_attention import attending, cache_shape, replace_attention


class Network(Protocol):
    """A causal language model. ``shape``: (layers, kv_heads, head_dim) of its keys and values."""

    shape: tuple[int, int, int]

    def hidden(self, ids: torch.Tensor, cache: PackedBatchCache) -> torch.Tensor:
        """Read tokens of many rows at once.

        Args:
            ids: The new tokens of all rows, one after another [1, L].
            cache: Where they stand, with the keys and values before them, and which of them are asked for.

        Returns:
            Last hidden states of those that ``cache.output_tokens`` names [n, W].
        """
        ...

    def logits(self, ids: torch.Tensor, cache: DecodeCache) -> torch.Tensor:
        """Read one more token of every row; needs a language-model head.

        Args:
            ids: A token per row [R, 1].
            cache: Of the rows.

        Returns:
            Logits of the next token [R, V].
        """
        ...


def network_of(model: Any) -> Network:
    """The fastest network for a transformers model, with or without a head on its body. The model object may be changed.

    Args:
        model: A transformers model.

    Raises:
        InputError: The model does not let its attention be replaced.
    """
    return LlamaNetwork(model) if LlamaBody.fits(model) else TransformersNetwork(model)


class TransformersNetwork:
    """Any transformers decoder, its attention replaced by that of the KV cache.

    Args:
        model: The model object is changed: its attention asks the KV cache from now on.

    Raises:
        InputError: The model does not let its attention be replaced.
    """

    def __init__(self, model: Any) -> None:
        replace_attention(model)
        self._model = model
        self.shape = cache_shape(model.config.get_text_config())

    def hidden(self, ids: torch.Tensor, cache: PackedBatchCache) -> torch.Tensor:
        """See ``Network``."""
        with attending(cache):
            output = self._model.base_model(input_ids=ids, position_ids=cache.positions, use_cache=False)
        states: torch.Tensor = output.last_hidden_state[0, cache.output_tokens]
        return states

    def logits(self, ids: torch.Tensor, cache: DecodeCache) -> torch.Tensor:
        """See ``Network``. The whole model is called: some scale or cap their logits."""
        with attending(cache):
            output = self._model(input_ids=ids, position_ids=cache.positions, use_cache=False, logits_to_keep=1)
        logits: torch.Tensor = output.logits[:, -1]
        return logits


class LlamaNetwork:
    """A small Llama-style model, computed by ``LlamaBody``; a step of a cohort's rows is one call.

    Args:
        model: One that ``LlamaBody.fits``; it stays as it is. Without ``lm_head`` it has hidden states alone.
    """

    def __init__(self, model: Any) -> None:
        self._body = LlamaBody(model)
        self.shape = self._body.shape
        self._decode = compiled_decode()
        head = getattr(model, "lm_head", None)  # a verifier's model has none
        self._head = None if head is None else Product((head.weight.detach() * self._body.gain).t())

    def hidden(self, ids: torch.Tensor, cache: PackedBatchCache) -> torch.Tensor:
        """See ``Network``."""
        layers, sizes, n = self._body.layers, self._body.sizes, ids.shape[1]
        x, turns = self._body.begin(ids[0], cache.positions[0])
        for index, layer in enumerate(layers):
            q, k, v = before_attention(x, turns, layer, sizes, 1, n)
            if index == len(layers) - 1:  # of the others nothing but keys and values is needed now
                x, q = x[cache.output_tokens], q[:, :, cache.output_tokens]
            x = after_attention(cache.attend(index, q, k, v, sizes.dim**-0.5), x, layer, sizes)
        states: torch.Tensor = unit(x, sizes.eps) * self._body.gain
        return states

    def logits(self, ids: torch.Tensor, cache: DecodeCache) -> torch.Tensor:
        """See ``Network``."""
        assert self._head is not None, "logits are asked of a language model"
        x, turns = self._body.begin(ids[:, 0], cache.positions[:, 0])
        states = self._decode(x, turns, self._body.layers, self._body.sizes, cache.rows())
        return self._head(states)[: len(ids)]
