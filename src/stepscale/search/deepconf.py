"""DeepConf's online mode (Fu et al. 2025, arXiv 2508.15260): samples that lose confidence are stopped while they are drawn.

The first samples of a problem are drawn whole. Their lowest group confidences set the problem's threshold. Each later sample is
stopped at the token at which its group confidence falls below the threshold. Those that pass vote, each with its confidence:
it is the filtered vote at that threshold, without the ends of the samples that it would leave out. Budget N: the samples begun.
What is saved shows in tokens and FLOPs. No verifier is needed.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from stepscale.estimators.confidence import lowest_group_confidence
from stepscale.estimators.vote_rules import FilteredVote
from stepscale.grading import Rules
from stepscale.search.answer_selection import AnswerSelection, Choice, check_choosable, choose
from stepscale.search.best_of_n import draw_candidates
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.results import Candidate

_ROUNDING = 1e-5  # nats; a copy of the sample that set the threshold may differ so far in another batch


class DeepConf(SearchMethod):
    """N samples per problem; those that become unsure are not drawn to their end."""

    label: ClassVar[str] = "DeepConf online"
    method: Literal["deepconf"] = "deepconf"
    needs_verifier: ClassVar[bool] = False
    warm_up: int = Field(16, ge=1, description="samples drawn whole, whose confidences set the threshold")
    share: float = Field(0.1, gt=0, le=1, description="of the warm-up that passes; 0.1 and 0.9 in the paper")
    group: int = Field(2048, ge=1, description="tokens in a row whose mean confidence is looked at")

    @property
    def answer_selection(self) -> AnswerSelection:
        """A vote by confidence, of those that pass."""
        return FilteredVote(share=1.0, group=self.group)

    def threshold(self, candidates: Sequence[Candidate]) -> float:
        """The confidence that the given share of the warm-up's samples reaches (nats), by linear interpolation as the paper's.

        Args:
            candidates: Of one problem, in the order of slots.
        """
        lowest = [self._lowest(candidate) for candidate in candidates[: self.warm_up] if candidate.certainties]
        return float(np.quantile(lowest, 1 - self.share)) - _ROUNDING if lowest else -np.inf

    def choice(self, candidates: Sequence[Candidate], seed: int, rules: Rules) -> Choice:
        """The vote; a warm-up sample below the threshold has none, like one that was stopped.

        Args:
            candidates: Of one problem, in the order of slots.
            seed: Of ties.
            rules: Grading rules, which decide what is one answer.

        Returns:
            The answer and the candidate that gives it.
        """
        floor = self.threshold(candidates)
        passing = [
            candidate if self._lowest(candidate) >= floor else replace(candidate, answer=None)
            for candidate in candidates
        ]
        return choose(passing, self.answer_selection, seed, rules)

    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """The warm-up of all problems in one call, and the rest in another.

        Args:
            meter: Asks the generator, and counts the cost of each problem.
            draws: How tokens are drawn, and the seeds.

        Returns:
            Candidates of each problem, and the number of rounds of each.

        Raises:
            InputError: The generator does not keep the self-certainty of its tokens.
        """
        sampling = replace(draws.sampling, certainty=True, group=self.group)
        with_self_certainty = replace(draws, sampling=sampling)
        owners, first = range(len(meter.problems)), min(self.warm_up, self.n)
        by_problem = _by_problem(
            draw_candidates(meter, with_self_certainty, [(o, slot) for o in owners for slot in range(first)]), first
        )
        check_choosable(by_problem, self.answer_selection, meter.generator.name)
        if first == self.n:
            return by_problem, [1] * len(by_problem)
        floors = {owner: self.threshold(by_problem[owner]) for owner in owners}
        places = [(owner, slot) for owner in owners for slot in range(first, self.n)]
        filtered = draw_candidates(meter, with_self_certainty, places, floors)
        filtered = [
            replace(candidate, finish="rejected")
            if candidate.finish == "length" and self._lowest(candidate) < floors[owner]
            else candidate
            for candidate, (owner, _) in zip(filtered, places, strict=True)
        ]
        later = _by_problem(filtered, self.n - first)
        return [[*candidates, *more] for candidates, more in zip(by_problem, later, strict=True)], [2] * len(by_problem)

    def _lowest(self, candidate: Candidate) -> float:
        """The lowest group confidence (nats); minus infinity without tokens."""
        return lowest_group_confidence(candidate.certainties, self.group) if candidate.certainties else -np.inf


def _by_problem(candidates: Sequence[Candidate], count: int) -> list[list[Candidate]]:
    return [list(candidates[start : start + count]) for start in range(0, len(candidates), count)]
