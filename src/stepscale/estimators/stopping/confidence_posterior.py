"""Confidence-guided early stopping, CGES (Aghazadeh et al. 2025, arXiv 2511.02603), with a verifier's scores as confidences.

The posterior over answers is that of ``prefixes.answer_posterior``. The rule stops when the likeliest answer has the probability
``threshold``, and gives that answer.
"""

from typing import ClassVar

from pydantic import Field

from stepscale.estimators.arrays import Bools
from stepscale.estimators.stopping.prefixes import PrefixSelection, Signals
from stepscale.estimators.stopping.rule import StoppingRule


class ConfidencePosterior(StoppingRule):
    """Stop by the posterior of the likeliest answer."""

    label: ClassVar[str] = "confidence-guided posterior"
    prefix_selection: ClassVar[PrefixSelection] = "posterior"
    needs_scores: ClassVar[bool] = True
    threshold: float = Field(0.95, gt=0, lt=1, description="probability of the likeliest answer")

    @property
    def setting(self) -> str:
        """The threshold."""
        return f"threshold {self.threshold:g}"

    def stops(self, signals: Signals) -> Bools:
        """Where the posterior of the likeliest answer reaches ``threshold``.

        Args:
            signals: After n = 1, 2, ... samples [..., places]; read is the posterior.

        Returns:
            Flags [..., places].
        """
        return signals.posterior >= self.threshold
