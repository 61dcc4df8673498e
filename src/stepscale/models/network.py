"""The layers of a causal transformer, run over a memory of keys and values that the caller owns.

Two networks with one method, ``hidden``: ``TransformersNetwork`` runs any transformers model whose attention can be replaced
(nearly all); ``LlamaNetwork`` computes small Llama-style models itself from the same weights, with fewer passes over the
activations. A test holds both to the model's own hidden states. Knows nothing of heads, labels or sampling.
"""

from typing import Any, Protocol

import torch
from torch.nn import functional

from stepscale.models.products import Product, rounded
from stepscale.models.replaced_attention import attending, cache_shape, replace_attention

_SMALL = 50_000_000  # parameters; above it calls of modules no longer matter and a second copy of the weights does


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
    return LlamaNetwork(model) if LlamaNetwork.fits(model) else TransformersNetwork(model)


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
    """A small Llama-style body (RMSNorm, rotary positions, grouped queries, SwiGLU) from a transformers model's weights.

    Channels of queries and keys are reordered, both alike, so that a rotation is one multiplication of complex numbers; their
    scores do not change. float32 only.
    """

    def __init__(self, model: Any) -> None:
        config, body = model.config, model.base_model
        self.shape = cache_shape(config)
        self._heads, self._eps = config.num_attention_heads, config.rms_norm_eps
        self._embedding, self._norm = body.embed_tokens.weight.detach(), body.norm.weight.detach()
        at = torch.arange(config.max_position_embeddings, device=self._embedding.device)
        cos, sin = body.rotary_emb(self._embedding[:1, None], at[None])
        half = cos.shape[-1] // 2
        self._turns = torch.complex(cos[0, :, None, :half], sin[0, :, None, :half])  # [positions, 1, D/2]
        self._layers = [_fused(layer) for layer in body.layers]

    @staticmethod
    def fits(model: Any) -> bool:
        """Whether this class computes what ``model`` computes, and is worth a second copy of its weights."""
        config = model.config
        rope = getattr(config, "rope_parameters", None) or {}
        return (
            config.model_type == "llama" and model.dtype == torch.float32 and config.hidden_act == "silu"
            and not config.mlp_bias and not config.attention_bias
            and rope.get("rope_type", "default") in ("default", "linear", "llama3") and model.num_parameters() <= _SMALL
        )  # fmt: skip

    def hidden(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        _, kv_heads, dim = self.shape
        heads, n = self._heads, ids.shape[1]
        rotary = heads + kv_heads
        turns = self._turns[memory.positions[0]]
        x = self._embedding[functional.pad(ids[0], (0, rounded(n) - n))]
        for index, (to_qkv, to_out, to_gate_up, to_down) in enumerate(self._layers):
            qkv = to_qkv(self._normed(x))[:n]
            pairs = torch.view_as_complex(qkv[:, : rotary * dim].view(n, rotary, dim // 2, 2)) * turns
            qk = torch.view_as_real(pairs).view(1, n, rotary, dim).transpose(1, 2)
            v = qkv[:, rotary * dim :].view(1, n, kv_heads, dim).transpose(1, 2)
            q = qk[:, :heads]
            if index == len(self._layers) - 1:  # of the others nothing but keys and values is needed now
                x, q = x[memory.wanted], q[:, :, memory.wanted]
            out = memory.attend(index, q, qk[:, heads:], v, dim**-0.5).transpose(1, 2).reshape(-1, heads * dim)
            x = to_out(functional.pad(out, (0, 0, 0, len(x) - len(out))), x)
            gate, up = to_gate_up(self._normed(x)).chunk(2, 1)
            x = to_down(functional.silu(gate).mul_(up), x)
        last: torch.Tensor = self._normed(x) * self._norm
        return last

    def _normed(self, x: torch.Tensor) -> torch.Tensor:
        """RMSNorm without its gain, which the next weight matrix holds."""
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(self._eps).rsqrt_()
        normed: torch.Tensor = x * scale
        return normed


def _fused(layer: Any) -> tuple[Product, ...]:
    """Products to queries/keys/values, out of attention, to gate/up and down; with the gain of the norm before them."""
    attention, mlp = layer.self_attn, layer.mlp
    gain_1, gain_2 = layer.input_layernorm.weight.detach(), layer.post_attention_layernorm.weight.detach()
    query, key, value = (part.weight.detach() for part in (attention.q_proj, attention.k_proj, attention.v_proj))
    query, key = (paired(rows, attention.head_dim) for rows in (query, key))
    gate_up = torch.cat([mlp.gate_proj.weight.detach(), mlp.up_proj.weight.detach()]) * gain_2
    weights = (
        torch.cat([query, key, value]) * gain_1,
        attention.o_proj.weight.detach(),
        gate_up,
        mlp.down_proj.weight.detach(),
    )
    return tuple(Product(weight.t()) for weight in weights)


def paired(rows: torch.Tensor, dim: int) -> torch.Tensor:
    """Rows [out, in] of a weight, or a bias [out], reordered in each head of ``dim``: the two that are rotated together side
    by side.
    """
    return rows.view(-1, 2, dim // 2, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)
