"""A transformers model whose attention is a memory's: the model computes all else, keys and values are the memory's own.

In: a transformers model, once; then a memory for each forward pass. It registers one attention function with transformers,
which hands queries, keys and values to the memory of the thread's running pass. Knows nothing of how memories are kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import torch

from stepscale.errors import InputError

_NAME = "stepscale"
_REFUSED = ("softcap", "s_aux")  # arguments of attentions that memories do not compute
_REMEDY = "choose another architecture"
_KINDS = {"full_attention", "sliding_attention"}  # of layers: what a memory of keys and values can stand in for


class Attending(Protocol):
    """What stands in for a model's attention."""

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """q [B, H, L, D], k and v [B, KV, L, D] of the new tokens -> [B, H, L, D]; remembers k and v."""
        ...


_ATTENDING: ContextVar[Attending] = ContextVar("attending")


def replace_attention(model: Any) -> None:
    """Change the model object so that its attention is that of ``attending``. Raises InputError if it does not allow that, or if
    some of its layers remember by other means (convolution, recurrence, chunks).
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


@contextmanager
def attending(memory: Attending) -> Iterator[None]:
    """While it is entered, models with replaced attention attend by this memory, in this thread."""
    token = _ATTENDING.set(memory)
    try:
        yield
    finally:
        _ATTENDING.reset(token)


def cache_shape(config: Any) -> tuple[int, int, int]:
    """(layers, kv_heads, head_dim) of a model's keys and values, from its text configuration."""
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
    """What transformers calls in place of its own attention."""
    unknown = [name for name in _REFUSED if extra.get(name) is not None]
    if unknown:
        raise InputError(f"attention with {unknown[0]} ({type(module).__name__}) is not offered here; {_REMEDY}")
    scale = scaling if scaling is not None else float(query.shape[-1] ** -0.5)
    out = _ATTENDING.get().attend(module.layer_idx, query, key, value, scale, sliding_window)
    return out.transpose(1, 2).contiguous(), None
