"""A perfect imitator of the hands: greedily it writes what most of them write.

A point of reference for larger models of the lab (docs/larger_model.md). It is no ceiling: a model that generalizes beyond a rare
misconception, or is fine-tuned on right solutions, can be right where the imitator is not.
"""

from stepscale.lab.hands import Hand


class PerfectImitator(Hand):
    """A hand that decides each thing as most hands do.

    It never slips. It has the misconceptions that strike more often than not, and no others.
    """

    def _errs(self, rate: float) -> bool:
        return rate > 0.5
