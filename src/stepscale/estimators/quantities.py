"""A quantity that a claim puts above a threshold, and the power of a set of them (docs/estimators.md, "Power").

In: intervals with their resamples, and for each the size that the paper's effect would have. Out: the chance that all of them
would be shown to lie above their thresholds, were each as large as that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import NormalDist

import numpy as np

from stepscale.errors import InputError
from stepscale.estimators.intervals import NOISE, Interval

ASSUMED = 0.05
"""The effect where the paper prints no number: five points of accuracy, for the whole range of N if it is a growth."""

REQUIRED = 0.5
"""The share of a printed factor, on the log scale, that its lower bound must exceed (A4, B3, B6): more than 2 times of 4.

Were it all of it, a run in which the factor is exactly the paper's would hold the claim in 5 % of cases, whatever its size. To
ask for half of an effect is the usual choice where an effect is to be shown to be there again.
"""


@dataclass(frozen=True)
class Quantity(Interval):
    """An interval, and what a claim says about it.

    Attributes:
        above: The threshold that it should exceed; below zero for a margin ("no worse than by a point").
        effect: Its value if the paper's effect is there; None where no size is stated.
        unmet: The precondition that fails, in words: it then settles nothing. "" where all are met.
        note: What a reader must know about it, such as a budget that was left out.
    """

    above: float = 0.0
    effect: float | None = None
    unmet: str = ""
    note: str = ""


def quantity(
    interval: Interval, effect: float | None = None, above: float = 0.0, unmet: str = "", note: str = ""
) -> Quantity:
    """The interval as a quantity of a claim.

    Args:
        interval: The estimate and its bounds.
        effect: Its size in the paper; None where the paper states none.
        above: The threshold that it should exceed.
        unmet: The precondition that fails; "" where all are met.
        note: What a reader must know about it.

    Returns:
        The same estimate and bounds, with what the claim asks of them.
    """
    values = {field.name: getattr(interval, field.name) for field in fields(Interval)}
    return Quantity(**values, above=above, effect=effect, unmet=unmet, note=note)


def power(quantities: Sequence[Quantity]) -> float | None:
    """The chance that the lower bounds of all quantities lie above their thresholds, were each as large as its effect.

    The bootstrap's deviations stand for those of other runs like this one, jointly over the quantities. Each lower bound is
    taken at the normal distance of its level below its estimate. A single quantity has the power of the normal approximation,
    P(Z < (effect - above) / standard error - z).

    Args:
        quantities: Parts of one claim, resampled with the same number of resamples.

    Returns:
        A share of resamples; 0 where a precondition is not met; None where an effect or the resamples are not known.

    Raises:
        InputError: The numbers of resamples differ.
    """
    if any(part.unmet for part in quantities):
        return 0.0
    if len({len(part.resampled) for part in quantities if part.resampled is not None}) > 1:
        raise InputError("the parts of a claim need the same number of resamples; make them with the same one")
    powers = []
    for part in quantities:
        if part.effect is None or part.resampled is None:
            return None
        distance = NormalDist().inv_cdf((1 + part.level) / 2) * np.std(part.resampled)
        powers.append(part.effect + part.resampled - np.mean(part.resampled) - distance > part.above + NOISE)
    return float(np.mean(np.all(powers, axis=0))) if powers else None


def growth_of(effect: float, largest: int) -> float:
    """What an effect that is reached at N = ``largest`` grows by per doubling of N, from nothing at N = 1.

    Args:
        effect: Difference of two accuracies at N = ``largest``.
        largest: The N at which it is reached.
    """
    return effect / float(np.log2(max(largest, 2)))
