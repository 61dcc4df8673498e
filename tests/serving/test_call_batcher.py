"""Calls from many threads are made together, each gets its own result, and none suffers for another."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from stepscale.serving.call_batcher import BatchedCall, CallBatcher
from stepscale.time_limit import OutOfTime, time_left, time_limit

_PATIENCE = 600  # seconds, for a machine that is busy


class Recorder:
    """Doubles numbers, keeps what was asked together, and if told takes until ``go_on`` is set, or nobody has time left."""

    def __init__(self, is_slow: bool = False) -> None:
        self.batches: list[list[Any]] = []
        self.starts, self.begun, self.go_on = 0, threading.Event(), threading.Event()
        if not is_slow:
            self.go_on.set()

    def make(self, calls: Sequence[BatchedCall]) -> list[list[int]]:
        self.batches.append([list(call.items) for call in calls])
        self.begun.set()
        while not self.go_on.wait(0.01):
            time_left()
        return [[2 * int(item) for item in call.items] for call in calls]

    def start(self) -> None:
        self.starts += 1


def together(n: int, call: Callable[[int], Any]) -> list[Any]:
    with ThreadPoolExecutor(n) as threads:
        return list(threads.map(call, range(n)))


def test_calls_that_wait_at_the_same_time_are_made_as_one() -> None:
    recorder = Recorder()
    batcher = CallBatcher(recorder.make, recorder.start)
    ready = threading.Barrier(8)

    def ask(i: int) -> Any:
        with batcher.caller():
            ready.wait()
            return batcher.call([i, 10 * i])

    assert together(8, ask) == [[2 * i, 20 * i] for i in range(8)]
    assert len(recorder.batches) < 4 and recorder.starts == 1


def test_a_call_that_fails_does_not_fail_those_made_with_it() -> None:
    recorder = Recorder()
    batcher = CallBatcher(recorder.make, recorder.start)
    ready = threading.Barrier(3)

    def ask(i: int) -> Any:
        with batcher.caller():
            ready.wait()
            try:
                return batcher.call(["x" if i == 1 else i])
            except ValueError:
                return "failed"

    assert together(3, ask) == [[0], "failed", [4]]


def test_who_has_no_time_left_is_not_waited_for_and_not_worked_for() -> None:
    recorder = Recorder(is_slow=True)
    batcher = CallBatcher(recorder.make, recorder.start)
    with ThreadPoolExecutor(1) as other, batcher.caller():
        slow = other.submit(batcher.call, [1])
        assert recorder.begun.wait(_PATIENCE)
        with pytest.raises(OutOfTime), time_limit(0.2):
            batcher.call([2])
        assert not slow.done()
        recorder.go_on.set()
        assert slow.result() == [2]
    batcher.close()  # which makes what waits
    assert recorder.batches == [[[1]]]


def test_a_call_under_way_ends_when_nobody_has_time_left_for_it() -> None:
    recorder = Recorder(is_slow=True)
    batcher = CallBatcher(recorder.make, recorder.start)
    with pytest.raises(OutOfTime), batcher.caller(), time_limit(0.2):
        batcher.call([1])
    recorder.go_on.wait = lambda _: len(recorder.batches) > 1  # the first call still waits, the next does not
    with batcher.caller(), time_limit(_PATIENCE):
        assert batcher.call([2]) == [4]


def test_models_start_afresh_after_each_time_without_callers() -> None:
    recorder = Recorder()
    batcher = CallBatcher(recorder.make, recorder.start)
    for _ in range(3):
        with batcher.caller():
            batcher.call([1])
            batcher.call([2])
    assert recorder.starts == 3


def test_closing_makes_the_calls_that_wait_and_ends_the_thread() -> None:
    recorder = Recorder(is_slow=True)
    batcher = CallBatcher(recorder.make, recorder.start)
    with ThreadPoolExecutor(3) as asking, batcher.caller(), batcher.caller():
        first = asking.submit(batcher.call, [1])
        assert recorder.begun.wait(_PATIENCE)
        second = asking.submit(batcher.call, [2])
        while not batcher._waiting:
            time.sleep(0.01)
        closing = asking.submit(batcher.close)
        while not batcher._is_closed:
            time.sleep(0.01)
        recorder.go_on.set()
        closing.result()
        assert (first.result(), second.result()) == ([2], [4])
    assert not batcher._thread.is_alive()


def test_a_call_that_runs_out_of_time_while_others_are_waited_for_leaves_the_thread_at_work() -> None:
    recorder = Recorder()
    batcher = CallBatcher(recorder.make, recorder.start)
    with batcher.caller(), batcher.caller():
        for _ in range(5):
            with pytest.raises(OutOfTime), time_limit(1e-3):
                batcher.call([1])
            time.sleep(
                0.1
            )  # the thread has looked for others as long as it does; else the next call may be made at once
        with time_limit(_PATIENCE):
            assert batcher.call([2]) == [4]
