"""Doubling until a share of the samples agrees, as its-hub's adaptive self-consistency does. No verifier is needed.

The rule looks after ``start`` samples, then after twice as many, and so on. It stops when the most frequent answer has the share
``agree`` of all samples drawn; those without an answer count among them.
"""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from stepscale.estimators.arrays import Bools
from stepscale.estimators.stopping.prefixes import PrefixSelection, Signals
from stepscale.estimators.stopping.rule import StoppingRule

_ROUNDING = 1e-9  # 0.55 x 20 is a little above 11


class Doubling(StoppingRule):
    """Stop when enough of the samples agree, and else double their number."""

    label: ClassVar[str] = "doubling until agreement"
    prefix_selection: ClassVar[PrefixSelection] = "majority"
    needs_scores: ClassVar[bool] = False
    agree: float = Field(0.75, gt=0, le=1, description="share of the samples that have the most frequent answer")
    start: int = Field(4, ge=1, description="samples drawn first")

    @property
    def setting(self) -> str:
        """The share."""
        return f"share {self.agree:g}"

    def stops(self, signals: Signals) -> Bools:
        """Where n is ``start`` times a power of two, and the share ``agree`` or more of the n samples have one answer.

        Args:
            signals: After n = 1, 2, ... samples [..., places]; read are the votes of the leading answer.

        Returns:
            Flags [..., places].
        """
        return self._looks(signals.n) & (signals.first >= self.agree * signals.n - _ROUNDING)

    @property
    def first_look(self) -> int:
        """After ``start`` samples."""
        return self.start

    def next_look(self, signals: Signals) -> int:
        """After twice as many samples.

        Args:
            signals: What is known of the samples of one problem [places].

        Returns:
            A number of samples.
        """
        return 2 * int(signals.n[-1])

    def _looks(self, n: NDArray[np.int64]) -> Bools:
        times, remainder = np.divmod(n, self.start)
        return np.asarray((remainder == 0) & (times > 0) & (times & (times - 1) == 0))
