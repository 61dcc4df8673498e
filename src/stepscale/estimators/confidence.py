"""Confidence of a generator in its own solution, from the self-certainty of each of its tokens.

The self-certainty of a token is the Kullback-Leibler divergence from the uniform distribution over the vocabulary to the model's
own (Kang et al. 2025, arXiv 2502.18581). It is 0 where all tokens are alike, and the greater the surer. DeepConf's token
confidence (Fu et al. 2025, arXiv 2508.15260) is, over the whole vocabulary, this number plus a constant; so the mean
self-certainty of a group's tokens stands for its group confidence. Tables and fields call the numbers of a solution
``certainties``.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

Measure = Literal["score", "mean_logprob", "self_certainty", "lowest_group"]
"""What a solution is judged by: a verifier's score, the mean log-likelihood of its tokens, their mean self-certainty, or
the lowest group confidence."""
OF_TOKENS: tuple[Measure, ...] = ("self_certainty", "lowest_group")
"""The measures that need the self-certainty of each token."""
OF_GENERATOR = ("mean_logprob", *OF_TOKENS)
"""The measures that need no verifier."""


def self_certainty(certainties: Sequence[float]) -> float:
    """Self-certainty of a solution: the mean over its tokens (Kang et al. 2025).

    Args:
        certainties: Self-certainty of each token, in nats [tokens].
    """
    return float(np.mean(certainties))


def lowest_group_confidence(certainties: Sequence[float], group: int) -> float:
    """The lowest group confidence, of ``group`` tokens in a row; of all tokens where there are fewer (Fu et al. 2025, 3.1).

    Args:
        certainties: Self-certainty of each token (nats); one or more.
        group: Tokens that are averaged.
    """
    sums = np.concatenate([[0.0], np.cumsum(certainties, dtype=float)])
    width = min(group, len(certainties))
    return float((sums[width:] - sums[:-width]).min() / width)
