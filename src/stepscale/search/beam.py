"""Beam search against a PRM (Snell et al. 2024, 5.2): N beams, the best N/M kept after each step, M next steps from each.

M is a number or "sqrt": the integer nearest to sqrt(N), but at least 2 where N allows it. Where N is not divisible by M, the
best ceil(N/M) beams are kept: in order of score each gets M children and the last one those that are left of N. Finished
beams retire with their slot, so there are never more than N beams and in the end N candidates; best-of-N weighted chooses
among them unless told otherwise. M = 1 prunes nothing: it is N independent solutions, drawn step by step.
"""

from collections.abc import Sequence
from dataclasses import asdict
from math import sqrt
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.results import Candidate
from stepscale.search.selection import Choose
from stepscale.search.tree import TreeShape, grow

Width = Annotated[int, Field(ge=1)] | Literal["sqrt"]


class TreeMethod(SearchMethod):
    """Options of the methods that grow beams step by step.

    ``is_its_shape``: the search is ``grow`` of ``shape`` and nothing else, so methods of one shape may share it. Not inherited:
    a subclass that changes the search would be taken for its parent.
    """

    is_its_shape: ClassVar[bool] = False
    named_apart: ClassVar[frozenset[str]] = SearchMethod.named_apart | {
        "width",
        "rounds",
        "filter_duplicates",
        "choose",
    }

    width: Width = Field("sqrt", description='M: next steps drawn from each beam kept; "sqrt": the square root of N')
    rounds: int = Field(40, ge=1, description="steps a beam may have at the most; beams still open then are cut off")
    filter_duplicates: bool = Field(
        False, description="expand each text once: of open beams that are alike the others are left out"
    )
    choose: Choose = Field("weighted", description="how the answer is chosen among the candidates")

    @property
    def final_choice(self) -> Choose:
        """As asked for."""
        return self.choose

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
    def shape(self) -> TreeShape:
        """What is searched, in numbers: two methods of one shape make the same search. M beyond a subtree is that subtree."""
        width = min(self.m, self.subtree)
        return TreeShape(
            self.n,
            width,
            self.subtree,
            self.ahead,
            self.rounds,
            self.aggregation,
            self.neutral_is,
            self.filter_duplicates,
        )

    @property
    def search_key(self) -> str:
        """Shape and final choice where the search is its shape: at N = 16 M = sqrt(N) is M = 4, at N = 4 DVTS is beam search."""
        if not vars(type(self)).get("is_its_shape"):
            return self.strategy
        shape = " ".join(f"{name}={value}" for name, value in asdict(self.shape).items())
        return f"tree {shape} choose={self.choose}"

    @property
    def expands_duplicates_once(self) -> bool:
        """As asked for."""
        return self.filter_duplicates

    def shown(self, among: Sequence[SearchMethod] = ()) -> str:
        """Label, own options and M: "lookahead k = 1, M = sqrt(N)".

        Copies kept and the final choice are told where they alone tell it from one of ``among``; the limit of rounds never.
        """
        name = f"{super().shown(among)}, M = {'sqrt(N)' if self.width == 'sqrt' else self.width}"
        remarks = {
            "filter_duplicates": "" if self.filter_duplicates else "copies kept",
            "choose": f"choice {self.choose}",
        }
        telling = [remark for option, remark in remarks.items() if remark and self._differs_in(option, among)]
        return ", ".join([name, *telling])

    def _differs_in(self, option: str, among: Sequence[SearchMethod]) -> bool:
        """Whether one of ``among`` differs in this option alone."""
        return any(
            other != self and other == self.model_copy(update={option: getattr(other, option, None)}) for other in among
        )

    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """N candidates of each problem."""
        return grow(meter, draws, self.shape)


class Beam(TreeMethod):
    """One tree of N beams per problem."""

    is_its_shape: ClassVar[bool] = True
    method: Literal["beam"] = "beam"
