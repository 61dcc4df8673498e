"""Confidence of a generator in its own solution, from the certainty of each of its tokens.

The certainty of a token is the Kullback-Leibler divergence from the uniform distribution over the vocabulary to the model's own
(self-certainty; Kang et al. 2025, arXiv 2502.18581). It is 0 where all tokens are alike, and the greater the surer.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

Measure = Literal["score", "mean_logprob", "self_certainty", "lowest_group"]
"""What a solution is judged by: a verifier's score, the mean log-likelihood of its tokens, their mean certainty, or the lowest
mean certainty of a group of tokens."""
OF_TOKENS: tuple[Measure, ...] = ("self_certainty", "lowest_group")
"""The measures that need the certainty of each token."""
OF_GENERATOR = ("mean_logprob", *OF_TOKENS)
"""The measures that need no verifier."""


def self_certainty(certainties: Sequence[float]) -> float:
    """Mean certainty of the tokens.

    Args:
        certainties: Of each token, in nats [tokens].
    """
    return float(np.mean(certainties))


def lowest_group(certainties: Sequence[float], group: int) -> float:
    """The lowest mean certainty of ``group`` tokens in a row; of all tokens where there are fewer (Fu et al. 2025, 3.1).

    Args:
        certainties: Of each token (nats); one or more.
        group: Tokens that are averaged.
    """
    sums = np.concatenate([[0.0], np.cumsum(certainties, dtype=float)])
    width = min(group, len(certainties))
    return float((sums[width:] - sums[:-width]).min() / width)
