"""Answers questions by the policy: draw probes, estimate the difficulty, act as the policy says, all within the budget.

In: a Generator, a Verifier, a ``ServedPolicy`` and questions. Out: a ``PolicyAnswer`` per question. The work is that of
``search.online``. The same question gets the same answer, whatever was asked before. Its seed is made of the run's seed, the
problem and the budget, and nothing is remembered from one question to the next. Model output is only ever treated as text.
"""

import math
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from stepscale.errors import InputError
from stepscale.estimators.online_policy import OnlinePolicy
from stepscale.generation.contract import Generator, Sampling
from stepscale.search.online import search_online
from stepscale.search.results import Problem, SearchResult
from stepscale.seeds import seed_for
from stepscale.serving.policy import BudgetPolicy, ServedPolicy
from stepscale.serving.question import PolicyQuestion
from stepscale.verifiers.contract import Verifier


class ScoredStep(BaseModel):
    """A step of the solution, and P(it is right) by the verifier."""

    text: str
    score: float


class Spent(BaseModel):
    """Tokens passed through a model, once each: read by the generator, written by it, read by the verifier."""

    prefill: int
    decode: int
    verify: int
    total: int


class PolicyAnswer(BaseModel):
    """The reply. ``answer`` is null, and there are no steps, if no solution reached one."""

    model_config = ConfigDict(frozen=True)

    answer: str | None
    confidence: float = Field(
        description="P(the answer is right) if calibrated; else sum of the scores of the solutions with it / solutions drawn"
    )
    calibrated: bool = Field(description="whether confidence was fitted to validation problems")
    steps: list[ScoredStep] = Field(description="of the best-scored solution with this answer")
    strategy: str = Field(description="what was done, in words")
    difficulty: int = Field(description="bin by the probes, 1 the easiest")
    generations: int = Field(description="spent, probes included; at most the budget")
    tokens_spent: Spent


class Answerer:
    """Answers questions with one generator and one verifier.

    Args:
        policy: What to do within which budget.
        generator: Writes the solutions.
        verifier: Scores their steps.
        most_tokens: Of a prompt.
    """

    def __init__(
        self, policy: ServedPolicy, generator: Generator, verifier: Verifier, most_tokens: float = math.inf
    ) -> None:
        self.policy, self.generator, self.verifier = policy, generator, verifier
        self._most_tokens = most_tokens

    @classmethod
    def load(cls, policy: Path, generator: Path, prm: Path) -> "Answerer":
        """From the file and the two model folders.

        Args:
            policy: The policy's file.
            generator: The generator's folder.
            prm: The PRM's folder.

        Returns:
            What answers questions by that policy.

        Raises:
            InputError: One of them is missing or damaged.
        """
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
        return cls(saved, writer, verifier, room_for_prompt(writer.context, saved.sampling.max_new_tokens))

    def answer(self, question: PolicyQuestion) -> PolicyAnswer:
        """The answer to one question.

        Args:
            question: Not checked yet.

        Returns:
            The answer, with its confidence and cost.

        Raises:
            InputError: As ``check`` raises it.
            OutOfTime: The time limit is over before there is an answer.
        """
        self.check(question)
        return self.answer_with(question, self.generator, self.verifier)

    def check(self, question: PolicyQuestion) -> None:
        """Check a question before anything is drawn for it.

        Args:
            question: The problem and its budget.

        Raises:
            InputError: It is too long for the generator, or its budget is below the smallest that was learned.
        """
        tokens = len(self.generator.encode_prompt(question.problem))
        if tokens > self._most_tokens:
            raise InputError(
                f"problem is too long: {tokens} tokens with its prompt, the generator has room for {self._most_tokens}"
            )
        self.policy.within(question.budget)

    def answer_with(self, question: PolicyQuestion, generator: Generator, verifier: Verifier) -> PolicyAnswer:
        """The answer to a checked question, by the given models in place of this object's own.

        Args:
            question: As checked by ``check``.
            generator: Acts as this one's.
            verifier: Acts as this one's PRM.

        Returns:
            The answer, with its confidence and cost.

        Raises:
            OutOfTime: The time is limited and up.
        """
        served, budget = self.policy, self.policy.within(question.budget)
        purpose = f"answer within {question.budget}" + (f" by seed {question.seed}" if question.seed else "")
        sampling = served.sampling.model_dump()
        sampling["max_new_tokens"] = min(sampling["max_new_tokens"], question.max_tokens)
        [result] = search_online(
            [Problem("question", question.problem)],
            generator,
            verifier,
            budget.policy,
            served.runs,
            Sampling(**sampling),
            run_seed=seed_for(served.seed, purpose, question.problem, question.draw),
            aggregation=served.aggregation,
            neutral_is=served.neutral_is,
            rules=served.grading_rules,
        )
        return _policy_answer(result, budget)


def room_for_prompt(context: int, max_new_tokens: int) -> int:
    """The longest prompt (tokens) that leaves room for a whole solution, or, if there is none, for one token.

    Args:
        context: Tokens that the generator can hold.
        max_new_tokens: Longest solution (tokens).

    Returns:
        A number of tokens.
    """
    return context - max_new_tokens if context > max_new_tokens else context - 1


def _policy_answer(result: SearchResult, budget: BudgetPolicy) -> PolicyAnswer:
    policy = budget.policy
    probes = result.candidates[: policy.probes]
    difficulty = policy.bin(sum(c.score or 0.0 for c in probes) / len(probes))
    solution = None if result.chosen is None else result.candidates[result.chosen]
    scored = zip(solution.steps, solution.step_scores, strict=True) if solution else ()
    models, confidence = result.ledger.models.values(), result.confidence or 0.0
    if budget.calibration and result.answer is not None:
        confidence = budget.calibration.of(confidence)
    return PolicyAnswer(
        answer=result.answer,
        confidence=confidence,
        calibrated=budget.calibration is not None,
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
