"""Threads that draw for all questions: a question's requests join the batch that is being drawn for others.

In: calls from many threads, each with its remaining time. Out: each call's continuations. A call without time left, or
whose client has gone, leaves the batch. There is a thread per core; a question keeps to one of them, which caches
its prefixes.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.serving.callers import Callers
from stepscale.time_limit import OutOfTime, SecondsLeft, seconds_left, time_left

if TYPE_CHECKING:
    from stepscale.generation.continuous import ContinuousBatch, DrawCall

_LOOK_SECONDS = 0.1  # between two looks whether anybody still waits for a call
Drawn = tuple[list[Continuation], int]


@runtime_checkable
class ContinuouslyBatched(Protocol):
    """A generator in this process whose running batch requests may join."""

    def lanes(self) -> "Sequence[ContinuouslyBatched]":
        """Generators that draw side by side, each in its own thread."""
        ...

    def continuous_batch(self, sampling: Sampling) -> "ContinuousBatch":
        """A running batch for the thread that calls this.

        Args:
            sampling: How all its requests are drawn.
        """
        ...

    def clear_cache(self) -> None:
        """Drop the cached prefixes."""
        ...


class _Pending:
    """A call, its time, and the promise of its result."""

    def __init__(self, call: "DrawCall", sampling: Sampling) -> None:
        self.call, self.sampling = call, sampling
        self.left: SecondsLeft = seconds_left()
        self.result: Future[Drawn] = Future()


class DrawingLanes:
    """Draws for many questions, in several threads.

    Args:
        generator: Used by this alone.
        most: Threads; None: as many as the generator has lanes.
    """

    def __init__(self, generator: ContinuouslyBatched, most: int | None = None) -> None:
        self._lanes = [DrawingLane(lane_generator) for lane_generator in generator.lanes()[:most]]
        self._choosing = threading.Lock()

    @contextmanager
    def question(self) -> Iterator["DrawingLane"]:
        """The lane with the fewest questions, which has one more within this block."""
        with ExitStack() as stack:
            with self._choosing:
                lane = min(self._lanes, key=lambda candidate: candidate.n_questions)
                stack.enter_context(lane.caller())
            yield lane

    def close(self) -> None:
        """End the threads after they have finished their open requests."""
        for lane in self._lanes:
            lane.close()


class DrawingLane:
    """One thread that draws for many questions.

    Args:
        generator: Used by this alone.
    """

    def __init__(self, generator: ContinuouslyBatched) -> None:
        self._generator = generator
        self._callers = Callers()  # after a time without any the generator's cache is cleared
        self.caller = self._callers.caller
        self._changed = self._callers.changed
        self._new: list[_Pending] = []
        # Of the thread that draws.
        self._batches: dict[Sampling, ContinuousBatch] = {}
        self._pending: dict[DrawCall, _Pending] = {}
        self._looked = 0.0
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="drawing", daemon=True)
        self._thread.start()

    @property
    def n_questions(self) -> int:
        """Questions that may draw now."""
        with self._changed:
            return self._callers.count

    def close(self) -> None:
        """End the thread after it has finished its open requests."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def draw(self, requests: Sequence[Request], sampling: Sampling, until: Until) -> Drawn:
        """Draw continuations, in a batch with those of other questions.

        Args:
            requests: What is asked for.
            sampling: How tokens are drawn.
            until: Whether a continuation ends with its step or its solution.

        Returns:
            One continuation per request, and the tokens drawn for them that are in none.

        Raises:
            OutOfTime: The time is up. What drawing raises is raised here too.
        """
        if not requests:
            return [], 0
        from stepscale.generation.continuous import DrawCall

        pending = _Pending(DrawCall(requests, sampling.max_new_tokens, until), replace(sampling, max_new_tokens=1))
        with self._changed:
            self._new.append(pending)
            self._changed.notify()
        try:
            while True:
                try:
                    return pending.result.result(timeout=min(_LOOK_SECONDS * 5, time_left()))
                except TimeoutError:
                    continue
        finally:
            pending.left = pending.left if pending.result.done() else lambda: 0.0

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._new or self._pending or self._is_closed)
                if not (self._new or self._pending):
                    return
                arrived, self._new = self._new, []
                is_stale = self._callers.first_caller_after_idle()
            self._end_calls_without_time()
            if is_stale:
                self._start_afresh()
            for pending in arrived:
                self._begin(pending)
            for sampling, batch in list(self._batches.items()):
                self._step(sampling, batch)

    def _start_afresh(self) -> None:
        """Cancel what is still being drawn: its result is no longer needed."""
        self._batches.clear()
        self._pending.clear()
        self._generator.clear_cache()

    def _begin(self, pending: _Pending) -> None:
        try:
            if pending.sampling not in self._batches:
                self._batches[pending.sampling] = self._generator.continuous_batch(pending.sampling)
            self._batches[pending.sampling].add(pending.call)
            self._pending[pending.call] = pending
        except Exception as error:
            pending.result.set_exception(error)

    def _step(self, sampling: Sampling, batch: "ContinuousBatch") -> None:
        """One token for each of a batch; if that fails, all its calls fail, and the next batch starts fresh."""
        if not len(batch):
            return
        try:
            finished = batch.step()
        except Exception as error:
            del self._batches[sampling]
            self._generator.clear_cache()
            for call, pending in list(self._pending.items()):
                if pending.sampling == sampling:
                    del self._pending[call]
                    pending.result.set_exception(error)
            return
        for call in finished:
            continuations = [call.continuations[i] for i in range(len(call.requests))]
            self._pending.pop(call).result.set_result((continuations, call.unseen))

    def _end_calls_without_time(self) -> None:
        if time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for call, pending in list(self._pending.items()):
            if pending.left() <= 0:
                self._batches[pending.sampling].drop(call)
                del self._pending[call]
                pending.result.set_exception(OutOfTime())
