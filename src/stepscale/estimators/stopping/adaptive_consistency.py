"""Adaptive consistency (Aggarwal et al. 2023, arXiv 2305.11860): stop when the leading answer is likely to stay ahead.

With v1 votes for the most frequent answer and v2 for the second, the share of the first among the two has the posterior
Beta(v1 + 1, v2 + 1). The rule stops when that share is above 1/2 with the probability ``threshold``. No verifier is needed.
"""

from typing import ClassVar

import numpy as np
from pydantic import Field

from stepscale.estimators.arrays import Bools, Floats
from stepscale.estimators.stopping.prefixes import PrefixSelection, Signals
from stepscale.estimators.stopping.rule import StoppingRule


class AdaptiveConsistency(StoppingRule):
    """Stop by the Beta posterior of the two leading answers."""

    label: ClassVar[str] = "adaptive consistency"
    prefix_selection: ClassVar[PrefixSelection] = "majority"
    needs_scores: ClassVar[bool] = False
    threshold: float = Field(0.95, gt=0.5, lt=1, description="probability that the leading answer is the more frequent")

    @property
    def setting(self) -> str:
        """The threshold."""
        return f"threshold {self.threshold:g}"

    def stops(self, signals: Signals) -> Bools:
        """Where the leading answer is the more frequent one with a probability of ``threshold`` or more.

        Args:
            signals: After n = 1, 2, ... samples [..., places]; read are the votes of the two leading answers.

        Returns:
            Flags [..., places].
        """
        return lead_probability(signals.first, signals.second) >= self.threshold


def lead_probability(first: Floats, second: Floats) -> Floats:
    """P(X > 1/2) of X ~ Beta(first + 1, second + 1), exact, for whole numbers of votes of one shape; 1/2 without votes.

    It is the chance that of first + second + 1 fair coins more than ``second`` show heads.

    Args:
        first: Votes of the leading answer [...].
        second: Votes of the runner-up, of the same shape.
    """
    votes = np.stack([np.asarray(first).ravel(), np.asarray(second).ravel()]).astype(np.int64)
    pairs, place = np.unique(votes, axis=1, return_inverse=True)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, int(votes.sum(axis=0).max(initial=0)) + 2)))])
    chances = np.empty(pairs.shape[1])
    for i, (ahead, behind) in enumerate(pairs.T):
        coins, heads = ahead + behind + 1, np.arange(behind + 1)
        logs = log_factorial[coins] - log_factorial[heads] - log_factorial[coins - heads] - coins * np.log(2)
        chances[i] = 1 - np.exp(logs).sum()
    return np.asarray(chances[place.ravel()].reshape(np.shape(first)))
