"""One problem, solved by any search method: the shortest way to a search."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Generator, Sampling
from stepscale.search.asking import checked_generations, checked_problem, checked_seed
from stepscale.search.method import SearchMethod
from stepscale.search.methods import read_options, search
from stepscale.search.results import Candidate, Problem
from stepscale.verifiers.aggregation import Aggregation
from stepscale.verifiers.contract import Verifier
from stepscale.verifiers.saved import AGGREGATION

BUDGET = 16


@dataclass(frozen=True)
class Answer:
    """What a search found for one problem.

    Attributes:
        answer: The final answer as text; None if no solution reached one. Never evaluated.
        steps: The steps of the solution that stands for the answer.
        scores: P(the step is right) of each, in [0, 1]; empty where nothing was scored.
        score: Their aggregate; None where nothing was scored.
        confidence: The answer's share of the votes, or its score where the best single solution wins; None without an answer.
        strategy: The method and all its settings.
        budget: Generations that the method might use (Snell et al. 2024, 5).
        cost: Tokens and FLOPs by model.
        candidates: All solutions that the search wrote.
    """

    answer: str | None
    steps: tuple[str, ...]
    scores: tuple[float, ...]
    score: float | None
    confidence: float | None
    strategy: str
    budget: int
    cost: Ledger
    candidates: tuple[Candidate, ...]

    @property
    def tokens(self) -> int:
        """Tokens passed through a model: read and written by the generator, read by the verifier."""
        return self.cost.tokens


def solve(
    problem: str,
    generator: Generator,
    verifier: Verifier | None = None,
    *,
    method: str | SearchMethod = "beam",
    budget: int | None = None,
    seed: int = 0,
    temperature: float = 1.0,
    top_p: float = 1.0,
    max_new_tokens: int = 2048,
    **options: Any,
) -> Answer:
    """Solve a problem with a generator, a verifier and a budget.

    Args:
        problem: Its text.
        generator: Writes the steps (``load_generator``).
        verifier: Scores them (``load_verifier``); ``method="majority"`` needs none.
        method: The name of a method (docs/search.md), such as ``best_of_n``, ``majority``, ``beam`` or
            ``particle_filtering``, or a method with its options.
        budget: Generations; the method gets the greatest N that they allow. By default 16, or what a given method has.
        seed: The same seed gives the same answer.
        temperature: Of the drawn tokens; 0 is greedy.
        top_p: Share of the probability that tokens are drawn from.
        max_new_tokens: Longest solution (tokens of the generator); one that is longer cannot win.
        **options: Options of the method, such as ``width=4`` or ``aggregation="min"`` (docs/search.md). Step scores are
            aggregated as fits the verifier unless told: the product for a PRM trained here, else the last.

    Returns:
        The chosen answer with its steps, scores and cost.

    Raises:
        InputError: There is no such method or option, the budget is too small, the seed is not a whole number, or the
            problem is empty or too long.
    """
    sampling = Sampling(temperature, top_p, max_new_tokens)
    if isinstance(method, str):
        options = {"aggregation": _aggregation(verifier)} | options
    chosen = _method(method, budget, options)
    problems = [Problem("problem", checked_problem(problem))]
    [result] = search(problems, generator, verifier, chosen, sampling, run_seed=checked_seed(seed))
    winner = None if result.chosen is None else result.candidates[result.chosen]
    return Answer(
        answer=result.answer,
        steps=winner.steps if winner else (),
        scores=winner.step_scores if winner else (),
        score=winner.score if winner else None,
        confidence=result.confidence,
        strategy=result.strategy,
        budget=result.budget,
        cost=result.ledger,
        candidates=result.candidates,
    )


def _method(method: str | SearchMethod, budget: int | None, options: Mapping[str, Any]) -> SearchMethod:
    if budget is not None:
        budget = checked_generations(budget)
    if isinstance(method, SearchMethod):
        if options:
            raise InputError(
                f"solve: {next(iter(options))} is an option of the method; set it where the method is made"
            )
        return method if budget is None else method.within(budget)
    if "n" in options:
        raise InputError("solve: n comes from the budget; give budget instead")
    return read_options({"method": method, "n": 1, **options}).within(BUDGET if budget is None else budget)


def _aggregation(verifier: Verifier | None) -> Aggregation:
    """How this verifier's step scores become a solution's."""
    saved = getattr(verifier, "saved", None)
    return AGGREGATION[saved.kind] if saved else "last"
