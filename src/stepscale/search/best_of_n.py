"""N whole solutions drawn independently: best-of-N, best-of-N weighted, majority (Snell et al. 2024, 5.1, E).

All solutions of all problems are drawn in one call and scored in one. Only finished solutions are scored: what was cut off
can never win. Sample i has a seed of its own, so the first N of a larger search are the search with N.
"""

from dataclasses import replace
from typing import ClassVar, Literal

from stepscale.generation.contract import Request
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.results import Candidate, candidate_of
from stepscale.search.scoring import read_scores
from stepscale.search.selection import Choose
from stepscale.seeds import seed_for


class _WholeSamples(SearchMethod):
    measured_from_samples: ClassVar[bool] = True

    def find(self, meter: Meter, draws: SeededSampling) -> tuple[list[list[Candidate]], list[int]]:
        """N independent samples of each problem, scored if the method looks at scores."""
        # 1. one request per problem and slot
        requests = []
        for owner, problem in enumerate(meter.problems):
            prompt = meter.generator.encode_prompt(problem.text)
            for slot in range(self.n):
                seed = seed_for(draws.run_seed, "search-round-0", problem.problem_id, slot)
                requests.append((owner, Request(prompt, seed)))
        # 2. all solutions in one call
        continuations = meter.generate(requests, draws.sampling, "solution")
        candidates = [
            candidate_of(meter.generator, continuation, i % self.n) for i, continuation in enumerate(continuations)
        ]
        # 3. scores of the finished ones in another
        if self.needs_verifier:
            finished = [
                i for i, candidate in enumerate(candidates) if candidate.finish == "solution" and candidate.steps
            ]
            scores = meter.score([(requests[i][0], candidates[i].steps) for i in finished])
            for i, scored in zip(finished, read_scores(scores, self.aggregation, self.neutral_is), strict=True):
                candidates[i] = replace(candidates[i], step_scores=scored.steps, score=scored.score)
        by_problem = [candidates[start : start + self.n] for start in range(0, len(candidates), self.n)]
        return by_problem, [1] * len(meter.problems)


class BestOfN(_WholeSamples):
    """The answer of the best-scored sample."""

    label: ClassVar[str] = "best-of-N"
    method: Literal["best_of_n"] = "best_of_n"
    final_choice: ClassVar[Choose] = "best"


class Weighted(_WholeSamples):
    """The answer with the greatest sum of scores."""

    label: ClassVar[str] = "best-of-N weighted"
    method: Literal["weighted"] = "weighted"
    final_choice: ClassVar[Choose] = "weighted"


class Majority(_WholeSamples):
    """The most frequent answer; nothing is scored."""

    method: Literal["majority"] = "majority"
    needs_verifier: ClassVar[bool] = False
    final_choice: ClassVar[Choose] = "majority"
