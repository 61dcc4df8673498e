"""N whole solutions drawn independently: best-of-N, best-of-N weighted, majority (Snell et al. 2024, 5.1, E).

All solutions of all problems are drawn in one call and scored in one. Only finished solutions are scored: what was cut off
can never win. Sample i has a seed of its own, so the first N of a larger search are the search with N.
"""

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Literal

from stepscale.generation.contract import Request
from stepscale.search.answer_selection import AnswerSelection
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.results import Candidate, candidate_of
from stepscale.search.scoring import score_candidates
from stepscale.seeds import seed_for

_NO_FLOORS: Mapping[int, float] = MappingProxyType({})


def draw_candidates(
    meter: Meter, draws: SeededSampling, places: Sequence[tuple[int, int]], floors: Mapping[int, float] = _NO_FLOORS
) -> list[Candidate]:
    """A whole solution for each place, not scored yet, all in one call.

    Args:
        meter: Problems and generator; counts what is computed.
        draws: How tokens are drawn, and the seed of the run.
        places: Index of a problem and slot of each solution.
        floors: By index of a problem, the group confidence below which its samples are stopped (``Request.floor``, nats).

    Returns:
        A candidate for each place, in their order.
    """
    prompts = {owner: meter.generator.encode_prompt(meter.problems[owner].text) for owner in dict(places)}
    requests = []
    for owner, slot in places:
        seed = seed_for(draws.run_seed, "search-round-0", meter.problems[owner].problem_id, slot)
        requests.append((owner, Request(prompts[owner], seed, floors.get(owner, -math.inf))))
    continuations = meter.generate(requests, draws.sampling, "solution")
    return [
        candidate_of(meter.generator, continuation, slot)
        for continuation, (_, slot) in zip(continuations, places, strict=True)
    ]


class WholeSamples(SearchMethod):
    """Options of the methods that draw N whole solutions."""

    measured_from_samples: ClassVar[bool] = True

    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """N independent samples of each problem, scored if the method looks at scores.

        Args:
            meter: Asks generator and verifier, and counts the cost of each problem.
            draws: How tokens are drawn, and the seeds.

        Returns:
            Candidates of each problem, and the number of rounds of each: 1.
        """
        places = [(owner, slot) for owner in range(len(meter.problems)) for slot in range(self.n)]
        candidates = draw_candidates(meter, draws, places)
        if self.needs_verifier:
            finished = [
                i for i, candidate in enumerate(candidates) if candidate.finish == "solution" and candidate.steps
            ]
            owners = [places[i][0] for i in finished]
            scored = score_candidates(
                meter, owners, [candidates[i] for i in finished], self.aggregation, self.neutral_is
            )
            for i, candidate in zip(finished, scored, strict=True):
                candidates[i] = candidate
        by_problem = [candidates[start : start + self.n] for start in range(0, len(candidates), self.n)]
        return by_problem, [1] * len(meter.problems)


class BestOfN(WholeSamples):
    """The answer of the best-scored sample."""

    label: ClassVar[str] = "best-of-N"
    method: Literal["best_of_n"] = "best_of_n"
    answer_selection: ClassVar[AnswerSelection] = "best"


class Weighted(WholeSamples):
    """The answer with the greatest sum of scores."""

    label: ClassVar[str] = "best-of-N weighted"
    method: Literal["weighted"] = "weighted"
    answer_selection: ClassVar[AnswerSelection] = "weighted"


class Majority(WholeSamples):
    """The most frequent answer; nothing is scored."""

    method: Literal["majority"] = "majority"
    answer_selection: ClassVar[AnswerSelection] = "majority"

    @property
    def needs_verifier(self) -> bool:
        """It needs none."""
        return False
