"""A small Llama-style body (RMSNorm, rotary positions, grouped queries, SwiGLU) computed from a transformers model's weights.

Projections that read the same input are one product, with the scales of the norm before it multiplied in. Channels of queries and
keys are reordered, both alike, so that a rotation is one multiplication of complex numbers: scores between them do not
change. float32 only. In: a transformers model; then tokens. Out: what goes into attention, and what comes after it; attention
itself is the caller's. The functions keep to the subset of Python that TorchScript compiles.
"""

from typing import Any, NamedTuple

import torch
from torch.nn import functional

from stepscale.engine.products import Matrix, Product, product, rounded
from stepscale.engine.replaced_attention import cache_shape

_MAX_PARAMETERS = 50_000_000  # above it calls of modules no longer matter and a second copy of the weights does


class Layer(NamedTuple):
    """Weights of a layer; the norms' scales are multiplied in. Biases: [out] or None."""

    qkv: Matrix
    qkv_bias: torch.Tensor | None
    out: Matrix
    out_bias: torch.Tensor | None
    gate_up: Matrix
    down: Matrix


class LlamaSizes(NamedTuple):
    """Heads of queries, of keys and values, channels of a head, and the norms' epsilon."""

    heads: int
    kv_heads: int
    dim: int
    eps: float


class LlamaBody:
    """A model's embeddings, rotations and layers; matrices that read the same states are joined into one product.

    Args:
        model: A transformers model that ``fits``.

    Attributes:
        shape: (layers, kv_heads, head_dim) of its keys and values.
        gain: Of the last norm [W].
    """

    def __init__(self, model: Any) -> None:
        config, body = model.config, model.base_model
        self.shape = cache_shape(config)
        self.sizes = LlamaSizes(config.num_attention_heads, self.shape[1], self.shape[2], float(config.rms_norm_eps))
        self.gain = body.norm.weight.detach()
        self.layers = [_fused(layer, self.sizes.dim) for layer in body.layers]
        self._embedding = body.embed_tokens.weight.detach()
        positions = torch.arange(config.max_position_embeddings, device=self._embedding.device)
        cos, sin = body.rotary_emb(self._embedding[:1, None], positions[None])
        half = self.sizes.dim // 2
        self._turns = torch.complex(cos[0, :, None, :half], sin[0, :, None, :half])  # [positions, 1, D/2]

    @staticmethod
    def fits(model: Any) -> bool:
        """Whether this class computes what ``model`` computes, and is worth a second copy of its weights.

        Args:
            model: A transformers model: it must be a Llama in float32, with SiLU, and small.
        """
        config = model.config
        rope = getattr(config, "rope_parameters", None) or {}
        return (
            config.model_type == "llama"
            and model.dtype == torch.float32
            and config.hidden_act == "silu"
            and not config.mlp_bias
            and rope.get("rope_type", "default") in ("default", "linear", "llama3")
            and model.num_parameters() <= _MAX_PARAMETERS
        )

    def begin(self, ids: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Embeddings of tokens, in a ``rounded`` number of rows, and their rotations.

        Args:
            ids: Token ids [n].
            positions: Place of each in its text [n, 1].

        Returns:
            Embeddings [>= n, W] and rotations [n, 1, D/2].
        """
        n = len(ids)
        more = rounded(n, self.layers[0].qkv) - n
        return self._embedding[functional.pad(ids, (0, more))], self._turns[positions]


def unit(x: torch.Tensor, eps: float) -> torch.Tensor:
    """RMSNorm without its scales.

    Args:
        x: Hidden states [..., W].
        eps: Added to the mean square.
    """
    return x * (x * x).mean([-1], keepdim=True).add_(eps).rsqrt_()


def before_attention(
    x: torch.Tensor, turns: torch.Tensor, layer: Layer, sizes: LlamaSizes, batch: int, length: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What attention takes: queries, keys and values of the first batch x length rows of ``x``.

    Args:
        x: Hidden states [n, W].
        turns: Rotations of the positions [batch, length, D/2].
        layer: The layer's weights.
        sizes: The model's sizes.
        batch: Number of texts.
        length: Tokens of each.

    Returns:
        Queries [batch, H, length, D], keys and values [batch, KV, length, D].
    """
    n, turned, dim = batch * length, sizes.heads + sizes.kv_heads, sizes.dim
    qkv = product(unit(x, sizes.eps), layer.qkv, layer.qkv_bias)[:n]
    pairs = torch.view_as_complex(qkv[:, : turned * dim].view(n, turned, dim // 2, 2)) * turns
    qk = torch.view_as_real(pairs).view(batch, length, turned, dim).transpose(1, 2)
    values = qkv[:, turned * dim :].view(batch, length, sizes.kv_heads, dim).transpose(1, 2)
    return qk[:, : sizes.heads], qk[:, sizes.heads :], values


def after_attention(out: torch.Tensor, x: torch.Tensor, layer: Layer, sizes: LlamaSizes) -> torch.Tensor:
    """The output of a layer.

    Args:
        out: Attention's output [batch, H, length, D].
        x: The layer's input [n, W], which may have more rows than ``out``.
        layer: The layer's weights.
        sizes: The model's sizes.

    Returns:
        Hidden states [n, W].
    """
    out = out.transpose(1, 2).reshape(-1, sizes.heads * sizes.dim)
    x = product(functional.pad(out, [0, 0, 0, x.shape[0] - out.shape[0]]), layer.out, x)
    bias = layer.out_bias
    if bias is not None:
        x = x + bias
    gate, up = product(unit(x, sizes.eps), layer.gate_up).chunk(2, 1)
    return product(functional.silu(gate).mul_(up), layer.down, x)


def _fused(layer: Any, dim: int) -> Layer:
    attention, mlp = layer.self_attn, layer.mlp
    turned = [attention.q_proj, attention.k_proj]
    weights = [_paired(part.weight.detach(), dim) for part in turned] + [attention.v_proj.weight.detach()]
    bias = None
    if attention.q_proj.bias is not None:
        bias = torch.cat([*(_paired(part.bias.detach(), dim) for part in turned), attention.v_proj.bias.detach()])
    gate_up = torch.cat([mlp.gate_proj.weight.detach(), mlp.up_proj.weight.detach()])
    return Layer(
        qkv=_matrix(torch.cat(weights) * layer.input_layernorm.weight.detach()),
        qkv_bias=bias,
        out=_matrix(attention.o_proj.weight.detach()),
        out_bias=None if attention.o_proj.bias is None else attention.o_proj.bias.detach(),
        gate_up=_matrix(gate_up * layer.post_attention_layernorm.weight.detach()),
        down=_matrix(mlp.down_proj.weight.detach()),
    )


def _matrix(weight: torch.Tensor) -> Matrix:
    """Of a Linear's weight [out, in]."""
    return Product(weight.t()).matrix


def _paired(rows: torch.Tensor, dim: int) -> torch.Tensor:
    """Rows [out, in] of a weight, or a bias [out], reordered in each head of ``dim``: the two that are rotated together side
    by side.
    """
    return rows.view(-1, 2, dim // 2, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)
