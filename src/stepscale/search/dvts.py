"""Diverse verifier tree search (Beeching, Tunstall and Rush 2024): N/M independent subtrees of M slots each.

Within a subtree the best open beam is kept and expanded M times, whatever happens in other subtrees. Where N is not divisible
by M, the last subtree has the N mod M slots left over. The choice among all N candidates is made once, at the end.
Differs from the published code: siblings that ended are candidates, those cut off never win, and a subtree that has ended
is not searched again.
"""

from typing import ClassVar, Literal

from pydantic import Field

from stepscale.search.beam import TreeMethod


class Dvts(TreeMethod):
    """N/M trees of M beams per problem."""

    is_defined_by_shape: ClassVar[bool] = True
    label: ClassVar[str] = "DVTS"
    method: Literal["dvts"] = "dvts"
    k: int = Field(0, ge=0, description="steps rolled forward before a beam is ranked, as in lookahead; 0: none")

    @property
    def budget(self) -> int:
        """N (k + 1)."""
        return self.n * (self.k + 1)

    @property
    def subtree(self) -> int:
        """M slots; all N where there are fewer."""
        return min(self.m, self.n)

    @property
    def ahead(self) -> int:
        """Steps rolled forward before a beam is ranked: k."""
        return self.k
