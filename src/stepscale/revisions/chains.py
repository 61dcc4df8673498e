"""Chains of revisions: each attempt sees the latest attempts before it (Snell et al. 2024, 6).

In: problems, a Generator that was fine-tuned to revise, and the length of each chain. Out: attempts as candidates, what
each read, and what each cost. All chains of all problems take their next step together, one ``generate`` call per position.
An attempt that was cut off or states no answer stays in its chain, unanswered, and is not shown to later ones: training
data hold no such attempt. Draws are named by (run, position, problem, chain), so the first s positions of a chain are the
chain of length s: one pool of chains serves all budgets (``revisions.grid``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stepscale.cost import Ledger, total
from stepscale.errors import InputError
from stepscale.estimators.checking import checked_budgets, checked_count
from stepscale.generation.contract import Generator, Request, Sampling
from stepscale.revisions.prompt import RevisionLayout
from stepscale.search.asking import checked_sampling
from stepscale.search.metering import Meter
from stepscale.search.results import Candidate, Problem, candidate_of, checked_problems
from stepscale.search.scoring import score_candidates
from stepscale.seeds import seed_for
from stepscale.verifiers.aggregation import Aggregation, NeutralIs
from stepscale.verifiers.contract import Verifier


@dataclass(frozen=True)
class Attempt:
    """One solution of a chain.

    Attributes:
        prompt: The text in the problem's place.
        prefix: The tokens it was drawn after.
        context: Positions of the earlier attempts that the prompt shows.
        candidate: The solution; ``subtree`` is the chain, ``slot`` the position in it.
        ledger: The attempt's part of the cost.
    """

    prompt: str
    prefix: tuple[int, ...]
    context: tuple[int, ...]
    candidate: Candidate
    ledger: Ledger


@dataclass(frozen=True)
class ProblemChains:
    """The chains of one problem (Snell et al. 2024, 6).

    Attributes:
        problem: What they answer.
        chains: Each a tuple of attempts, the first without earlier ones.
    """

    problem: Problem
    chains: tuple[tuple[Attempt, ...], ...]

    @property
    def ledger(self) -> Ledger:
        """What all attempts cost."""
        return total(attempt.ledger for chain in self.chains for attempt in chain)


def run_chains(
    problems: Iterable[Problem],
    generator: Generator,
    lengths: Iterable[int],
    layout: RevisionLayout,
    sampling: Sampling,
    *,
    run_seed: int,
    ledger: Ledger | None = None,
    problems_at_once: int = 64,
) -> list[ProblemChains]:
    """Draw chains of revisions.

    Args:
        problems: What is to be solved, each with an id of its own.
        generator: A model that was fine-tuned to revise.
        lengths: Attempts in each chain of a problem [chains].
        layout: How attempts are shown to later ones.
        sampling: How tokens are drawn; ``max_new_tokens`` bounds one attempt.
        run_seed: Seed of the run.
        ledger: What was computed is added to it. Prefix tokens that attempts share are counted once and divided among them.
        problems_at_once: Problems whose chains grow side by side; results do not depend on it.

    Raises:
        InputError: A length is below 1, or two problems have one id.
    """
    lengths = checked_budgets(lengths)
    if not lengths:
        raise InputError("chains need lengths of 1 or more attempts, one for each chain; none is given")
    problems, sampling = checked_problems(problems), checked_sampling(sampling)
    problems_at_once = checked_count(problems_at_once, "problems_at_once")
    results = []
    for start in range(0, len(problems), problems_at_once):
        part = problems[start : start + problems_at_once]
        chains: list[list[list[Attempt]]] = [[[] for _ in lengths] for _ in part]
        for position in range(max(lengths)):
            going = [(i, chain) for i in range(len(part)) for chain, length in enumerate(lengths) if position < length]
            attempts = _next_attempts(part, chains, going, generator, layout, sampling, run_seed, ledger)
            for (i, chain), attempt in zip(going, attempts, strict=True):
                chains[i][chain].append(attempt)
        results += [
            ProblemChains(p, tuple(map(tuple, problem_chains))) for p, problem_chains in zip(part, chains, strict=True)
        ]
    return results


def _next_attempts(
    problems: Sequence[Problem],
    chains: list[list[list[Attempt]]],
    going: Sequence[tuple[int, int]],
    generator: Generator,
    layout: RevisionLayout,
    sampling: Sampling,
    run_seed: int,
    ledger: Ledger | None,
) -> list[Attempt]:
    """One more attempt of each (problem, chain) in ``going``, in one call."""
    prompts, contexts, requests = [], [], []
    for owner, (i, chain) in enumerate(going):
        earlier = chains[i][chain]
        in_context = [attempt for attempt in earlier if attempt.candidate.answer is not None]
        steps = [attempt.candidate.steps for attempt in in_context]
        text, n_shown = layout.fitted(problems[i].text, steps, lambda text: len(generator.encode_prompt(text)))
        seed = seed_for(run_seed, f"revision-{len(earlier)}", problems[i].problem_id, chain)
        prompts.append(text)
        contexts.append(tuple(attempt.candidate.slot for attempt in in_context[len(in_context) - n_shown :]))
        requests.append((owner, Request(generator.encode_prompt(text), seed)))
    # an owner for each attempt, so that each gets its own part of the cost
    meter = Meter(
        [Problem(problems[i].problem_id, text) for (i, _), text in zip(going, prompts, strict=True)],
        generator,
        None,
        ledger,
    )
    continuations = meter.generate(requests, sampling, "solution")
    parts = zip(going, prompts, requests, contexts, continuations, meter.ledgers, strict=True)
    return [
        Attempt(
            prompt,
            request.prefix,
            context,
            candidate_of(generator, continuation, len(chains[i][chain]), subtree=chain),
            cost,
        )
        for (i, chain), prompt, (_, request), context, continuation, cost in parts
    ]


def score_chains(
    chains_of_all: Sequence[ProblemChains],
    generator: Generator,
    verifier: Verifier,
    history: bool,
    aggregation: Aggregation,
    ledger: Ledger | None = None,
    neutral_is: NeutralIs = "positive",
) -> list[ProblemChains]:
    """The chains with scores, all in one call. Attempts without an answer stay unscored: they can never win.

    Args:
        chains_of_all: Chains by problem.
        generator: The model that wrote them.
        verifier: Scores the steps.
        history: Whether the verifier reads the earlier attempts that were shown too.
        aggregation: Step scores to an attempt's score.
        ledger: The cost is added to it, and to the attempts' ledgers.
        neutral_is: What a neutral step counts as.
    """
    flat = [
        (problem_chains.problem, attempt)
        for problem_chains in chains_of_all
        for chain in problem_chains.chains
        for attempt in chain
    ]
    read = [i for i, (_, attempt) in enumerate(flat) if attempt.candidate.answer is not None]
    owners = [Problem(flat[i][0].problem_id, flat[i][1].prompt if history else flat[i][0].text) for i in read]
    meter = Meter(owners, generator, verifier, ledger)
    attempts = [attempt for _, attempt in flat]
    candidates = [attempts[i].candidate for i in read]
    scored = score_candidates(meter, range(len(read)), candidates, aggregation, neutral_is)
    for i, candidate, cost in zip(read, scored, meter.ledgers, strict=True):
        attempts[i] = replace(attempts[i], candidate=candidate, ledger=attempts[i].ledger + cost)
    remaining = iter(attempts)
    return [
        replace(problem_chains, chains=tuple(tuple(next(remaining) for _ in chain) for chain in problem_chains.chains))
        for problem_chains in chains_of_all
    ]
