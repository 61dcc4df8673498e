"""Beam search against a PRM (Snell et al. 2024, 5.2): N beams, the best N/M kept after each step, M next steps from each.

M is a number or "sqrt": the integer nearest to sqrt(N), but at least 2 where N allows it. Of the L beams still open (in each
subtree) the best ceil(L / M) are kept. In order of score each gets M children; the last one gets what is left of L.
A finished beam keeps its slot. Finished beams are never expanded, copied or pruned, so there are never more than N beams and in
the end N candidates. Best-of-N weighted chooses among them unless told otherwise. M = 1 prunes nothing: it is N independent
solutions, drawn step by step. Beams of equal score keep the order of their slots.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stepscale.search.growing import GrowingMethod
from stepscale.search.method import SearchMethod
from stepscale.search.partial import PartialSolution
from stepscale.search.tree import Growth

Width = Annotated[int, Field(ge=1)] | Literal["sqrt"]


@dataclass(frozen=True)
class TreeShape(Growth):
    """How one or several trees of beams grow (Snell et al. 2024, 5.2).

    Attributes:
        width: M, children of each beam that is kept.
        filter_duplicates: Whether open beams with the same tokens are expanded once.
    """

    width: int
    filter_duplicates: bool

    def select(self, beams: Sequence[PartialSolution]) -> list[PartialSolution]:
        """Ended beams as they are; open ones are replaced by copies of the best of their subtree.

        If duplicates are filtered and fewer beams remain than are to be kept, the best get M more children.

        Args:
            beams: All N after a round, in the order of slots.

        Returns:
            N solutions, in the order of slots.
        """
        after = list(beams)
        for start in range(0, self.n, self.subtree):
            tree = [beam for beam in beams[start : start + self.subtree] if not beam.finish]
            best = sorted(tree, key=lambda beam: (-beam.rank, beam.slot))
            if self.filter_duplicates:
                best = list({beam.tokens: beam for beam in best}.values())
            for i, beam in enumerate(tree):
                after[beam.slot] = best[i // self.width % len(best)].copied_to(beam.slot)
        return after


class TreeMethod(GrowingMethod):
    """Options of the methods that expand the best of their beams.

    ``is_defined_by_shape``: the search is ``shape`` and nothing else, so methods of one shape may share it. Not inherited:
    a subclass that changes the search would be taken for its parent.
    """

    is_defined_by_shape: ClassVar[bool] = False
    unlisted_in_name: ClassVar[frozenset[str]] = GrowingMethod.unlisted_in_name | {"width", "filter_duplicates"}

    width: Width = Field("sqrt", description='M: next steps drawn from each beam kept; "sqrt": the square root of N')
    filter_duplicates: bool = Field(
        False, description="expand each text once: of identical open beams only one is expanded"
    )

    @property
    def m(self) -> int:
        """The width M as a number."""
        return self.width if self.width != "sqrt" else max(round(sqrt(self.n)), min(self.n, 2))

    @property
    def subtree(self) -> int:
        """Slots of a subtree; all N of one tree unless told otherwise."""
        return self.n

    @property
    def ahead(self) -> int:
        """Steps rolled forward before a beam is ranked."""
        return 0

    @property
    def growth(self) -> Growth:
        """The shape, as ``tree.grow`` takes it."""
        return self.shape

    @property
    def shape(self) -> TreeShape:
        """What is searched, in numbers: methods with the same shape make the same search. M is at most the size of a subtree."""
        return TreeShape(
            self.n,
            self.subtree,
            self.ahead,
            self.rounds,
            self.aggregation,
            self.neutral_is,
            min(self.m, self.subtree),
            self.filter_duplicates,
        )

    @property
    def search_key(self) -> str:
        """Shape and final choice, if these describe the search: at N = 16 M = sqrt(N) is M = 4, at N = 4 DVTS is beam search."""
        if not vars(type(self)).get("is_defined_by_shape"):
            return self.strategy
        shape = " ".join(f"{name}={value}" for name, value in asdict(self.shape).items())
        return f"tree {shape} choose={self.choose}"

    @property
    def expands_duplicates_once(self) -> bool:
        """Whether ``filter_duplicates`` is on."""
        return self.filter_duplicates

    def named(self, among: Sequence[SearchMethod]) -> str:
        """Label, own options and M: "lookahead k = 1, M = sqrt(N)".

        Args:
            among: The strategies that it is shown beside.

        Returns:
            The name in one line.
        """
        return f"{super().named(among)}, M = {'sqrt(N)' if self.width == 'sqrt' else self.width}"

    @property
    def remarks(self) -> dict[str, str]:
        """Copies kept, too."""
        return {"filter_duplicates": "" if self.filter_duplicates else "copies kept", **super().remarks}

    def select(self, solutions: Sequence[PartialSolution], number: int, seed: int) -> list[PartialSolution]:
        """The best of each subtree, expanded.

        Args:
            solutions: All N after a round, in the order of slots.
            number: Of the round; unused here.
            seed: Unused here: the choice has no chance in it.

        Returns:
            N solutions, in the order of slots.
        """
        return self.shape.select(solutions)


class Beam(TreeMethod):
    """One tree of N beams per problem."""

    is_defined_by_shape: ClassVar[bool] = True
    method: Literal["beam"] = "beam"
