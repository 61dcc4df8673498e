"""N whole solutions drawn independently: best-of-N, best-of-N weighted, majority (Snell et al. 2024, 5.1, E).

All solutions of all problems are drawn in one call and scored in one. Only finished solutions are scored: what was cut off
can never win. Sample i has a seed of its own, so the first N of a larger search are the search with N.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from stepscale.generation.contract import Continuation, Request
from stepscale.generation.sampling import read_steps
from stepscale.grading import extract_answer
from stepscale.search.metering import Meter
from stepscale.search.method import Draws, SearchMethod
from stepscale.search.results import Candidate
from stepscale.search.scoring import Scored, read_scores
from stepscale.search.selection import Choose
from stepscale.seeds import seed_for


class _WholeSamples(SearchMethod):
    def find(self, meter: Meter, draws: Draws) -> tuple[list[list[Candidate]], list[int]]:
        """N independent samples of each problem, scored if the method looks at scores."""
        samples = list(self._draw(meter, draws))
        scores: list[Scored | None] = [None] * len(samples)
        if self.needs_verifier:
            ended = [i for i, sample in enumerate(samples) if sample.drawn.ended == "solution" and sample.steps]
            found = meter.score([(samples[i].owner, samples[i].steps) for i in ended])
            for i, own in zip(ended, read_scores(found, self.aggregation, self.neutral_is), strict=True):
                scores[i] = own
        results: list[list[Candidate]] = [[] for _ in meter.problems]
        for sample, scored in zip(samples, scores, strict=True):
            results[sample.owner].append(_candidate(sample, len(results[sample.owner]), scored))
        return results, [1] * len(meter.problems)

    def _draw(self, meter: Meter, draws: Draws) -> "Iterator[_Sample]":
        requests = []
        for owner, problem in enumerate(meter.problems):
            prompt = meter.generator.encode_prompt(problem.text)
            for slot in range(self.n):
                seed = seed_for(draws.run_seed, "search-round-0", problem.problem_id, slot)
                requests.append((owner, Request(prompt, seed)))
        found = meter.generate(requests, draws.sampling, "solution")
        for (owner, _), continuation in zip(requests, found, strict=True):
            steps, ends = read_steps(meter.generator, continuation)
            yield _Sample(owner, continuation, tuple(steps), tuple(ends))


class BestOfN(_WholeSamples):
    """The answer of the best-scored sample."""

    method: Literal["best_of_n"] = "best_of_n"
    final_choice: ClassVar[Choose] = "best"


class Weighted(_WholeSamples):
    """The answer with the greatest sum of scores."""

    method: Literal["weighted"] = "weighted"
    final_choice: ClassVar[Choose] = "weighted"


class Majority(_WholeSamples):
    """The most frequent answer; nothing is scored."""

    method: Literal["majority"] = "majority"
    needs_verifier: ClassVar[bool] = False
    final_choice: ClassVar[Choose] = "majority"


@dataclass(frozen=True)
class _Sample:
    owner: int
    drawn: Continuation
    steps: tuple[str, ...]
    step_ends: tuple[int, ...]


def _candidate(sample: _Sample, slot: int, scored: Scored | None) -> Candidate:
    drawn, finished = sample.drawn, sample.drawn.ended == "solution"
    return Candidate(
        slot=slot,
        subtree=0,
        steps=sample.steps,
        tokens=drawn.tokens,
        step_ends=sample.step_ends,
        finish="solution" if finished else "length",
        answer=extract_answer("\n".join(sample.steps)) if finished else None,
        step_scores=scored.steps if scored else (),
        score=scored.score if scored else None,
        mean_logprob=sum(drawn.logprobs) / len(drawn.logprobs) if drawn.logprobs else None,
    )
