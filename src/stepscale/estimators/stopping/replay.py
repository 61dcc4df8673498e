"""What a stopping rule reaches and draws on recorded samples, every step as it would happen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.stopping.prefixes import Prefixes
from stepscale.estimators.stopping.rule import StoppingRule, stop_places


@dataclass(frozen=True)
class RuleResult:
    """What a rule reaches.

    Attributes:
        accuracy: Expected over the orders [problems].
        n_samples: Samples drawn in each order [orders, problems].
        error: Monte Carlo standard error of the mean accuracy.
    """

    accuracy: Floats
    n_samples: NDArray[np.int64]
    error: float

    def spent(self, prices: Floats) -> Floats:
        """Mean spending [problems], if the first n samples cost ``prices`` [problems, places].

        Args:
            prices: What the first n samples cost [problems, places].

        Returns:
            [problems].
        """
        paid = np.take_along_axis(prices, self.n_samples.T - 1, axis=1)
        return np.asarray(paid.mean(axis=1))


def follow_rule(recorded: Prefixes, rule: StoppingRule, most: int) -> RuleResult:
    """The rule on these problems, each of which may have ``most`` samples.

    Args:
        recorded: Signals and verdicts after each number of samples, in random orders.
        rule: Says where to stop.
        most: Samples of one problem at the most.

    Raises:
        InputError: Fewer were recorded.
    """
    places = recorded.signals.first.shape[-1]
    if not 1 <= most <= places:
        raise InputError(f"a stopping rule of at most {most} samples needs as many recorded ones; there are {places}")
    n_samples = stop_places(rule, recorded.signals, most)
    right = np.take_along_axis(recorded.right[rule.prefix_selection], n_samples[..., None] - 1, -1)[..., 0]
    means = right.mean(axis=1)
    error = float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else 0.0
    return RuleResult(np.asarray(right.mean(axis=0)), n_samples, error)
