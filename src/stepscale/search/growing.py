"""What is common to methods that grow N solutions step by step: the limit of rounds, and how the answer is chosen."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from stepscale.search.answer_selection import AnswerSelection, needs_self_certainty
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.partial import PartialSolution
from stepscale.search.results import Candidate
from stepscale.search.tree import Growth, grow


class GrowingMethod(SearchMethod):
    """Options of the methods that grow N solutions. They differ in which solutions continue after a round (``select``)."""

    unlisted_in_name: ClassVar[frozenset[str]] = SearchMethod.unlisted_in_name | {"rounds", "choose"}

    rounds: int = Field(
        40, ge=1, description="steps a solution may have at the most; those still open then are cut off"
    )
    choose: AnswerSelection = Field("weighted", description="how the answer is chosen among the candidates")

    @property
    def answer_selection(self) -> AnswerSelection:
        """How the answer is selected among the candidates: ``choose``."""
        return self.choose

    @property
    def growth(self) -> Growth:
        """One set of N slots."""
        return Growth(self.n, self.n, 0, self.rounds, self.aggregation, self.neutral_is)

    @abstractmethod
    def select(self, solutions: Sequence[PartialSolution], number: int, seed: int) -> list[PartialSolution]:
        """Which solutions continue after a round, as ``tree.SolutionSelection`` defines.

        Args:
            solutions: All N after a round, in the order of slots.
            number: Of the round, from 0.
            seed: Of the choice, if chance has a part in it.

        Returns:
            N solutions, in the order of slots.
        """

    def display_name(self, among: Sequence[SearchMethod] = ()) -> str:
        """The name, and each option by which alone it differs from one of ``among``; never the limit of rounds.

        Args:
            among: The strategies that it is shown beside.

        Returns:
            The name in one line.
        """
        distinguishing = [
            remark for option, remark in self.remarks.items() if remark and self._differs_in(option, among)
        ]
        return ", ".join([self.named(among), *distinguishing])

    def named(self, among: Sequence[SearchMethod]) -> str:
        """Label and own options.

        Args:
            among: The strategies that it is shown beside.

        Returns:
            The name in one line.
        """
        return super().display_name(among)

    @property
    def remarks(self) -> dict[str, str]:
        """By option, its text in a name where only this option tells two methods apart."""
        return {"choose": f"choice {self.choose}"}

    def _differs_in(self, option: str, among: Sequence[SearchMethod]) -> bool:
        """Whether one of ``among`` differs in this option alone."""
        return any(
            other != self and other == self.model_copy(update={option: getattr(other, option, None)}) for other in among
        )

    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """N candidates of each problem.

        Args:
            meter: Asks generator and verifier, and counts the cost of each problem.
            draws: How tokens are drawn, and the seeds.

        Returns:
            Candidates of each problem, and the number of rounds of each.
        """
        if needs_self_certainty(self.choose):
            draws = replace(draws, sampling=replace(draws.sampling, certainty=True))
        return grow(meter, draws, self.growth, self.select)
