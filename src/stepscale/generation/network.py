"""The forward pass of a causal language model over a memory of the engine's own.

Two networks with one method, ``forward``: ``TransformersNetwork`` runs any transformers model whose attention can be
replaced (nearly all); ``LlamaNetwork`` computes Llama-style models itself from the same weights, because for a small model
most of the time goes into calling modules, not into arithmetic. A test holds both to the model's own logits.
"""

from contextvars import ContextVar
from typing import Any, Protocol

import torch
import torch.nn.functional as F

from stepscale.errors import InputError
from stepscale.generation.attention import DecodeMemory, Memory
from stepscale.generation.decoding import Layer, Shape, after_attention, before_attention, compiled_decode, unit
from stepscale.models.products import Product, rounded

_ATTENTION = "stepscale"
_MEMORY: ContextVar[Memory] = ContextVar("memory")
_SMALL = 50_000_000  # parameters; above it the calls of modules no longer matter and a second copy of the weights does


class Network(Protocol):
    """A causal language model. ``shape``: (layers, kv_heads, head_dim) of its keys and values."""

    shape: tuple[int, int, int]

    def forward(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """Logits [B, V] after the last of ``ids`` [B, L]; keys and values go to ``memory``."""
        ...


class TransformersNetwork:
    """Any transformers causal LM, its attention replaced by the memory's. The model object is changed."""

    def __init__(self, model: Any) -> None:
        from transformers import AttentionInterface

        config = model.config.get_text_config()
        if not model._supports_attention_backend:
            raise InputError(
                f"generator: {type(model).__name__} does not let its attention be replaced; serve it and use the server backend"
            )
        AttentionInterface.register(_ATTENTION, _attend)
        model.set_attn_implementation(_ATTENTION)
        self._model = model
        heads = config.num_attention_heads
        kv_heads = getattr(config, "num_key_value_heads", None) or heads
        self.shape = (
            config.num_hidden_layers,
            kv_heads,
            getattr(config, "head_dim", None) or config.hidden_size // heads,
        )

    def forward(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        token = _MEMORY.set(memory)
        try:
            out = self._model(input_ids=ids, position_ids=memory.positions, use_cache=False, logits_to_keep=1)
        finally:
            _MEMORY.reset(token)
        logits: torch.Tensor = out.logits[:, -1]
        return logits


def _attend(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, attention_mask: Any,
    scaling: float | None = None, dropout: float = 0.0, sliding_window: int | None = None, **extra: Any,
) -> tuple[torch.Tensor, None]:  # fmt: skip
    """What transformers calls in place of its own attention."""
    unknown = [name for name in ("softcap", "s_aux") if extra.get(name) is not None]
    if unknown:
        raise InputError(
            f"generator: attention with {unknown[0]} is not offered here; serve the model, use the server backend"
        )
    scale = scaling if scaling is not None else float(query.shape[-1] ** -0.5)
    out = _MEMORY.get().attend(module.layer_idx, query, key, value, scale, sliding_window)
    return out.transpose(1, 2).contiguous(), None


class LlamaNetwork:
    """A Llama-style model (RMSNorm, rotary positions, grouped queries, SwiGLU) from a transformers model's weights.

    Projections that read the same input are one product, with the scales of the norm before it multiplied in. Channels of
    queries and keys are reordered, both alike, so that a rotation is one multiplication of complex numbers: scores between
    them do not change. float32 only.
    """

    def __init__(self, model: Any) -> None:
        config, inner = model.config, model.model
        self._sizes = Shape(
            config.num_attention_heads, config.num_key_value_heads, config.head_dim, float(config.rms_norm_eps)
        )
        self.shape = (config.num_hidden_layers, config.num_key_value_heads, config.head_dim)
        self._embedding = inner.embed_tokens.weight.detach()
        self._head = Product(_normed(model.lm_head.weight.detach(), inner.norm))
        positions = torch.arange(config.max_position_embeddings, device=self._embedding.device)
        cos, sin = inner.rotary_emb(self._embedding[:1, None], positions[None])
        half = config.head_dim // 2
        self._turns = torch.complex(cos[0, :, None, :half], sin[0, :, None, :half])  # [positions, 1, D/2]
        self._layers = [_fused(layer, config.head_dim) for layer in inner.layers]
        self._decode = compiled_decode()

    @staticmethod
    def fits(model: Any) -> bool:
        """Whether this class computes what ``model`` computes."""
        config = model.config
        rope = getattr(config, "rope_parameters", None) or {}
        return (
            config.model_type == "llama" and model.dtype == torch.float32 and config.hidden_act == "silu" and not config.mlp_bias
            and rope.get("rope_type", "default") in ("default", "linear", "llama3") and model.num_parameters() <= _SMALL
        )  # fmt: skip

    def forward(self, ids: torch.Tensor, memory: Memory) -> torch.Tensor:
        """See ``Network``."""
        batch, length = ids.shape
        n = batch * length
        turns = self._turns[memory.positions.reshape(-1)]
        x = self._embedding[F.pad(ids.reshape(-1), (0, rounded(n) - n))]
        if isinstance(memory, DecodeMemory):
            last = self._decode(x, turns, self._layers, self._sizes, memory.rows())
        else:
            for index, layer in enumerate(self._layers):
                q, k, v = before_attention(x, turns, layer, self._sizes, batch, length)
                x = after_attention(memory.attend(index, q, k, v, self._sizes.dim**-0.5), x, layer, self._sizes)
            last = unit(x[:n].view(batch, length, -1)[:, -1], self._sizes.eps)
        logits: torch.Tensor = self._head(last)[:batch]
        return logits


def _fused(layer: Any, dim: int) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    parts = [attention.q_proj, attention.k_proj]
    weights = [_paired(part.weight.detach(), dim) for part in parts] + [attention.v_proj.weight.detach()]
    bias = None
    if attention.q_proj.bias is not None:
        bias = torch.cat([*(_paired(part.bias.detach(), dim) for part in parts), attention.v_proj.bias.detach()])
    gate_up = torch.cat([mlp.gate_proj.weight.detach(), mlp.up_proj.weight.detach()])
    return Layer(
        qkv=Product(_normed(torch.cat(weights), layer.input_layernorm)).matrix,
        qkv_bias=bias,
        out=Product(attention.o_proj.weight.detach().t()).matrix,
        out_bias=None if attention.o_proj.bias is None else attention.o_proj.bias.detach(),
        gate_up=Product(_normed(gate_up, layer.post_attention_layernorm)).matrix,
        down=Product(mlp.down_proj.weight.detach().t()).matrix,
    )


def _normed(weight: torch.Tensor, norm: Any) -> torch.Tensor:
    """[in, out], with the scales of the norm before it multiplied in."""
    scaled: torch.Tensor = (weight * norm.weight.detach()).t()
    return scaled


def _paired(rows: torch.Tensor, dim: int) -> torch.Tensor:
    """The rows (output channels) of each head reordered: the two that are rotated together side by side."""
    return rows.view(-1, 2, dim // 2, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)
