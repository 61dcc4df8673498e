"""Step-wise search over a revision model's proposals: the tree grows after earlier attempts, not after the bare problem.

In: one chain of attempts per problem, and any search method. Out: the method's results with the chain's cost added, chosen
among what the search wrote and the chain's attempts that the same verifier scored. The generator reads the problem with the
attempts; the verifier reads that too, or the bare problem if it was not trained with history. Neither paper does this (Snell
et al. 2024, 8, names it as future work). Works with any search method.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Generator, Sampling
from stepscale.grading import Rules
from stepscale.revisions.chains import ProblemChains
from stepscale.revisions.prompt import RevisionLayout
from stepscale.search.answer_selection import choose
from stepscale.search.method import SearchMethod
from stepscale.search.methods import search
from stepscale.search.results import Problem, SearchResult
from stepscale.seeds import seed_for
from stepscale.verifiers.contract import StepScores, Trajectory, Verifier


class WithoutHistory:
    """A verifier that reads the bare problem where the generator reads a revision prompt.

    Args:
        verifier: Scores the steps.
        problems: The problem's text by prompt.
    """

    def __init__(self, verifier: Verifier, problems: Mapping[str, str]) -> None:
        self.name = verifier.name
        self._verifier, self._problems = verifier, problems

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """Scores of every step after the bare problem.

        Args:
            trajectories: Prompts with earlier attempts, each with the steps of the latest one.
            ledger: Gets the ``verify`` tokens.

        Returns:
            One object per trajectory, in order.
        """
        bare = [Trajectory(self._problems[t.problem], t.steps) for t in trajectories]
        return self._verifier.score(bare, ledger)


def search_revisions(
    chains_of_all: Sequence[ProblemChains],
    generator: Generator,
    verifier: Verifier,
    options: SearchMethod,
    layout: RevisionLayout,
    sampling: Sampling,
    *,
    history: bool,
    run_seed: int,
    ledger: Ledger | None = None,
    rules: Rules = "prm800k",
) -> list[SearchResult]:
    """Search after each problem's one chain.

    Args:
        chains_of_all: A chain per problem.
        generator: The model that wrote them.
        verifier: Scores the steps.
        options: The search.
        layout: How the attempts are shown.
        sampling: How tokens are drawn.
        history: Whether the verifier reads the attempts too.
        run_seed: Seed of the run.
        ledger: Grows by the search alone: the chain was counted when it was made.
        rules: Grading rules by which answers are equal in a vote.

    Returns:
        A result per problem. Its ``candidates`` are the attempts and then the search's; ``budget`` and ``ledger`` are of both.
        Attempts without a score can win majority alone.

    Raises:
        InputError: A problem has more chains than one, or none.
    """
    revised, bare = [], {}
    for problem_chains in chains_of_all:
        if len(problem_chains.chains) != 1:
            raise InputError(
                f"search over revisions needs one chain per problem, not {len(problem_chains.chains)}; run one"
            )
        in_context = [a.candidate.steps for a in problem_chains.chains[0] if a.candidate.answer is not None]
        text, _ = layout.fitted(
            problem_chains.problem.text, in_context, lambda text: len(generator.encode_prompt(text))
        )
        revised.append(Problem(problem_chains.problem.problem_id, text))
        bare[text] = problem_chains.problem.text
    judge = verifier if history else WithoutHistory(verifier, bare)
    results = search(
        revised, generator, judge, options, sampling, run_seed=run_seed, ledger=ledger, rules=rules, clear_caches=False
    )
    return [
        _with_chain(problem_chains, result, options, run_seed, rules)
        for problem_chains, result in zip(chains_of_all, results, strict=True)
    ]


def _with_chain(
    problem_chains: ProblemChains, result: SearchResult, options: SearchMethod, run_seed: int, rules: Rules
) -> SearchResult:
    """The result with the chain's attempts as its first candidates, with the choice made again, and with their cost."""
    n = len(problem_chains.chains[0])
    attempts = [attempt.candidate for attempt in problem_chains.chains[0]]
    pool = (*attempts, *(replace(c, slot=c.slot + n) for c in result.candidates))
    tie = seed_for(run_seed, "revision-search-tie", problem_chains.problem.problem_id)
    won = choose(pool, options.answer_selection, tie, rules)
    return replace(
        result,
        strategy=f"{result.strategy} after={n}",
        budget=result.budget + n,
        candidates=pool,
        answer=won.answer,
        chosen=won.candidate,
        confidence=won.confidence,
        ledger=problem_chains.ledger + result.ledger,
    )
