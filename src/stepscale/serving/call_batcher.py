"""Combines calls of many threads: two threads that call a model at the same time cost little more than one.

In: calls, each with its items. Out: each call's results. One thread makes all calls that wait. Knows nothing about what is
called.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from stepscale.serving.callers import Callers
from stepscale.time_limit import OutOfTime, SecondsLeft, seconds_left, time_left, within

_GATHER_SECONDS = 0.01  # that a call waits for one more, unless all who may call wait already
_GATHER_ROUNDS = 3  # how often at most
_LOOK_SECONDS = 0.5  # between two looks whether anybody still waits for a call under way


@dataclass(eq=False)
class BatchedCall:
    """Some items for a model that a call asks for.

    Attributes:
        items: What the model is given; what they are is up to ``make``.
        left: Seconds that the caller still waits.
        result: The promise of what ``make`` gives for this call.
    """

    items: Sequence[Any]
    left: SecondsLeft
    result: Future[Any] = field(default_factory=Future)


class CallBatcher:
    """Makes calls together.

    Args:
        make: Makes some calls; gives a result for each, in order.
        start_afresh: Called before the first call after a time without callers.
    """

    def __init__(
        self, make: Callable[[Sequence[BatchedCall]], Sequence[Any]], start_afresh: Callable[[], None]
    ) -> None:
        self._make, self._start_afresh = make, start_afresh
        self._callers = Callers()
        self.caller = self._callers.caller
        self._changed = self._callers.changed
        self._waiting: list[BatchedCall] = []
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="call-batcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, which makes the calls that wait first."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def call(self, items: Sequence[Any]) -> Any:
        """The result of a call, made together with those of other threads.

        Args:
            items: What the model is given.

        Returns:
            What ``make`` gives for this call.

        Raises:
            OutOfTime: Its time is up before it is made. What making it raises is raised here too.
        """
        call = BatchedCall(items, seconds_left())
        with self._changed:
            self._waiting.append(call)
            self._changed.notify_all()
        try:
            while True:
                try:
                    return call.result.result(timeout=min(_LOOK_SECONDS, time_left()))
                except TimeoutError:
                    continue
        finally:
            with self._changed:
                if call in self._waiting:
                    self._waiting.remove(call)

    def _work(self) -> None:
        while True:
            calls = self._next()
            if self._is_closed and not calls:
                return
            self._finish(calls)

    def _next(self) -> list[BatchedCall]:
        """All waiting calls, a moment after the first; none if the batcher is closed, or if all ran out of time meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            for _ in range(_GATHER_ROUNDS):
                if len(self._waiting) >= self._callers.count or not self._changed.wait(_GATHER_SECONDS):
                    break
            if self._callers.first_caller_after_idle():
                self._start_afresh()
            calls, self._waiting = self._waiting, []
            return calls

    def _finish(self, calls: Sequence[BatchedCall]) -> None:
        """Make the calls together; if that fails, one by one, so that no call fails because of another."""
        if not calls:
            return
        try:
            with within(lambda: _left(calls)):
                time_left()
                results = self._make(calls)
        except Exception as error:
            if len(calls) == 1 or isinstance(error, OutOfTime):
                for call in calls:
                    call.result.set_exception(error)
                return
            for call in calls:
                self._finish([call])
            return
        for call, result in zip(calls, results, strict=True):
            call.result.set_result(result)


def _left(calls: Sequence[BatchedCall]) -> float:
    """Seconds left to the first call that has any; 0 if none has. It is asked at every token."""
    return next((seconds_left for call in calls if (seconds_left := call.left()) > 0), 0.0)
