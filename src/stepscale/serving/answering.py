"""One question answered by the policy: probe, tell the difficulty, then what the policy says, all within the budget.

In: a Generator, a Verifier, a ``ServedPolicy`` and a question. Out: an ``Answer``. The work is that of ``search.online``. The
same question gets the same answer, whatever was asked before: its seed is made of the run's seed, the problem and the
budget, and nothing is remembered from one question to the next. What a model wrote is text, and stays text.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from stepscale.errors import InputError
from stepscale.estimators.online_policy import OnlinePolicy
from stepscale.generation.contract import Generator, Sampling
from stepscale.generation.shards import start_afresh
from stepscale.search.online import search_online
from stepscale.search.results import Problem, SearchResult
from stepscale.seeds import seed_for
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import Question
from stepscale.verifiers.contract import Verifier


class ScoredStep(BaseModel):
    """A step of the solution, and P(it is right) as the verifier has it."""

    text: str
    score: float


class Spent(BaseModel):
    """Tokens passed through a model, once each: read by the generator, written by it, read by the verifier."""

    prefill: int
    decode: int
    verify: int
    total: int


class Answer(BaseModel):
    """What is given back. ``answer`` is null, and there are no steps, if no solution reached one."""

    model_config = ConfigDict(frozen=True)

    answer: str | None
    confidence: float = Field(
        description="sum of the scores of the solutions with this answer / solutions drawn; 0 to 1"
    )
    steps: list[ScoredStep] = Field(description="of the best-scored solution with this answer")
    strategy: str = Field(description="what was done, in words")
    difficulty: int = Field(description="bin that the probes told, 1 the easiest")
    generations: int = Field(description="spent, probes included; at most the budget")
    tokens_spent: Spent


class Answerer:
    """Answers questions with one generator and one verifier, one question at a time.

    ``most_tokens``: of a prompt; null: not limited.
    """

    def __init__(
        self, policy: ServedPolicy, generator: Generator, verifier: Verifier, most_tokens: int | None = None
    ) -> None:
        self._policy, self._generator, self._verifier = policy, generator, verifier
        self._most_tokens = most_tokens

    @classmethod
    def load(cls, policy: Path, generator: Path, prm: Path) -> "Answerer":
        """From the file and the two model folders. Raises InputError."""
        from stepscale.generation.local import LocalGenerator
        from stepscale.verifiers.scoring import ModelVerifier

        own = ServedPolicy.read(policy)
        writes = LocalGenerator.load(
            generator, prompt_template=own.prompt, ends_before=own.ends_before, **own.generator.model_dump()
        )
        judges = ModelVerifier(prm, "prm", **own.verifier.model_dump())
        room = writes.context - own.sampling.max_new_tokens
        return cls(own, writes, judges, room if room > 0 else writes.context - 1)

    def check(self, question: Question) -> None:
        """Raises InputError if the question is too long for the generator."""
        tokens = len(self._generator.encode_prompt(question.problem))
        if self._most_tokens is not None and tokens > self._most_tokens:
            raise InputError(
                f"problem is too long: {tokens} tokens with its prompt, the generator has room for {self._most_tokens}"
            )

    def answer(self, question: Question) -> Answer:
        """The answer. Raises InputError if the question is too long for the generator."""
        self.check(question)
        own = self._policy.within(question.budget).policy
        seed = seed_for(self._policy.seed, f"answer within {question.budget}", question.problem)
        for model in (self._generator, self._verifier):
            start_afresh(model)
        [found] = search_online(
            [Problem("question", question.problem)],
            self._generator,
            self._verifier,
            own,
            self._policy.runs,
            Sampling(**self._policy.sampling.model_dump()),
            run_seed=seed,
            aggregation=self._policy.aggregation,
            neutral_is=self._policy.neutral_is,
        )
        return _answer(found, own)


def _answer(found: SearchResult, policy: OnlinePolicy) -> Answer:
    probes = found.candidates[: policy.probes]
    difficulty = policy.bin(sum(c.score or 0.0 for c in probes) / len(probes))
    solution = None if found.chosen is None else found.candidates[found.chosen]
    scored = zip(solution.steps, solution.step_scores, strict=True) if solution else ()
    models = found.ledger.models.values()
    return Answer(
        answer=found.answer,
        confidence=found.confidence or 0.0,
        steps=[ScoredStep(text=text, score=score) for text, score in scored],
        strategy=_strategy(found, policy, policy.actions[difficulty - 1].run),
        difficulty=difficulty,
        generations=found.budget,
        tokens_spent=Spent(
            prefill=sum(own.prefill for own in models),
            decode=sum(own.decode for own in models),
            verify=sum(own.verify for own in models),
            total=found.ledger.tokens,
        ),
    )


def _strategy(found: SearchResult, policy: OnlinePolicy, run: str | None) -> str:
    drawn = len(found.candidates)
    if drawn == policy.probes:
        return f"{drawn} probe{'s' if drawn > 1 else ''}, weighted vote"
    after = f"samples up to {drawn}" if run is None else run
    return f"{policy.probes} probe{'s' if policy.probes > 1 else ''}, then {after}, weighted vote over all"
