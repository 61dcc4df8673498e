"""Signs that a search exploits its verifier (Snell et al. 2024, 5.3): very short solutions, and steps that repeat.

In: search results. Out: shares among their solutions. The paper saw both grow with the budget where beam search fell behind
best-of-N; compare the shares with those of best-of-N on the same problems.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from stepscale.search.results import Candidate, SearchResult

_SHORT = 2  # steps


@dataclass(frozen=True)
class Signs:
    """``n_solutions`` looked at. Shares of them (0 if there are none): ``short`` has 1-2 steps, ``repeating`` says a step
    twice. ``repeated_steps``: the share of all their steps that was said before in the same solution; ``mean_steps``.
    """

    n_solutions: int
    short: float
    repeating: float
    repeated_steps: float
    mean_steps: float


def over_optimization_signs(results: Iterable[SearchResult], of: Literal["chosen", "finished"] = "chosen") -> Signs:
    """The signs among the solutions that won, or among all that ended by themselves."""
    solutions = [candidate.steps for result in results for candidate in _looked_at(result, of) if candidate.steps]
    repeats = [len(steps) - len(set(map(_said, steps))) for steps in solutions]
    n, n_steps = len(solutions), sum(map(len, solutions))
    return Signs(
        n_solutions=n,
        short=_share(sum(len(steps) <= _SHORT for steps in solutions), n),
        repeating=_share(sum(count > 0 for count in repeats), n),
        repeated_steps=_share(sum(repeats), n_steps),
        mean_steps=_share(n_steps, n),
    )


def _looked_at(result: SearchResult, of: Literal["chosen", "finished"]) -> Sequence[Candidate]:
    if of == "finished":
        return result.finished
    return () if result.chosen is None else (result.candidates[result.chosen],)


def _said(step: str) -> str:
    """What a step says, apart from case and spaces."""
    return "".join(step.split()).casefold()


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
