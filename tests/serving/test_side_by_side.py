"""Questions answered side by side get the answers, and the token counts, that each gets alone."""

import math
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from bounded_work import at_rest
from search_fakes import FakeGenerator, random_generator, random_verifier

from stepscale.errors import InputError
from stepscale.generation.cohort import Cohort
from stepscale.serving.answering import Answerer, PolicyAnswer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.service import AnswerService, Overloaded, ServiceLimits
from stepscale.time_limit import Deadline, OutOfTime


class SlowGenerator(FakeGenerator):
    """Takes a moment for each call, and until it is let go on."""

    seconds = 0.0

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.go_on = threading.Event()
        self.go_on.set()

    def generate(self, *arguments: Any) -> Any:
        time.sleep(self.seconds)
        self.go_on.wait(600)
        return super().generate(*arguments)


def service_of(settings: dict[str, Any], seconds: float = 0.0, **limits: int) -> tuple[AnswerService, SlowGenerator]:
    generator = SlowGenerator(random_generator(3).say)
    generator.seconds = seconds
    answerer = Answerer(ServedPolicy.model_validate(settings), generator, random_verifier(0))
    return AnswerService(answerer, ServiceLimits(**limits)), generator


def questions(n: int, **changes: int) -> list[PolicyQuestion]:
    return [PolicyQuestion(f"problem {i}", 6, **changes) for i in range(n)]


