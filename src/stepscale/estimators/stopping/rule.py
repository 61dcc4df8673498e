"""What every stopping rule is: typed options that say after which samples to stop, and how the answer is then chosen.

A rule sees signals of the samples alone, never a gold answer. What it has to learn from other problems it learns by ``fitted``.
The largest number of samples per problem is not part of a rule; the caller sets it.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from stepscale.estimators.arrays import Bools
from stepscale.estimators.stopping.prefixes import Prefixes, PrefixSelection, Signals
from stepscale.user_settings import UserSettings


class StoppingRule(UserSettings, ABC):
    """When to stop sampling.

    ``label``: the rule's name in tables. ``prefix_selection``: how the answer is selected once it stops. ``needs_scores``:
    whether a verifier has to score the samples; if not, none is paid for.
    """

    label: ClassVar[str]
    prefix_selection: ClassVar[PrefixSelection]
    needs_scores: ClassVar[bool]

    @property
    @abstractmethod
    def setting(self) -> str:
        """The settings of the rule, in words."""

    @abstractmethod
    def stops(self, signals: Signals) -> Bools:
        """Whether it stops after n = 1, 2, ... samples [..., places], if it has not stopped before.

        Args:
            signals: What is known of the samples [..., places].

        Returns:
            Flags [..., places].
        """

    @property
    def first_look(self) -> int:
        """Samples drawn before the first decision."""
        return 1

    def next_look(self, signals: Signals) -> int:
        """With how many samples to look again, after all that ``signals`` [places] of one problem hold.

        Args:
            signals: What is known of the samples of one problem [places].

        Returns:
            A number of samples, more than there are.
        """
        return int(signals.n[-1]) + 1

    def fitted(self, recorded: Prefixes) -> Self:
        """The rule with what it learns from other problems; a rule that learns nothing is itself.

        Args:
            recorded: Recorded samples of other problems.

        Returns:
            The fitted rule.
        """
        return self


def stop_places(rule: StoppingRule, signals: Signals, most: int) -> NDArray[np.int64]:
    """Samples drawn [...] under a rule that may draw ``most``.

    Args:
        rule: Tells after which samples it would stop.
        signals: What it looks at, after each number of samples [..., places].
        most: Samples of one problem at the most; there it stops in any case.
    """
    stops = rule.stops(signals)[..., :most].copy()
    stops[..., -1] = True
    return np.asarray(stops.argmax(axis=-1) + 1)
