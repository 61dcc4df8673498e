"""Ablations of supervision and of selection beside the arm they vary: accuracy at equal labels, and the paired difference.

In: the points table (``supervision.points``) and which arms each ablation varies. Out: one row a pair. Knows nothing about how
arms choose or train.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from stepscale.errors import InputError
from stepscale.studies.supervision.tables import ABLATIONS
from stepscale.supervision.points import accuracy_interval, crossed_interval, learning


def ablation_table(
    points: pd.DataFrame, reference_arms: Mapping[str, Sequence[str]], n: int, resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """Best-of-n accuracy (0..1) of each trained ablation at each of its sizes, and its leads: columns ``ABLATIONS``.

    A ``lead`` is the ablation minus an arm that it varies, at the same size, over the same seeds and problems.
    Intervals are 95 %.

    Args:
        points: Points of all arms.
        reference_arms: By ablation, the arms it varies.
        n: Samples to choose from.
        resamples: Bootstrap resamples.
        seed: Decides them.

    Raises:
        InputError: The other arm lacks the size.
    """
    pairs = [
        (label, against)
        for label, other_labels in reference_arms.items()
        for against in other_labels
        if (points["arm"] == label).any()
    ]
    rows = [row for label, against in pairs for row in _compared(points, label, against, n, resamples, seed)]
    return pd.DataFrame(rows, columns=list(ABLATIONS.columns))


def _compared(
    points: pd.DataFrame, label: str, against: str, n: int, resamples: int, seed: int
) -> Iterator[tuple[object, ...]]:
    of_ablation, of_reference = learning(points, label, n), learning(points, against, n)
    if not set(of_ablation.sizes) <= set(of_reference.sizes):
        raise InputError(f"{against!r} was not trained at every size of {label!r}; finish its cells")
    for size, accuracy in zip(of_ablation.sizes, of_ablation.accuracy, strict=True):
        reached = accuracy_interval(accuracy, resamples, seed).cells("accuracy").values()
        gain = accuracy - of_reference.accuracy[of_reference.sizes.index(size)]
        lead = crossed_interval(gain, resamples, seed).cells("lead").values()
        yield label, size, n, *reached, against, *lead, accuracy.shape[1], accuracy.shape[0]
