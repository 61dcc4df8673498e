"""The layers of a causal transformer, run over a memory of keys and values that the caller owns.

Two networks with one method, ``hidden``: ``TransformersNetwork`` runs any transformers model whose attention can be replaced
(nearly all); ``LlamaNetwork`` computes small Llama-style models itself from the same weights, with fewer passes over the
activations. A test holds both to the model's own hidden states. Knows nothing of heads, labels or sampling.
"""

from contextvars import ContextVar
from typing import Any, Protocol

import torch
from torch.nn import functional

from stepscale.errors import InputError

_ATTENTION = "stepscale_memory"
_SMALL = 50_000_000  # parameters; above it calls of modules no longer matter and a second copy of the weights does


class Memory(Protocol):
    """Where the new tokens stand, and attention over what came before them and themselves."""

    positions: torch.Tensor  # int64 [B, L]

    def attend(
        self, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, window: int | None = None
    ) -> torch.Tensor:
        """q [B, H, L, D], k and v [B, KV, L, D] of the new tokens -> [B, H, L, D]; remembers k and v."""
        ...


class Network(Protocol):
    """The body of a causal language model. ``shape``: (layers, kv_heads, head_dim) of its keys and values."""

    shape: tuple[int, int, int]

    def hidden(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """Last hidden states [B, L, W] of the new tokens ``ids`` [B, L]."""
        ...


def network_of(model: Any) -> Network:
    """The fastest network for a transformers model (with or without a head on its body). The model's attention is replaced.

    Raises InputError if the model does not let its attention be replaced.
    """
    return LlamaNetwork(model) if LlamaNetwork.fits(model) else TransformersNetwork(model)


class TransformersNetwork:
    """Any transformers decoder, its attention replaced by the memory's."""

    def __init__(self, model: Any) -> None:
        from transformers import AttentionInterface

        if not model._supports_attention_backend:
            raise InputError(
                f"{type(model).__name__} does not let its attention be replaced; choose another architecture"
            )
        AttentionInterface.register(_ATTENTION, _attend)
        model.set_attn_implementation(_ATTENTION)
        self._body = model.base_model
        self.shape = _cache_shape(model.config.get_text_config())

    def hidden(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        token = _MEMORY.set(memory)
        try:
            output = self._body(input_ids=ids, position_ids=memory.positions, use_cache=False)
        finally:
            _MEMORY.reset(token)
        states: torch.Tensor = output.last_hidden_state
        return states


_MEMORY: ContextVar[Memory] = ContextVar("memory")


def _cache_shape(config: Any) -> tuple[int, int, int]:
    heads = config.num_attention_heads
    kv_heads = getattr(config, "num_key_value_heads", None) or heads
    return config.num_hidden_layers, kv_heads, getattr(config, "head_dim", None) or config.hidden_size // heads


def _attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any,
    scaling: float | None = None, dropout: float = 0.0, sliding_window: int | None = None, **extra: Any,
) -> tuple[torch.Tensor, None]:  # fmt: skip
    """What transformers calls in place of its own attention."""
    unknown = [name for name in ("softcap", "s_aux") if extra.get(name) is not None]
    if unknown:
        raise InputError(
            f"attention with {unknown[0]} ({type(module).__name__}) is not offered; choose another architecture"
        )
    scale = scaling if scaling is not None else float(query.shape[-1] ** -0.5)
    out = _MEMORY.get().attend(module.layer_idx, query, key, value, scale, sliding_window)
    return out.transpose(1, 2).contiguous(), None


class LlamaNetwork:
    """A small Llama-style body (RMSNorm, rotary positions, grouped queries, SwiGLU) from a transformers model's weights."""

    def __init__(self, model: Any) -> None:
        config, body = model.config, model.base_model
        self.shape = _cache_shape(config)
        self._heads, self._eps = config.num_attention_heads, config.rms_norm_eps
        self._embedding, self._norm = body.embed_tokens.weight.detach(), body.norm.weight.detach()
        at = torch.arange(config.max_position_embeddings, device=self._embedding.device)
        cos, sin = body.rotary_emb(self._embedding[:1, None], at[None])
        half = cos.shape[-1] // 2
        self._cos, self._sin = cos[0, :, None, :], torch.cat([-sin[0, :, None, :half], sin[0, :, None, half:]], -1)
        self._layers = [_fused(layer) for layer in body.layers]

    @staticmethod
    def fits(model: Any) -> bool:
        """Whether this class computes what ``model`` computes, and is worth a second copy of its weights."""
        config = model.config
        rope = getattr(config, "rope_parameters", None) or {}
        return (
            config.model_type == "llama" and config.hidden_act == "silu" and not config.mlp_bias
            and not config.attention_bias and rope.get("rope_type", "default") in ("default", "linear", "llama3")
            and model.num_parameters() <= _SMALL
        )  # fmt: skip

    def hidden(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        (batch, length), width = ids.shape, self._embedding.shape[1]
        _, kv_heads, dim = self.shape
        heads, n = self._heads, batch * length
        rotary = heads + kv_heads
        at = memory.positions.reshape(-1)
        cos, sin = self._cos[at], self._sin[at]  # [n, 1, D]
        x = self._embedding[ids.reshape(-1)]
        for index, (qkv_weight, out_weight, gate_up_weight, down_weight) in enumerate(self._layers):
            qkv = self._normed(x) @ qkv_weight
            qk = qkv[:, : rotary * dim].view(n, rotary, dim)
            qk = torch.addcmul(qk * cos, qk.roll(dim // 2, -1), sin).view(batch, length, rotary, dim).transpose(1, 2)
            v = qkv[:, rotary * dim :].view(batch, length, kv_heads, dim).transpose(1, 2)
            out = memory.attend(index, qk[:, :heads], qk[:, heads:], v, dim**-0.5)
            x = torch.addmm(x, out.transpose(1, 2).reshape(n, heads * dim), out_weight)
            gate, up = (self._normed(x) @ gate_up_weight).chunk(2, 1)
            x = torch.addmm(x, functional.silu(gate).mul_(up), down_weight)
        last: torch.Tensor = (self._normed(x) * self._norm).view(batch, length, width)
        return last

    def _normed(self, x: torch.Tensor) -> torch.Tensor:
        """RMSNorm without its gain, which the next weight matrix holds."""
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(self._eps).rsqrt_()
        normed: torch.Tensor = x * scale
        return normed


def _fused(layer: Any) -> tuple[torch.Tensor, ...]:
    """A layer's weights, transposed; those that read the same input as one, with the norm's gain multiplied in."""
    attention, mlp = layer.self_attn, layer.mlp
    gain_1, gain_2 = layer.input_layernorm.weight.detach(), layer.post_attention_layernorm.weight.detach()

    def joined(*parts: Any) -> torch.Tensor:
        return torch.cat([part.weight.detach() for part in parts])

    return (
        (joined(attention.q_proj, attention.k_proj, attention.v_proj) * gain_1).t().contiguous(),
        joined(attention.o_proj).t().contiguous(),
        (joined(mlp.gate_proj, mlp.up_proj) * gain_2).t().contiguous(),
        joined(mlp.down_proj).t().contiguous(),
    )
