"""Questions are dealt to threads that draw; no thread waits for another, fails with it, or outlives the service."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from stepscale.generation.continuous import DrawCall
from stepscale.generation.contract import Continuation, Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.serving.answering import Answerer
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.service import AnswerService, ServiceLimits
from stepscale.serving.shared_drawing import DrawingLane, DrawingLanes
from stepscale.time_limit import Deadline

SAMPLING = Sampling(max_new_tokens=5)


class FakeLane:
    """Draws the name of the lane for each request; ``before_step`` may wait or fail."""

    def __init__(self, name: int) -> None:
        self.name, self.n_cleared = name, 0
        self.before_step: Callable[[], object] = lambda: None
        self.waiting: list[DrawCall] = []

    def continuous_batch(self, sampling: Sampling) -> "FakeLane":
        self.waiting = []
        return self

    def clear_cache(self) -> None:
        self.n_cleared += 1

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, call: DrawCall) -> None:
        self.waiting.append(call)

    def drop(self, call: DrawCall) -> None:
        self.waiting.remove(call)

    def step(self) -> list[DrawCall]:
        self.before_step()
        batch_calls, self.waiting = self.waiting, []
        for call in batch_calls:
            call.continuations = {
                i: Continuation((self.name,), (0.0,), "solution", ()) for i in range(len(call.requests))
            }
        return batch_calls


class FakeGenerator:
    """Several lanes."""

    def __init__(self, n: int) -> None:
        self.fakes = [FakeLane(name) for name in range(n)]

    def lanes(self) -> Sequence[FakeLane]:
        return self.fakes


def drawn_by(lane: DrawingLane) -> int:
    """The name of the lane that drew."""
    [continuation], _ = lane.draw([Request((1,), 0)], SAMPLING, "solution")
    return continuation.tokens[0]


def test_a_question_goes_to_the_lane_with_the_fewest_and_keeps_to_it() -> None:
    lanes = DrawingLanes(FakeGenerator(2))
    with ExitStack() as longer:
        with ExitStack() as shorter:
            names = []
            for i in range(6):
                lane = (shorter if i % 2 else longer).enter_context(lanes.question())
                names.append({drawn_by(lane) for _ in range(3)})
            assert names == [{0}, {1}] * 3
        for _ in range(3):
            assert drawn_by(longer.enter_context(lanes.question())) == 1, "three have left lane 1"
        assert drawn_by(longer.enter_context(lanes.question())) == 0
    lanes.close()


def test_lanes_draw_at_the_same_time() -> None:
    generator = FakeGenerator(2)
    both = threading.Barrier(2)
    for fake in generator.fakes:
        fake.before_step = lambda: both.wait(timeout=60)
    lanes = DrawingLanes(generator)
    with lanes.question() as one, lanes.question() as other, ThreadPoolExecutor(2) as asking:
        assert list(asking.map(drawn_by, (one, other))) == [0, 1]
    lanes.close()


def test_a_lane_that_fails_fails_its_own_questions_and_draws_again() -> None:
    generator = FakeGenerator(2)
    slow, failing = generator.fakes
    failed = threading.Event()

    def fail() -> None:
        raise RuntimeError("no memory")

    slow.before_step, failing.before_step = lambda: failed.wait(60), fail
    lanes = DrawingLanes(generator)
    with lanes.question() as one, lanes.question() as other, ThreadPoolExecutor(1) as asking:
        beside = asking.submit(drawn_by, one)
        with pytest.raises(RuntimeError, match="no memory"):
            drawn_by(other)
        failed.set()
        assert beside.result() == 0
        failing.before_step = lambda: None
        assert drawn_by(other) == 1
        assert slow.n_cleared == 1, "when its first question came, and not when the other lane failed"
    lanes.close()


def test_a_lane_without_questions_clears_its_cache_while_another_goes_on() -> None:
    generator = FakeGenerator(2)
    lanes = DrawingLanes(generator)
    with lanes.question() as staying:
        drawn_by(staying)
        for _ in range(3):
            with lanes.question() as passing:
                assert drawn_by(passing) == 1
            drawn_by(staying)
    assert [fake.n_cleared for fake in generator.fakes] == [1, 3]
    lanes.close()


def test_closing_finishes_what_is_asked_and_ends_all_threads(pieces: dict[str, Path]) -> None:
    before = set(threading.enumerate())
    answerer = Answerer.load(**pieces)
    answerer.generator._lanes = 2
    service = AnswerService(answerer, ServiceLimits())
    futures = service.submit([PolicyQuestion("1+1", 2), PolicyQuestion("1+2", 2)], Deadline())
    assert len([thread for thread in threading.enumerate() if thread.name == "drawing" and thread not in before]) == 2
    service.close()
    assert all(future.result().generations for future in futures)
    assert set(threading.enumerate()) <= before


def test_lanes_of_the_engine_share_weights_and_have_caches_of_their_own(pieces: dict[str, Path]) -> None:
    generator = LocalGenerator.load(pieces["generator"])
    generator._lanes = 3
    lanes = generator.lanes()
    assert lanes[0] is generator and len({id(lane._network) for lane in lanes}) == 1
    assert len({id(lane._prefix_cache) for lane in lanes}) == len({id(lane._arenas) for lane in lanes}) == 3
    generator._on_one_core = False
    assert generator.lanes() == [generator], "the products of a large model take all cores"


def test_answers_do_not_depend_on_the_number_of_lanes(pieces: dict[str, Path]) -> None:
    text = "Some friends have pens. Ida has {}. As many as Ida and 4 more go to Ann. How many pens does Ann have?"
    questions = [PolicyQuestion(text.format(i), 6) for i in range(2, 10)]
    answers = []
    for n in (1, 3):
        answerer = Answerer.load(**pieces)
        answerer.generator._lanes = n
        service = AnswerService(answerer, ServiceLimits())
        replies = [answer.model_dump() for answer in service.answer_all(questions, Deadline())]
        answers.append(
            [(one["answer"], one["tokens_spent"], [step["text"] for step in one["steps"]]) for one in replies]
        )
        service.close()
    assert answers[0] == answers[1]
