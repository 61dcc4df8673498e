"""Lookahead search (Snell et al. 2024, 5.2): beam search whose beams are ranked by where they lead.

Before a beam is ranked it is rolled forward k steps at temperature 0, or to its end if that comes first. Its rank is the
score of what was rolled, aggregated as asked for. The rolled steps are then discarded: a kept beam continues from its own
last step, and a candidate's own score is that of its own steps. Budget N (k + 1). k = 0 is ``Beam``.
"""

from typing import ClassVar, Literal

from pydantic import Field

from stepscale.search.beam import TreeMethod


class Lookahead(TreeMethod):
    """One tree of N beams per problem, ranked k steps ahead."""

    is_defined_by_shape: ClassVar[bool] = True
    shown_in_name: ClassVar[frozenset[str]] = frozenset({"k"})
    method: Literal["lookahead"] = "lookahead"
    k: int = Field(1, ge=1, description="steps rolled forward before a beam is ranked; 1 and 3 in the paper")

    @property
    def budget(self) -> int:
        """N (k + 1), as the paper counts it."""
        return self.n * (self.k + 1)

    @property
    def ahead(self) -> int:
        """Steps rolled forward before a beam is ranked: k."""
        return self.k
