"""What a search takes and gives: problems, candidates, and one result per problem with its own costs.

Plain frozen data; nothing here knows how a candidate was found.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Continuation, Generator
from stepscale.generation.sampling import read_steps
from stepscale.grading import extract_answer
from stepscale.search.asking import checked_problem

if TYPE_CHECKING:
    import pandas as pd

Finish = Literal["solution", "length", "rounds", "rejected"]


@dataclass(frozen=True)
class Problem:
    """A problem to search.

    Attributes:
        problem_id: Its key, different from those of all other problems of a search.
        text: What is asked.
    """

    problem_id: str
    text: str


def problems_of_table(table: "pd.DataFrame") -> list[Problem]:
    """The problems of a table, in its order.

    Args:
        table: With ``problem_id`` and ``problem``.
    """
    return [Problem(i, text) for i, text in zip(table["problem_id"], table["problem"], strict=True)]


def checked_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Problems of a search, whatever holds them.

    Args:
        problems: Each with an id of its own; an iterator is read to its end.

    Raises:
        InputError: They are no problems, or two have one id.
    """
    if isinstance(problems, str | bytes | Problem) or not isinstance(problems, Iterable):
        raise InputError(f"problems must be a list of stepscale.search.Problem, not {type(problems).__name__}")
    listed = list(problems)
    for problem in listed:
        if not isinstance(problem, Problem):
            raise InputError(f"problems must be stepscale.search.Problem, not {type(problem).__name__}")
        checked_problem(problem.text)
    if len({problem.problem_id for problem in listed}) < len(listed):
        raise InputError("two problems have the same problem_id; give every problem its own")
    return listed


@dataclass(frozen=True)
class Candidate:
    """One solution that a search wrote, finished or cut off.

    Attributes:
        slot: 0..N-1, the beam (or sample) among the N.
        subtree: The independent tree it grew in (0 unless DVTS).
        steps: Their texts.
        tokens: Token ids, without the prompt's.
        step_ends: Index into ``tokens`` of each step's last token [len(steps)].
        finish: "solution" (end of text), "length" (cut off by the token limit), "rounds" (by the limit of rounds) or "rejected"
            (by the search).
        answer: The final answer; None for what was cut off.
        step_scores: P(the step is right) [len(steps)], empty if not scored.
        score: Their aggregate as asked for; None if not scored.
        mean_logprob: Mean token log-likelihood at temperature 1 (nats); None without tokens.
        certainties: As in ``Continuation``, empty unless asked for.
    """

    slot: int
    subtree: int
    steps: tuple[str, ...]
    tokens: tuple[int, ...]
    step_ends: tuple[int, ...]
    finish: Finish
    answer: str | None
    step_scores: tuple[float, ...]
    score: float | None
    mean_logprob: float | None
    certainties: tuple[float, ...] = ()


def candidate_of(generator: Generator, continuation: Continuation, slot: int, *, subtree: int = 0) -> Candidate:
    """A whole solution as a candidate that is not scored yet; without an answer unless it ended by itself.

    Args:
        generator: Reads the texts of steps.
        continuation: What it drew after the prompt.
        slot: The candidate's among the N.
        subtree: The tree it grew in.
    """
    steps, ends = read_steps(generator, continuation)
    finished = continuation.ended == "solution"
    return Candidate(
        slot=slot,
        subtree=subtree,
        steps=tuple(steps),
        tokens=continuation.tokens,
        step_ends=tuple(ends),
        finish="solution" if finished else "length",
        answer=extract_answer("\n".join(steps)) if finished else None,
        step_scores=(),
        score=None,
        mean_logprob=continuation.mean_logprob,
        certainties=continuation.certainties,
    )


@dataclass(frozen=True)
class SearchResult:
    """What a search found for one problem.

    Attributes:
        problem_id: Of the problem.
        strategy: The method and its settings in words.
        budget: The generations it may use, in the paper's units (N, or N (k + 1) with lookahead).
        rounds: Calls that drew steps (1 for whole samples).
        candidates: All solutions, in the order of slots.
        answer: The answer chosen.
        chosen: Index into ``candidates`` of the one that stands for ``answer``; both None if no candidate may win.
        confidence: The winner's share of the votes, or its score where the best single one wins.
        ledger: This problem's part of what was computed.
    """

    problem_id: str
    strategy: str
    budget: int
    rounds: int
    candidates: tuple[Candidate, ...]
    answer: str | None
    chosen: int | None
    confidence: float | None
    ledger: Ledger

    @property
    def finished(self) -> tuple[Candidate, ...]:
        """The candidates that ended by themselves and were not cut off."""
        return tuple(candidate for candidate in self.candidates if candidate.finish == "solution")

    @property
    def n_distinct(self) -> int:
        """How many candidates differ in their tokens; the rest are duplicates, drawn by chance or resampled."""
        return len({candidate.tokens for candidate in self.candidates})
