"""Drawing the next token: each row has its own random number, so the rest of the batch cannot change its token.

In: logits [S, V] of S distinct prefixes, the R rows that continue them, and for every row a seed and a position. Out: a
token and its log-likelihood at temperature 1 for every row. The uniform number of a row is a hash of (seed, absolute
position of the token), turned into a token by the inverse of the cumulative distribution. There is no generator state, so the
token depends on (prefix, seed, sampling) alone. What remains is rounding: where the number falls within about 1e-7 of a
border between two tokens, another batch size may round the logits to the other side. Knows nothing about steps or models.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from stepscale.generation.contract import Sampling

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_BELOW_ONE = 1.0 - 2.0**-40  # so that slot + uniform never rounds up to the next slot


def uniforms(seeds: NDArray[np.uint64], positions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), one per row [R]: two rounds of splitmix64 over (seed, position).

    Args:
        seeds: Of the rows [R].
        positions: Of the token to be drawn in each row, from 0 [R].
    """
    with np.errstate(over="ignore"):
        mixed = _splitmix(_splitmix(seeds) + (positions.astype(np.uint64) + np.uint64(1)) * _GOLDEN)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _splitmix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = x + _GOLDEN
    x = (x ^ (x >> np.uint64(30))) * _MIX[0]
    x = (x ^ (x >> np.uint64(27))) * _MIX[1]
    return x ^ (x >> np.uint64(31))


def draw(
    logits: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor, sampling: Sampling
) -> tuple[torch.Tensor, torch.Tensor]:
    """One token per row, by the row's number.

    Args:
        logits: Of S distinct prefixes [S, V].
        slots: The row of ``logits`` that each drawing row stands on [R].
        numbers: Uniform in [0, 1), float64 [R].
        sampling: Temperature and top-p.

    Returns:
        Tokens [R] and their log-likelihoods at temperature 1 [R].
    """
    logprobs = torch.log_softmax(logits.float(), -1)
    greedy = sampling.temperature == 0
    tokens = logits.argmax(-1)[slots] if greedy else _inverse(_cumulative(logprobs, sampling), slots, numbers)
    return tokens, logprobs[slots, tokens]


def self_certainties(logits: torch.Tensor) -> torch.Tensor:
    """How far each distribution over tokens is from the uniform one: KL(uniform || model) at temperature 1 (Kang et al. 2025).

    A token that cannot be drawn counts as one of e^-100, so that one logit of -inf does not make it infinite.

    Args:
        logits: [S, vocabulary].

    Returns:
        Self-certainties in nats [S].
    """
    return -torch.log_softmax(logits.float(), -1).clamp(min=-100).mean(-1) - math.log(logits.shape[-1])


def _cumulative(logprobs: torch.Tensor, sampling: Sampling) -> torch.Tensor:
    """Cumulative probabilities, float64 [S, V]; the last of every row is exactly 1."""
    scaled = logprobs if sampling.temperature == 1 else logprobs / sampling.temperature
    probs = torch.softmax(scaled, -1) if sampling.temperature != 1 else scaled.exp()
    if sampling.top_p < 1:
        probs = _nucleus(probs, sampling.top_p)
    cumulative = probs.cumsum(-1, dtype=torch.float64)
    return cumulative / cumulative[:, -1:]


def _nucleus(probs: torch.Tensor, top_p: float) -> torch.Tensor:
    """Keep the fewest likeliest tokens that hold ``top_p`` of the mass, and always the likeliest."""
    ordered, order = probs.sort(stable=True, dim=-1, descending=True)
    before = ordered.cumsum(-1, dtype=torch.float64) - ordered
    return torch.zeros_like(probs).scatter_(-1, order, ordered.masked_fill(before >= top_p, 0.0))


def _inverse(cumulative: torch.Tensor, slots: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """The first token whose cumulative probability exceeds the number. All rows search one ascending line of S x V."""
    n_slots, vocabulary = cumulative.shape
    line = cumulative + torch.arange(n_slots, device=cumulative.device, dtype=torch.float64)[:, None]
    index = torch.searchsorted(line.view(-1), slots + numbers.clamp(max=_BELOW_ONE), right=True)
    return (index - slots * vocabulary).clamp_(0, vocabulary - 1)
