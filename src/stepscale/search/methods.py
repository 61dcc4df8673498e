"""The search methods by name, and the one call that runs any of them.

In: problems, a Generator, a Verifier and typed options. Out: a result per problem, with candidates, answer and costs.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from stepscale.cost import Ledger
from stepscale.engine.caching import clear_cache
from stepscale.errors import InputError
from stepscale.estimators.checking import checked_count
from stepscale.generation.contract import Generator, Sampling
from stepscale.grading import Rules
from stepscale.search.answer_selection import check_choosable
from stepscale.search.asking import checked_sampling
from stepscale.search.beam import Beam
from stepscale.search.best_of_n import BestOfN, Majority, Weighted
from stepscale.search.deepconf import DeepConf
from stepscale.search.dvts import Dvts
from stepscale.search.entropic import EntropicParticleFiltering
from stepscale.search.lookahead import Lookahead
from stepscale.search.metering import Meter
from stepscale.search.method import SearchMethod, SeededSampling
from stepscale.search.particles import ParticleFiltering
from stepscale.search.results import Problem, SearchResult, checked_problems
from stepscale.search.speculative_rejection import SpeculativeRejection
from stepscale.search.stopping import Stopped
from stepscale.search.vote import RuledVote
from stepscale.seeds import seed_for
from stepscale.user_settings import UserSettings
from stepscale.verifiers.contract import Verifier


def _as_they_are(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """Leaves options that are objects already as they are, whether their method is registered or not."""
    return value if isinstance(value, SearchMethod) else handler(value)


# a new method is known by its name once it is listed here
SearchOptions = Annotated[
    BestOfN
    | Weighted
    | Majority
    | RuledVote
    | Beam
    | Lookahead
    | Dvts
    | ParticleFiltering
    | EntropicParticleFiltering
    | SpeculativeRejection
    | DeepConf
    | Stopped,
    Field(discriminator="method"),
    WrapValidator(_as_they_are),
]


class _Written(UserSettings):
    """Options as the only setting, so that they are refused as those of a file are."""

    options: SearchOptions


def read_options(options: Mapping[str, Any] | SearchMethod) -> SearchMethod:
    """Typed options from a plain mapping with a ``method``.

    Args:
        options: A mapping with ``method`` and the settings of that method, or typed options.

    Returns:
        The options of the named method, checked.

    Raises:
        InputError: One line naming the key and the fault.
    """
    try:
        return _Written.model_validate({"options": options}).options
    except ValidationError as error:
        places = (".".join(map(str, fault["loc"][1:])) for fault in error.errors())
        faults = "; ".join(
            f"{place}: {fault['msg']}" if place else fault["msg"]  # of the method: it names the key itself
            for place, fault in zip(places, error.errors(), strict=True)
        )
        raise InputError(f"search options: {' '.join(faults.split())} (see docs/search.md)") from None


def search(
    problems: Iterable[Problem],
    generator: Generator,
    verifier: Verifier | None,
    options: SearchMethod | Mapping[str, Any],
    sampling: Sampling,
    *,
    run_seed: int,
    ledger: Ledger | None = None,
    problems_at_once: int = 64,
    rules: Rules = "prm800k",
    clear_caches: bool = True,
) -> list[SearchResult]:
    """Search for a solution of each problem.

    Args:
        problems: What is to be solved, each with an id of its own.
        generator: Writes the steps.
        verifier: Scores them; None for methods that need no scores.
        options: The method and its settings, made already or as ``read_options`` takes them.
        sampling: How tokens are drawn; ``max_new_tokens`` bounds a whole solution.
        run_seed: Seed of the run; each draw has a seed of its own that is made of it.
        ledger: The sum of the results' own ledgers is added to it.
        problems_at_once: Problems searched together. More fill wide batches better and need more of the generator's memory;
            results do not depend on it.
        rules: The grading rules of the run; they decide which answers are one answer in a vote.
        clear_caches: Whether the models' caches are cleared first, so that the costs do not depend on what was asked of
            them before. Not within a longer piece of work, whose beginning would cost again.

    Returns:
        A result for each problem, in order, with its own costs.

    Raises:
        InputError: There is no such method, it needs a verifier and got none, problems or sampling are of a wrong type, or two
            problems have one id.
    """
    options, problems_at_once = read_options(options), checked_count(problems_at_once, "problems_at_once")
    if isinstance(generator, type) or not hasattr(generator, "encode_prompt"):
        raise InputError(f"generator {str(generator)[:80]!r} is not a model; open it with stepscale.load_generator")
    if isinstance(verifier, type) or (verifier is not None and not hasattr(verifier, "score")):
        raise InputError(f"verifier {str(verifier)[:80]!r} is not a model; open it with stepscale.load_verifier")
    if options.needs_verifier and verifier is None:
        raise InputError(f"search method {options.method!r} needs a verifier; give one, or use 'majority'")
    problems, sampling = checked_problems(problems), checked_sampling(sampling)
    if clear_caches:
        for model in (generator, verifier):
            clear_cache(model)
    results = []
    for start in range(0, len(problems), problems_at_once):
        meter = Meter(problems[start : start + problems_at_once], generator, verifier, ledger)
        results.extend(_searched(meter, options, SeededSampling(sampling, run_seed, rules), rules))
    return results


def _searched(meter: Meter, options: SearchMethod, draws: SeededSampling, rules: Rules) -> list[SearchResult]:
    candidates_of_all, rounds = options.find(meter, draws)
    check_choosable(candidates_of_all, options.answer_selection, meter.generator.name)
    results = []
    for problem, candidates, n_rounds, spent in zip(
        meter.problems, candidates_of_all, rounds, meter.ledgers, strict=True
    ):
        tie = seed_for(draws.run_seed, "search-tie", problem.problem_id)
        choice = options.choice(candidates, tie, rules)
        results.append(
            SearchResult(
                problem_id=problem.problem_id,
                strategy=options.strategy,
                budget=options.budget,
                rounds=n_rounds,
                candidates=tuple(candidates),
                answer=choice.answer,
                chosen=choice.candidate,
                confidence=choice.confidence,
                ledger=spent,
            )
        )
    return results
