"""Questions answered side by side get the answers, and the token counts, that each gets alone."""

import math
import time
from pathlib import Path
from typing import Any

import pytest
from search_fakes import FakeGenerator, random_generator, random_verifier

from stepscale.errors import InputError
from stepscale.generation.contract import Sampling
from stepscale.serving.answering import Answerer, PolicyAnswer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.service import AnswerService, Overloaded, ServiceLimits
from stepscale.time_limit import Deadline, OutOfTime


class EngineGenerator(FakeGenerator):
    """A fake that works in this process: its calls are made together. Takes a moment for each."""

    seconds = 0.0

    def forget(self) -> None:
        pass

    def generate(self, *arguments: Any) -> Any:
        time.sleep(self.seconds)
        return super().generate(*arguments)


def service_of(settings: dict[str, Any], seconds: float = 0.0, **limits: int) -> tuple[AnswerService, EngineGenerator]:
    generator = EngineGenerator(random_generator(3).say)
    generator.seconds = seconds
    answerer = Answerer(ServedPolicy.model_validate(settings), generator, random_verifier(0))
    return AnswerService(answerer, ServiceLimits(**limits)), generator


def questions(n: int, **changes: int) -> list[PolicyQuestion]:
    return [PolicyQuestion(f"problem {i}", 6, **changes) for i in range(n)]


def alike(one: Any, other: Any) -> bool:
    """Equal, numbers to 1e-5, as float32 allows: in a batch products are cut another way, and the last digits differ."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return math.isclose(one, other, abs_tol=1e-5) if isinstance(one, float) else bool(one == other)


def to_the_letter(answer: PolicyAnswer) -> dict[str, Any]:
    """All of it but scores, whose last digits depend on how a batch is cut."""
    steps = [step.text for step in answer.steps]
    return {**answer.model_dump(exclude={"steps", "confidence"}), "steps": steps}


def test_answers_and_token_counts_of_the_real_engine_are_those_of_each_question_alone(pieces: dict[str, Path]) -> None:
    answerer = Answerer.load(**pieces)
    asked = [
        PolicyQuestion(
            f"Some friends have pens. Ida has {i}. As many as Ida and 4 more go to Ann. How many pens does Ann have?",
            budget,
        )
        for i in (2, 4)
        for budget in (2, 6)
    ]
    asked.append(
        PolicyQuestion(
            "Some friends have pens. Ida has 3. As many as Ida and 4 more go to Ann. How many pens does Ann have?",
            6,
            max_tokens=12,
        )
    )
    alone = [answerer.answer(question).model_dump() for question in asked]
    service = AnswerService(answerer, ServiceLimits())
    beside = [answer.model_dump() for answer in service.answer_all(asked, Deadline())]
    assert alike(beside, alone)
    assert all(answer["tokens_spent"]["verify"] for answer in alone[:4])


def test_the_real_engines_answers_are_the_same_to_the_letter_whatever_is_asked_beside_them(
    pieces: dict[str, Path],
) -> None:
    answerer = Answerer.load(**pieces)
    asked = [
        PolicyQuestion(
            f"Some friends have pens. Ida has {i}. As many as Ida and {i + 3} more go to Ann. How many pens does Ann have?",
            6,
        )
        for i in range(2, 8)
    ]
    alone = [to_the_letter(answerer.answer(question)) for question in asked]
    service = AnswerService(answerer, ServiceLimits())
    for begin in (0, 3):
        beside = service.answer_all(asked[begin:] + asked[:begin], Deadline())
        assert [to_the_letter(answer) for answer in beside] == alone[begin:] + alone[:begin]


def test_calls_of_several_questions_become_one_call_of_the_generator(settings) -> None:
    service, generator = service_of(settings)
    alone = [service.answerer.answer(question) for question in questions(12)]
    calls, generator.seconds = len(generator.calls), 0.05
    generator.calls.clear()
    beside = service.answer_all(questions(12), Deadline())
    assert [(one.answer, one.steps, one.generations) for one in beside] == [
        (one.answer, one.steps, one.generations) for one in alone
    ]
    assert len(generator.calls) < calls / 2


def test_a_question_with_fewer_tokens_is_cut_at_its_own_limit_in_a_shared_call(settings) -> None:
    service, generator = service_of(settings)
    short = [PolicyQuestion(f"problem {i}", 4, max_tokens=33 + i) for i in range(6)]
    alone = [service.answerer.answer(question) for question in short]
    beside = service.answer_all(short, Deadline())
    assert [one.steps for one in beside] == [one.steps for one in alone]
    assert any(isinstance(how, Sampling) and how.max_new_tokens == 38 for _, how, _ in generator.calls)


def test_draws_and_seeds_of_a_question_are_independent(settings) -> None:
    service, generator = service_of(settings)
    for changes in ({}, {"draw": 1}, {"seed": 1}, {"draw": 1, "seed": 1}):
        service.answer_all(questions(1, **changes), Deadline())
    first = [requests[0].seed for until, _, requests in generator.calls if until == "solution"]
    assert len(set(first)) >= 4


def test_more_questions_than_are_taken_are_refused_before_anything_is_computed(settings) -> None:
    service, generator = service_of({**settings, "questions_per_request": 9}, questions_at_once=2, questions_waiting=3)
    with pytest.raises(InputError, match="10 questions, at most 9"):
        service.submit(questions(10), Deadline())
    with pytest.raises(Overloaded, match="0 questions are being answered or wait, and 5 are taken"):
        service.submit(questions(6), Deadline())
    assert not generator.calls
    generator.seconds = 0.2
    running = service.submit(questions(4), Deadline())
    with pytest.raises(Overloaded, match="4 questions are being answered"):
        service.submit(questions(2), Deadline())
    assert all(future.result().generations for future in running)
    assert service.answer_all(questions(5), Deadline()), "places are free again"


def test_the_work_ends_with_the_deadline_and_the_next_request_is_answered(settings) -> None:
    service, generator = service_of(settings, seconds=0.2, questions_at_once=1)
    with pytest.raises(OutOfTime):
        service.answer_all(questions(20), Deadline(0.5))
    time.sleep(0.4)
    calls = len(generator.calls)
    time.sleep(0.5)
    assert len(generator.calls) == calls, "nothing goes on"
    generator.seconds = 0.0
    assert service.answer_all(questions(1), Deadline(5.0))


def test_what_was_submitted_is_finished_when_the_service_closes(settings) -> None:
    service, generator = service_of(settings, seconds=0.1, questions_at_once=2)
    futures = service.submit(questions(4), Deadline())
    service.close()
    assert all(future.done() and future.result().generations for future in futures)
    assert generator.calls
