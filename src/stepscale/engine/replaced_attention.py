"""A transformers model whose attention is a KV cache's: the model computes all else, keys and values are the cache's own.

In: a transformers model, once; then a KV cache for each forward pass. It registers one attention function with transformers,
which hands queries, keys and values to the cache of the thread's running pass. Knows nothing about how caches store them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import torch

from stepscale.errors import InputError

_NAME = "stepscale"
_REFUSED = ("softcap", "s_aux")  # arguments of attentions that KV caches do not compute
_REMEDY = "choose another architecture"
_KINDS = {"full_attention", "sliding_attention"}  # of layers: what a KV cache can stand in for


class AttentionCache(Protocol):
    """KV cache: keys and values of the tokens so far, where the new tokens stand, and attention over both."""

    positions: torch.Tensor  # int64 [B, L]

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """Attend over the past and the new tokens, and cache the new ones.

        Args:
            layer: Index of the layer.
            q: Queries of the new tokens [B, H, L, D]; in the last layer a cache may be asked for fewer than are new.
            k: Their keys [B, KV, L, D].
            v: Their values [B, KV, L, D].
            scale: Factor of the scores.
            window: Positions that a query sees, itself included; None: all.

        Returns:
            The attention's output, of the queries' shape.
        """
        ...


_CACHE: ContextVar[AttentionCache] = ContextVar("cache")


def replace_attention(model: Any) -> None:
    """Change the model object so that its attention is that of ``attending``.

    One token is passed through the model to see what every layer asks of a KV cache.

    Args:
        model: A transformers model, with or without a head on its body.

    Raises:
        InputError: The model does not let its attention be replaced, or has layers that a KV cache
            cannot stand in for (convolution, recurrence, chunks, multi-head latent attention).
    """
    from transformers import AttentionInterface

    if not model._supports_attention_backend:
        raise InputError(f"{type(model).__name__} does not let its attention be replaced; {_REMEDY}")
    others = sorted(set(getattr(model.config.get_text_config(), "layer_types", None) or ()) - _KINDS)
    if others or model._is_stateful:
        kinds = ", ".join(others) or "recurrent ones"
        raise InputError(f"{type(model).__name__} has layers without plain attention ({kinds}); {_REMEDY}")
    AttentionInterface.register(_NAME, _attend)
    model.set_attn_implementation(_NAME)
    probe = _Probe(type(model).__name__, cache_shape(model.config.get_text_config()), next(model.parameters()).device)
    with torch.inference_mode(), attending(probe):
        model.base_model(input_ids=probe.positions, position_ids=probe.positions, use_cache=False)
    probe.check_layers()


class _Probe:
    """A KV cache of one token that checks the keys and values of every layer against the model's ``cache_shape``."""

    def __init__(self, model: str, shape: tuple[int, int, int], device: torch.device) -> None:
        self.positions = torch.zeros((1, 1), dtype=torch.long, device=device)
        self._model = model
        layers, kv_heads, head_dim = shape
        self._expected = (1, kv_heads, 1, head_dim)
        self._layers, self._attended = list(range(layers)), list[int]()

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """See ``AttentionCache``. Raises InputError."""
        self._attended.append(layer)
        if k.shape[-1] != v.shape[-1]:
            raise InputError(
                f"{self._model} has keys of width {k.shape[-1]} and values of width {v.shape[-1]}"
                f" (multi-head latent attention), which is not offered here; {_REMEDY}"
            )
        if tuple(k.shape) != self._expected:
            raise InputError(
                f"{self._model} has keys of {k.shape[1]} heads of width {k.shape[3]} in layer {layer}, and its"
                f" configuration says {self._expected[1]} of width {self._expected[3]}; {_REMEDY}"
            )
        return v.repeat_interleave(q.shape[1] // v.shape[1], 1)  # a single token sees its own value alone

    def check_layers(self) -> None:
        """Whether each layer has asked once: one that asks twice (differential attention) would mix up two pasts.

        Raises:
            InputError: It has not.
        """
        if sorted(self._attended) != self._layers:
            raise InputError(
                f"{self._model} attends {len(self._attended)} times in {len(self._layers)} layers,"
                f" and once in each is offered here; {_REMEDY}"
            )


@contextmanager
def attending(cache: AttentionCache) -> Iterator[None]:
    """While it is entered, models with replaced attention attend by this KV cache, in this thread.

    Args:
        cache: Of one forward pass.
    """
    token = _CACHE.set(cache)
    try:
        yield
    finally:
        _CACHE.reset(token)


def cache_shape(config: Any) -> tuple[int, int, int]:
    """Shape of a model's keys and values: (layers, kv_heads, head_dim).

    Args:
        config: The model's text configuration, of transformers.
    """
    heads = config.num_attention_heads
    kv_heads = getattr(config, "num_key_value_heads", None) or heads
    return config.num_hidden_layers, kv_heads, getattr(config, "head_dim", None) or config.hidden_size // heads


def _attend(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **extra: Any,
) -> tuple[torch.Tensor, None]:
    """The function that transformers calls instead of its own attention."""
    unknown = [name for name in _REFUSED if extra.get(name) is not None]
    if unknown:
        raise InputError(f"attention with {unknown[0]} ({type(module).__name__}) is not offered here; {_REMEDY}")
    scale = scaling if scaling is not None else float(query.shape[-1] ** -0.5)
    out = _CACHE.get().attend(module.layer_idx, query, key, value, scale, sliding_window)
    return out.transpose(1, 2).contiguous(), None
