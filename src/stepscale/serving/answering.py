"""Questions answered by the policy: probe, tell the difficulty, then what the policy says, all within the budget.

In: a Generator, a Verifier, a ``ServedPolicy`` and questions. Out: a ``PolicyAnswer`` per question. The work is that of
``search.online``. The same question gets the same answer, whatever was asked before: its seed is made of the run's seed, the
problem and the budget, and nothing is remembered from one question to the next. What a model wrote is text, and stays text.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from stepscale.errors import InputError
from stepscale.estimators.online_policy import OnlinePolicy
from stepscale.generation.contract import Generator, Sampling, start_afresh
from stepscale.search.online import search_online
from stepscale.search.results import Problem, SearchResult
from stepscale.seeds import seed_for
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion
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


class PolicyAnswer(BaseModel):
    """What is given back. ``answer`` is null, and there are no steps, if no solution reached one."""

    model_config = ConfigDict(frozen=True)

    answer: str | None
    confidence: float = Field(
        description="sum of the scores of the solutions with this answer / solutions drawn; 0 to 1"
    )
    steps: list[ScoredStep] = Field(description="of the best-scored solution with this answer")
    strategy: str = Field(description="what was done, in words")
    difficulty: int = Field(description="bin by the probes, 1 the easiest")
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
        from stepscale.generation.open_generator import open_model
        from stepscale.verifiers.open_verifier import open_verifier

        saved = ServedPolicy.read(policy)
        writer = open_model(
            generator,
            prompt_template=saved.prompt,
            ends_before=saved.ends_before,
            name=None,
            placement=saved.generator,
        )
        verifier = open_verifier(prm, "prm", saved.verifier)
        room = writer.context - saved.sampling.max_new_tokens
        return cls(saved, writer, verifier, room if room > 0 else writer.context - 1)

    @property
    def questions_per_request(self) -> int:
        """Questions that one request may hold."""
        return self._policy.questions_per_request

    def answer(self, question: PolicyQuestion) -> PolicyAnswer:
        """The answer to one question. Raises InputError if it is too long for the generator."""
        return self.answer_all([question])[0]

    def answer_all(self, questions: Sequence[PolicyQuestion]) -> list[PolicyAnswer]:
        """An answer to each question, in order, each as if asked alone; all are checked before the first is answered.

        Raises:
            InputError: A question is too long for the generator, or its budget is below the smallest that was learned.
            OutOfTime: The block that calls has a ``time_limit``, and it is up.
        """
        for question in questions:
            self._check(question)
            self._policy.within(question.budget)
        return [self._answer(question) for question in questions]

    def _check(self, question: PolicyQuestion) -> None:
        tokens = len(self._generator.encode_prompt(question.problem))
        if self._most_tokens is not None and tokens > self._most_tokens:
            raise InputError(
                f"problem is too long: {tokens} tokens with its prompt, the generator has room for {self._most_tokens}"
            )

    def _answer(self, question: PolicyQuestion) -> PolicyAnswer:
        policy = self._policy.within(question.budget).policy
        seed = seed_for(self._policy.seed, f"answer within {question.budget}", question.problem)
        for model in (self._generator, self._verifier):
            start_afresh(model)
        [result] = search_online(
            [Problem("question", question.problem)],
            self._generator,
            self._verifier,
            policy,
            self._policy.runs,
            Sampling(**self._policy.sampling.model_dump()),
            run_seed=seed,
            aggregation=self._policy.aggregation,
            neutral_is=self._policy.neutral_is,
            rules=self._policy.grading_rules,
        )
        return _policy_answer(result, policy)


def _policy_answer(result: SearchResult, policy: OnlinePolicy) -> PolicyAnswer:
    probes = result.candidates[: policy.probes]
    difficulty = policy.bin(sum(c.score or 0.0 for c in probes) / len(probes))
    solution = None if result.chosen is None else result.candidates[result.chosen]
    scored = zip(solution.steps, solution.step_scores, strict=True) if solution else ()
    models = result.ledger.models.values()
    return PolicyAnswer(
        answer=result.answer,
        confidence=result.confidence or 0.0,
        steps=[ScoredStep(text=text, score=score) for text, score in scored],
        strategy=_strategy(result, policy, policy.actions[difficulty - 1].run),
        difficulty=difficulty,
        generations=result.budget,
        tokens_spent=Spent(
            prefill=sum(cost.prefill for cost in models),
            decode=sum(cost.decode for cost in models),
            verify=sum(cost.verify for cost in models),
            total=result.ledger.tokens,
        ),
    )


def _strategy(result: SearchResult, policy: OnlinePolicy, run: str | None) -> str:
    n_solutions = len(result.candidates)
    if n_solutions == policy.probes:
        return f"{n_solutions} probe{'s' if n_solutions > 1 else ''}, weighted vote"
    after = f"samples up to {n_solutions}" if run is None else run
    return f"{policy.probes} probe{'s' if policy.probes > 1 else ''}, then {after}, weighted vote over all"