def alike(first: Any, second: Any) -> bool:
    """Equal, numbers to 1e-5, as float32 allows: in a batch products are cut another way, and the last digits differ."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(alike(first[key], second[key]) for key in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(alike, first, second))
    return math.isclose(first, second, abs_tol=1e-5) if isinstance(first, float) else bool(first == second)


def to_the_letter(answer: PolicyAnswer) -> dict[str, Any]:
    """All of it but scores, whose last digits depend on how a batch is cut."""
    steps = [step.text for step in answer.steps]
    return {**answer.model_dump(exclude={"steps", "confidence"}), "steps": steps}


def test_answers_and_token_counts_of_the_real_engine_are_those_of_each_question_alone(pieces: dict[str, Path]) -> None:
    answerer = Answerer.load(**pieces)
    batch = [
        PolicyQuestion(
            f"Some friends have pens. Ida has {i}. As many as Ida and 4 more go to Ann. How many pens does Ann have?",
            budget,
        )
        for i in (2, 4)
        for budget in (2, 6)
    ]
    batch.append(
        PolicyQuestion(
            "Some friends have pens. Ida has 3. As many as Ida and 4 more go to Ann. How many pens does Ann have?",
            6,
            max_tokens=12,
        )
    )
    alone = [answerer.answer(question).model_dump() for question in batch]
    service = AnswerService(answerer, ServiceLimits())
    beside = [answer.model_dump() for answer in service.answer_all(batch, Deadline())]
    assert alike(beside, alone)
    assert all(answer["tokens_spent"]["verify"] for answer in alone[:4])


def test_the_real_engines_answers_are_the_same_to_the_letter_whatever_is_asked_beside_them(
    pieces: dict[str, Path],
) -> None:
    answerer = Answerer.load(**pieces)
    batch = [
        PolicyQuestion(
            f"Some friends have pens. Ida has {i}. As many as Ida and {i + 3} more go to Ann. How many pens does Ann have?",
            6,
        )
        for i in range(2, 8)
    ]
    alone = [to_the_letter(answerer.answer(question)) for question in batch]
    service = AnswerService(answerer, ServiceLimits())
    for begin in (0, 3):
        beside = service.answer_all(batch[begin:] + batch[:begin], Deadline())
        assert [to_the_letter(answer) for answer in beside] == alone[begin:] + alone[:begin]


def pens(n: int) -> list[PolicyQuestion]:
    text = "Some friends have pens. Ida has {}. As many as Ida and {} more go to Ann. How many pens does Ann have?"
    return [PolicyQuestion(text.format(i % 8 + 2, i // 8 + 1), 6) for i in range(n)]


def test_a_question_gets_the_same_answer_alone_and_beside_sixty_three_others(pieces: dict[str, Path]) -> None:
    answerer = Answerer.load(**pieces)
    batch = pens(64)
    alone = [to_the_letter(answerer.answer(question)) for question in batch[::21]]
    answerer.policy = answerer.policy.model_copy(update={"questions_per_request": 64})
    service = AnswerService(answerer, ServiceLimits())
    beside = [to_the_letter(answer) for answer in service.answer_all(batch, Deadline())]
    assert beside[::21] == alone


def test_a_question_joins_those_that_are_being_answered(pieces: dict[str, Path], monkeypatch) -> None:
    answerer = Answerer.load(**pieces)
    answerer.generator._lanes = 1  # all in one batch
    widths: list[int] = []
    step = Cohort.step
    service = AnswerService(answerer, ServiceLimits())
    service.answer_all(pens(1), Deadline())
    [lane] = service._answers._models._drawing._lanes

    def until_later_ones_wait(cohort: Cohort) -> Any:
        widths.append(len(cohort))
        while len(widths) == 5 and len(lane._new) < 4:
            time.sleep(0.001)
        return step(cohort)

    monkeypatch.setattr(Cohort, "step", lambda cohort: widths.append(len(cohort)) or step(cohort))
    service.answer_all(pens(1), Deadline())
    steps_of_one = len(widths)
    widths.clear()
    monkeypatch.setattr(Cohort, "step", until_later_ones_wait)
    first = service.submit(pens(4), Deadline())
    while len(widths) < 5:
        time.sleep(0.001)
    later = service.submit(pens(8)[4:], Deadline())
    assert all(future.result().generations for future in (*first, *later))
    assert max(widths) > 8 and len(widths) < 6 * steps_of_one


def test_the_engine_works_no_longer_for_a_question_without_time(pieces: dict[str, Path], monkeypatch) -> None:
    step, n_steps, seconds = Cohort.step, 0, 0.0

    def slow(cohort: Cohort) -> Any:
        nonlocal n_steps
        n_steps += 1
        time.sleep(seconds)
        return step(cohort)

    monkeypatch.setattr(Cohort, "step", slow)
    service = AnswerService(Answerer.load(**pieces), ServiceLimits())
    service.answer_all(pens(3), Deadline())
    n_whole, n_steps, seconds = n_steps, 0, 0.4
    with pytest.raises(OutOfTime):
        service.answer_all(pens(3), Deadline(0.5))  # the time is up in the second step; a busy machine tells it later
    assert at_rest(lambda: n_steps) < n_whole
    monkeypatch.setattr(Cohort, "step", step)
    assert service.answer_all(pens(1), Deadline())


def test_what_fails_in_the_engine_fails_its_question_and_the_next_is_answered(pieces, monkeypatch) -> None:
    service = AnswerService(Answerer.load(**pieces), ServiceLimits())
    expected = to_the_letter(service.answer_all(pens(1), Deadline())[0])

    def fail(_: Cohort) -> None:
        raise RuntimeError("no memory")

    step = Cohort.step
    monkeypatch.setattr(Cohort, "step", fail)
    with pytest.raises(RuntimeError, match="no memory"):
        service.answer_all(pens(2), Deadline())
    monkeypatch.setattr(Cohort, "step", step)
    assert to_the_letter(service.answer_all(pens(1), Deadline())[0]) == expected


def test_draws_and_seeds_of_a_question_are_independent(settings) -> None:
    service, generator = service_of(settings)
    for changes in ({}, {"draw": 1}, {"seed": 1}, {"draw": 1, "seed": 1}):
        service.answer_all(questions(1, **changes), Deadline())
    first = [requests[0].seed for until, _, requests in generator.calls if until == "solution"]
    assert len(set(first)) >= 4


def test_more_questions_than_are_taken_are_refused_before_anything_is_computed(settings) -> None:
    service, generator = service_of({**settings, "questions_per_request": 9}, questions_at_once=2, questions_waiting=3)
    with pytest.raises(InputError, match="10 questions, at most 5"):
        service.submit(questions(10), Deadline())
    with pytest.raises(InputError, match="6 questions, at most 5"):
        service.submit(questions(6), Deadline())
    assert not generator.calls
    generator.go_on.clear()
    running = service.submit(questions(4), Deadline())
    with pytest.raises(Overloaded, match="4 questions are being answered"):
        service.submit(questions(2), Deadline())
    generator.go_on.set()
    assert all(future.result().generations for future in running)
    assert service.answer_all(questions(5), Deadline()), "places are free again"


def test_the_work_ends_with_the_deadline_and_the_next_request_is_answered(settings) -> None:
    service, generator = service_of(settings, seconds=0.2, questions_at_once=1)
    with pytest.raises(OutOfTime):
        service.answer_all(questions(20), Deadline(0.5))
    assert at_rest(lambda: len(generator.calls)) < 20, "not all of them, nor goes anything on"
    generator.seconds = 0.0
    assert service.answer_all(questions(1), Deadline(600.0))


def test_what_was_submitted_is_finished_when_the_service_closes(settings) -> None:
    service, generator = service_of(settings, seconds=0.1, questions_at_once=2)
    futures = service.submit(questions(4), Deadline())
    service.close()
    assert all(future.done() and future.result().generations for future in futures)
    assert generator.calls
