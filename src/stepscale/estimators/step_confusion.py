"""How well right and wrong steps are judged apart: PRMBench's PRMScore, Hard2Verify's balanced F1, from counts of four kinds.

In: which steps (or whole solutions) are right, and which a verifier accepts. Out: counts [..., 4] of items that are right and
accepted, wrong and accepted, wrong and rejected, right and rejected; and scores of such counts. Counts add up, so a bootstrap
resample is a sum. Definitions are those of the published evaluators; docs/step_benchmarks.md names the one difference.
"""

import numpy as np
from numpy.typing import ArrayLike

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_flags, checked_numbers


def confusion(right: ArrayLike, accepted: ArrayLike) -> Floats:
    """The kind of each item as a row of 0 and 1 [items, 4].

    Args:
        right: Whether the item is right [items].
        accepted: Whether the verifier accepts it [items].

    Raises:
        InputError: The lengths differ, or a value is not a boolean.
    """
    items, judgments = checked_numbers(right, "right"), checked_numbers(accepted, "accepted")
    if items.shape != judgments.shape or items.ndim != 1:
        raise InputError(f"{judgments.size} judgments of {items.size} steps; pass one for each")
    truth = checked_flags(right, items.shape, "right", "True for an item that is right")
    judged = checked_flags(accepted, items.shape, "accepted", "True for an item that the verifier accepts")
    return np.stack([truth & judged, ~truth & judged, ~truth & ~judged, truth & ~judged], axis=1).astype(float)


def f1(counts: Floats) -> Floats:
    """F1 of accepting right items [...]; nan where nothing is right and nothing accepted.

    Args:
        counts: Right and accepted, wrong and accepted, wrong and rejected, right and rejected items [..., 4].
    """
    accepted_right, accepted_wrong, _, rejected_right = np.moveaxis(counts, -1, 0)
    return _ratio(2 * accepted_right, 2 * accepted_right + accepted_wrong + rejected_right)


def negative_f1(counts: Floats) -> Floats:
    """F1 of rejecting wrong items [...]; nan where nothing is wrong and nothing rejected.

    Args:
        counts: Right and accepted, wrong and accepted, wrong and rejected, right and rejected items [..., 4].
    """
    return f1(counts[..., [2, 3, 0, 1]])


def prm_score(counts: Floats) -> Floats:
    """PRMScore (Song et al. 2025): the mean of both F1 [...]; nan where one is.

    Args:
        counts: Right and accepted, wrong and accepted, wrong and rejected, right and rejected items [..., 4].
    """
    return (f1(counts) + negative_f1(counts)) / 2


def true_rates(counts: Floats) -> tuple[Floats, Floats]:
    """Shares of right items that are accepted and of wrong ones that are rejected [...]; nan over none.

    Args:
        counts: Right and accepted, wrong and accepted, wrong and rejected, right and rejected items [..., 4].
    """
    accepted_right, accepted_wrong, rejected_wrong, rejected_right = np.moveaxis(counts, -1, 0)
    return (
        _ratio(accepted_right, accepted_right + rejected_right),
        _ratio(rejected_wrong, rejected_wrong + accepted_wrong),
    )


def balanced_f1(counts: Floats) -> Floats:
    """Hard2Verify's balanced F1 (Pandit et al. 2025): the harmonic mean of both shares [...]; 0 if both are, nan if one is.

    Args:
        counts: Right and accepted, wrong and accepted, wrong and rejected, right and rejected items [..., 4].
    """
    of_right, of_wrong = true_rates(counts)
    total = of_right + of_wrong
    return np.where(total == 0, 0.0, _ratio(2 * of_right * of_wrong, total))


def balanced_accuracy(counts: Floats) -> Floats:
    """Hard2Verify's balanced accuracy: the mean of both shares [...]; nan if one is.

    Args:
        counts: Right and accepted, wrong and accepted, wrong and rejected, right and rejected items [..., 4].
    """
    of_right, of_wrong = true_rates(counts)
    return (of_right + of_wrong) / 2


def _ratio(part: Floats, total: Floats) -> Floats:
    """nan where the whole is nothing."""
    part, total = np.asarray(part, float), np.asarray(total, float)
    return np.asarray(np.divide(part, total, out=np.full(total.shape, np.nan), where=total != 0))
