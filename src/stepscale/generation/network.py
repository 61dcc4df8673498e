"""The forward pass of a causal language model over a memory of the engine's own.

Two networks with one method, ``forward``: ``TransformersNetwork`` runs any transformers model whose attention can be
replaced (nearly all); ``LlamaNetwork`` computes Llama-style models itself from the same weights, because for a small model
most of the time goes into calling modules, not into arithmetic. A test holds both to the model's own logits.
"""

from typing import Any, Protocol

import torch
import torch.nn.functional as F

from stepscale.generation.attention import DecodeMemory, Memory
from stepscale.generation.decoding import Layer, Shape, after_attention, before_attention, compiled_decode, unit
from stepscale.models.network import paired
from stepscale.models.products import Product, rounded
from stepscale.models.replaced_attention import attending, cache_shape, replace_attention

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
    weights = [paired(part.weight.detach(), dim) for part in parts] + [attention.v_proj.weight.detach()]
    bias = None
    if attention.q_proj.bias is not None:
        bias = torch.cat([*(paired(part.bias.detach(), dim) for part in parts), attention.v_proj.bias.detach()])
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
