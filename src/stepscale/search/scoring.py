"""A verifier's step scores as search uses them: P(the step is right) by step, and their aggregate as asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from stepscale.search.metering import Meter
from stepscale.search.results import Candidate
from stepscale.verifiers.aggregation import Aggregation, NeutralIs, aggregate
from stepscale.verifiers.contract import StepScores


@dataclass(frozen=True)
class SolutionScore:
    """The judgment on a solution.

    Attributes:
        steps: P(the step is right) [n_steps].
        score: Their aggregate, in [0, 1].
    """

    steps: tuple[float, ...]
    score: float


def read_scores(scores: Sequence[StepScores], aggregation: Aggregation, neutral_is: NeutralIs) -> list[SolutionScore]:
    """Each solution's scores, aggregated as asked for.

    Args:
        scores: Of each solution, at each step.
        aggregation: How step scores become a solution's.
        neutral_is: What a neutral step counts as.
    """
    negative, neutral = [score.negative for score in scores], [score.neutral for score in scores]
    totals = aggregate(negative, neutral, aggregation, neutral_is)
    steps = [
        1 - wrong - (unsure if neutral_is == "negative" else 0) for wrong, unsure in zip(negative, neutral, strict=True)
    ]
    return [
        SolutionScore(tuple(map(float, right.clip(0, 1))), float(score))
        for right, score in zip(steps, totals, strict=True)
    ]


def score_candidates(
    meter: Meter,
    owners: Sequence[int],
    candidates: Sequence[Candidate],
    aggregation: Aggregation,
    neutral_is: NeutralIs,
) -> list[Candidate]:
    """The candidates with scores, all in one call.

    Args:
        meter: Holds the verifier; counts what it reads.
        owners: Index of each candidate's problem.
        candidates: To be scored.
        aggregation: How step scores become a solution's.
        neutral_is: What a neutral step counts as.
    """
    scores = meter.score([(owner, candidate.steps) for owner, candidate in zip(owners, candidates, strict=True)])
    return [
        replace(candidate, step_scores=scored.steps, score=scored.score)
        for candidate, scored in zip(candidates, read_scores(scores, aggregation, neutral_is), strict=True)
    ]
