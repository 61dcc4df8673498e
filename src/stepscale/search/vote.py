"""N whole solutions and a rule for votes: Borda, confidence-filtered, pessimistic (``estimators.vote_rules``).

Rules that judge by the generator's own confidence need no verifier, and nothing but the samples is paid for. Confidence in tokens
is kept by the in-process generator.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from stepscale.estimators.confidence import OF_GENERATOR
from stepscale.estimators.vote_rules import AnyVoteRule, BordaVote
from stepscale.search.answer_selection import AnswerSelection, needs_self_certainty
from stepscale.search.best_of_n import WholeSamples
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.results import Candidate


class RuledVote(WholeSamples):
    """The answer that wins by the rule."""

    method: Literal["vote"] = "vote"
    vote: AnyVoteRule = Field(BordaVote(), description="the rule, by its kind: borda, filtered or pessimistic")

    @property
    def answer_selection(self) -> AnswerSelection:
        """The rule."""
        return self.vote

    @property
    def needs_verifier(self) -> bool:
        """Where the rule judges by scores."""
        return self.vote.by not in OF_GENERATOR

    def display_name(self, among: Sequence[SearchMethod] = ()) -> str:
        """The rule and what it judges by: "Borda vote by self_certainty".

        Args:
            among: The strategies that it is shown beside; unused here.

        Returns:
            The name in one line.
        """
        return f"{self.vote.name} by {self.vote.judge}"

    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """N independent samples of each problem, with what the rule judges by.

        Args:
            meter: Generates, scores, and attributes the costs.
            draws: How tokens are drawn, and the seeds.

        Returns:
            Of each problem its N candidates, and the rounds it took.
        """
        sampling = replace(draws.sampling, certainty=needs_self_certainty(self.vote))
        return super().find(meter, replace(draws, sampling=sampling))
