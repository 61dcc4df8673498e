"""A stopping threshold whose risk is controlled (learn then test, Angelopoulos et al. 2021; for stopping, arXiv 2602.03814).

The rule stops when the winner's sum of scores per sample is ``threshold`` or more. The risk is the chance that a problem is
answered before all samples are drawn, and wrongly. The threshold is learned on some problems. Thresholds are tested from the most
cautious to the boldest: the exact upper bound of Clopper and Pearson on the risk, at the confidence asked for, must not exceed
``alpha``. The first that fails ends the sequence, so all tests together err with probability 1 - confidence at the most. Then
the risk on problems of the same kind is at most ``alpha``, with that confidence over the problems learned from.
"""

from typing import ClassVar, Self

import numpy as np
from pydantic import Field

from stepscale.estimators.arrays import Bools, Floats
from stepscale.estimators.stopping.prefixes import Prefixes, PrefixSelection, Signals
from stepscale.estimators.stopping.rule import StoppingRule, stop_places

NEVER = 2.0  # no vote is so sure
_THRESHOLDS = np.round(np.linspace(1.0, 0.0, 51), 2)  # tested in this order, whatever the problems


class RiskControlled(StoppingRule):
    """Stop where the vote is so sure that too many wrong answers are unlikely."""

    label: ClassVar[str] = "risk-controlled"
    prefix_selection: ClassVar[PrefixSelection] = "weighted"
    needs_scores: ClassVar[bool] = True
    alpha: float = Field(0.1, gt=0, lt=1, description="highest share of problems that are answered early, and wrongly")
    confidence: float = Field(0.9, gt=0, lt=1, description="with which the risk is at most alpha")
    threshold: float = Field(NEVER, ge=0, description="learned; above 1: never stop early")

    @property
    def setting(self) -> str:
        """Alpha and the confidence."""
        return f"risk {self.alpha:g} at {self.confidence:.0%}"

    def stops(self, signals: Signals) -> Bools:
        """Where the greatest sum of scores of one answer, per sample drawn, reaches ``threshold``.

        Args:
            signals: After n = 1, 2, ... samples [..., places]; read is ``vote_share``.

        Returns:
            Flags [..., places].
        """
        return signals.vote_share >= self.threshold

    def fitted(self, recorded: Prefixes) -> Self:
        """The rule with the boldest threshold whose risk is controlled, by Clopper and Pearson's bound.

        One order is one draw of a problem and of its samples, so the losses are independent. A tie between a right and a wrong
        answer counts as wrong.

        Args:
            recorded: Samples of other problems, of which the first order of each is read.

        Returns:
            A rule with this ``threshold``; above 1 (never stop early) where no threshold is safe.
        """
        threshold = NEVER
        for bolder in _THRESHOLDS:
            tested = self.model_copy(update={"threshold": float(bolder)})
            losses = early_errors(tested, recorded)[0]
            if risk_bound(int((losses > 0).sum()), len(losses), self.confidence) > self.alpha:
                break
            threshold = float(bolder)
        return self.model_copy(update={"threshold": threshold})


def early_errors(rule: StoppingRule, recorded: Prefixes) -> Floats:
    """Chance that a problem is answered before all samples are drawn, and wrongly [orders, problems].

    Args:
        rule: Says where to stop.
        recorded: Signals and verdicts after each number of samples, in random orders.
    """
    most = recorded.signals.first.shape[-1]
    n = stop_places(rule, recorded.signals, most)
    right = np.take_along_axis(recorded.right[rule.prefix_selection], n[..., None] - 1, -1)[..., 0]
    return np.where(n < most, 1 - right, 0.0)


def risk_bound(errors: int, n: int, confidence: float) -> float:
    """Clopper and Pearson's upper bound on a chance, of which ``errors`` of ``n`` independent cases came true.

    The p at which ``errors`` or fewer have the probability 1 - confidence; by bisection, rounded up.

    Args:
        errors: Cases that came true.
        n: All cases.
        confidence: Chance that the bound holds, in (0, 1).
    """
    if errors >= n:
        return 1.0
    counts = np.arange(errors + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    log_ways = log_factorial[n] - log_factorial[counts] - log_factorial[n - counts]
    low, high = errors / n, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if middle <= 0.0 or middle >= 1.0:
            break
        chance = np.exp(log_ways + counts * np.log(middle) + (n - counts) * np.log1p(-middle)).sum()
        low, high = (middle, high) if chance > 1 - confidence else (low, middle)
    return float(high)
