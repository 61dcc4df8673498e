"""A small Llama-style model's step over a cohort's rows, as one call into torch.

A step is some two hundred small products and copies. Called one by one from Python, each takes the interpreter's lock and gives
it back, and lanes that decode side by side wait for each other. Compiled by TorchScript the whole step gives it back
once (docs/engine.md has what that saves). So everything here keeps to the subset of Python that TorchScript knows: plain
functions of tensors, which are the same without it. In: token rows, a model's layers, the cohort's KV cache. Out: hidden
states. Knows nothing about sampling or how rows come and go.
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import torch

from stepscale.engine.llama import Layer, LlamaSizes, after_attention, before_attention, unit


class Rows(NamedTuple):
    """KV cache of a cohort's rows [R], and where they stand among those of their group of G.

    suffix [layers, 2, >= R, KV, >= read_columns, D]: the first ``filled_columns`` hold something, the first
    ``read_columns`` go into products.
    prefix [layers, 2, G, KV, P, D]; members [G, rows of the largest group]; group_at and place [R]; hidden [R, 1, 1, P], -inf
    where a shorter prefix has no column, or None; kv_heads [KV, 1]: 0, 1, ... If P is 0, the prefixes are the first columns of
    ``suffix``, and ``hidden`` masks columns of those.
    """

    suffix: torch.Tensor
    filled_columns: int
    read_columns: int
    prefix: torch.Tensor
    members: torch.Tensor
    group_at: torch.Tensor
    place: torch.Tensor
    hidden: torch.Tensor | None
    kv_heads: torch.Tensor


def attend(
    rows: Rows, layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float, mask: torch.Tensor | None
) -> torch.Tensor:
    """Attention of one new token per row; its key and value are cached.

    Args:
        rows: The rows as they are now.
        layer: Number of the layer.
        q: Queries [R, H, 1, D].
        k: Keys [R, KV, 1, D].
        v: Values [R, KV, 1, D].
        scale: What products of queries and keys are multiplied by.
        mask: Added to these products: -inf hides a column; None: nothing is hidden.

    Returns:
        Outputs [R, H, 1, D].
    """
    n, kv_heads, dim, n_past = k.shape[0], k.shape[1], k.shape[3], rows.prefix.shape[4]
    # 1. The new token's key and value go into the last column of the suffix.
    suffix, last = rows.suffix[layer, :, :n], rows.filled_columns - 1
    suffix[0, :, :, last], suffix[1, :, :, last] = k[:, :, 0], v[:, :, 0]
    # 2. Scores: each row with its own suffix, all rows of a group at once with the prefix they share.
    q = q.reshape(n, kv_heads, -1, dim) * scale
    share = q.shape[2]  # query heads per key head
    scores = torch.matmul(q, suffix[0, :, :, : rows.read_columns].transpose(-1, -2))
    scores[:, :, :, rows.filled_columns :] = float("-inf")
    hidden = rows.hidden
    if n_past == 0:
        if hidden is not None:
            scores[:, :, :, : hidden.shape[3]] += hidden
    else:
        past = by_row(torch.matmul(by_group(q, rows), rows.prefix[layer, 0].transpose(-1, -2)), share, rows)
        scores = torch.cat([past if hidden is None else past + hidden, scores], -1)
    if mask is not None:
        scores = scores + mask
    # 3. Values, the same two ways, under one softmax.
    weights = torch.softmax(scores, -1, dtype=torch.float32).to(v.dtype)
    out = torch.matmul(weights[..., n_past:], suffix[1, :, :, : rows.read_columns])
    if n_past > 0:
        out += by_row(torch.matmul(by_group(weights[..., :n_past], rows), rows.prefix[layer, 1]), share, rows)
    return out.reshape(n, -1, 1, dim)


def by_group(x: torch.Tensor, rows: Rows) -> torch.Tensor:
    """Lay rows out by group, for one product per group; short groups are filled up with any row.

    Args:
        x: [R, KV, share, n].
        rows: The rows as they are now.

    Returns:
        [G, KV, rows of a group x share, n].
    """
    groups = rows.members.shape[0]
    if groups == 1:
        return x.transpose(0, 1).reshape(1, x.shape[1], -1, x.shape[3])
    return x[rows.members[:, None], rows.kv_heads].view(groups, x.shape[1], -1, x.shape[3])


def by_row(x: torch.Tensor, share: int, rows: Rows) -> torch.Tensor:
    """The way back from ``by_group``.

    Args:
        x: [G, KV, rows of a group x share, n].
        share: Query heads per head of keys and values.
        rows: The rows as they are now.

    Returns:
        [R, KV, share, n].
    """
    x = x.view(x.shape[0], x.shape[1], -1, share, x.shape[3])
    return x[0].transpose(0, 1) if x.shape[0] == 1 else x[rows.group_at, :, rows.place]


def decode(x: torch.Tensor, turns: torch.Tensor, layers: list[Layer], sizes: LlamaSizes, rows: Rows) -> torch.Tensor:
    """One step of a small Llama model: the last hidden states of one new token per row, normed.

    Args:
        x: Embeddings of the tokens [n >= R, W].
        turns: Rotations of their positions [R, 1, D/2].
        layers: Weights of each layer.
        sizes: The model's sizes.
        rows: The rows as they are now; they cache the token.

    Returns:
        Hidden states [n, W].
    """
    for index, layer in enumerate(layers):
        q, k, v = before_attention(x, turns, layer, sizes, turns.shape[0], 1)
        x = after_attention(attend(rows, index, q, k, v, float(sizes.dim) ** -0.5, None), x, layer, sizes)
    return unit(x, sizes.eps)


@cache
def compiled_decode() -> Callable[..., torch.Tensor]:
    """``decode`` compiled, once per process (a fraction of a second, no compiler needed); as it is where torch cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # its successors need a C++ compiler where they run
            compiled: Callable[..., torch.Tensor] = torch.jit.script(decode)
            return compiled
    except (RuntimeError, NotImplementedError):
        return decode
