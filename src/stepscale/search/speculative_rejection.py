"""Speculative rejection (Sun et al. 2024, arXiv 2410.20290): N solutions are begun, and the worst are dropped before their end.

Every so many steps the open solutions are ranked by the score of what they have written, and a share of them is rejected. They
are cut off where they are, and never win. Nothing is expanded, so it is best-of-N without the cost of finishing bad
beginnings. The paper decides whenever the memory of the accelerator is full; here the number of steps says when, so that a
result does not depend on the machine. Budget N: the generations begun. What was saved shows in tokens and FLOPs.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import floor
from typing import Literal

from pydantic import Field

from stepscale.search.answer_selection import AnswerSelection
from stepscale.search.growing import GrowingMethod
from stepscale.search.partial import PartialSolution

_ROUNDING = 1e-9  # 0.29 x 100 is a little below 29


class SpeculativeRejection(GrowingMethod):
    """N solutions per problem, fewer and fewer of them open."""

    method: Literal["speculative_rejection"] = "speculative_rejection"
    choose: AnswerSelection = Field("best", description="how the answer is chosen among the candidates")
    rejected: float = Field(0.5, ge=0, lt=1, description="share of the open solutions rejected at a time, rounded down")
    every: int = Field(2, ge=1, description="steps between two rejections")

    def select(self, solutions: Sequence[PartialSolution], number: int, seed: int) -> list[PartialSolution]:
        """Rejects the worst of the open solutions in the rounds where that is due; of equal ones the first slots are kept.

        Args:
            solutions: All N after a round, in the order of slots.
            number: Of the round, from 0.
            seed: Unused here: the choice has no chance in it.

        Returns:
            N solutions, in the order of slots.
        """
        if (number + 1) % self.every:
            return list(solutions)
        growing = sorted(
            (solution for solution in solutions if not solution.finish),
            key=lambda solution: (-solution.rank, solution.slot),
        )
        after = list(solutions)
        for solution in growing[len(growing) - floor(len(growing) * self.rejected + _ROUNDING) :]:
            after[solution.slot] = replace(solution, finish="rejected")
        return after
