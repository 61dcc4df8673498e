"""The best that a base can be that only imitates the hands: greedily it writes what most of them write.

So it shows what any larger model, pretrained on the lab's corpus however long, has for a ceiling (docs/larger_model.md). A model
that is fine-tuned on right solutions may be better.
"""

from stepscale.lab.hands import Hand


class IdealImitator(Hand):
    """A hand that decides each thing as most hands do.

    It never slips. It has the misconceptions that strike more often than not, and no others.
    """

    def _errs(self, rate: float) -> bool:
        return rate > 0.5
