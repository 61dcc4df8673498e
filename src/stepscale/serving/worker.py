"""The place of one process that answers questions, as the server sees it: when the process ends, another one is started.

In: questions from many threads. Out: what the process makes of them. ``worker_process`` is the other side of the pipe,
``workers`` has several such places.
"""

import itertools
import logging
import multiprocessing
import signal
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field

from stepscale.errors import InputError
from stepscale.serving.answering import PolicyAnswer
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.worker_process import Ask, End, OpenAnswerer, Opened, Outcome, Settled, Stop, work
from stepscale.time_limit import seconds_left, time_left

_log = logging.getLogger(__name__)
_SPAWNED = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
_LOOK_SECONDS = 0.5  # between two looks whether anybody still waits for an answer
_PAUSE_SECONDS = 5.0  # after a process that ended before its models were open
_END_SECONDS = 60.0  # that a process has to end by itself


class WorkerLost(Exception):
    """The process that worked on a question has ended: the question may be asked again."""


@dataclass(frozen=True)
class Slot:
    """A place for a question in a process.

    Attributes:
        number: By which process and server call the question.
        answer: The promise of its answer.
    """

    number: int
    answer: "Future[PolicyAnswer]" = field(default_factory=Future)


class Worker:
    """A process, and the next one after it.

    Args:
        open_answerer: Opens the models in the process.
        threads: That products may take there, and threads that draw.
        questions_at_once: The most questions that come at once.

    Attributes:
        opened: Done when the models of the first process are open; else it has what they lack.
    """

    def __init__(self, open_answerer: OpenAnswerer, threads: int, questions_at_once: int) -> None:
        self._arguments = open_answerer, threads, questions_at_once
        self.opened: Future[None] = Future()
        self._changing, self._sending = threading.Lock(), threading.Lock()
        self._is_alive = self._is_open = False  # whether there is a process, and whether it has open models
        self._is_stopped = threading.Event()
        self._waiting: dict[int, Future[PolicyAnswer]] = {}
        self._numbers = itertools.count()
        self._start()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()

    @property
    def load(self) -> tuple[int, int]:
        """By which the least loaded is chosen: a process with open models, one without, none; then its questions."""
        return 2 - self._is_alive - self._is_open, len(self._waiting)

    def take(self) -> Slot:
        """Count a further question as its own, for ``answer``.

        Raises:
            WorkerLost: There is no process.
        """
        with self._changing:
            if not self._is_alive:
                raise WorkerLost("the processes that answer questions have ended; others are started, so ask again")
            slot = Slot(next(self._numbers))
            self._waiting[slot.number] = slot.answer
            return slot

    def answer(self, slot: Slot, question: PolicyQuestion) -> PolicyAnswer:
        """The answer, under the calling thread's time limit.

        Args:
            slot: What ``take`` gave for it.
            question: A checked one.

        Raises:
            OutOfTime: The time is up.
            Unanswered: The process could not answer.
            WorkerLost: The process has ended.
        """
        try:
            self._send(Ask(slot.number, question, seconds_left()()))
            while True:
                try:
                    return slot.answer.result(timeout=min(_LOOK_SECONDS, time_left()))
                except TimeoutError:
                    continue
        finally:
            if not slot.answer.done():
                self._send(End(slot.number))
            self._waiting.pop(slot.number, None)

    def stop(self) -> None:
        """Nothing more is asked, and no other process is started."""
        with self._changing:
            self._is_stopped.set()
        if self._is_open:
            self._send(Stop())
        else:
            self._process.kill()

    def join(self) -> None:
        """Wait until the process has ended."""
        self._process.join(_END_SECONDS)
        self._process.kill()
        self._thread.join()

    def _start(self) -> None:
        """Start a process, unless none should be."""
        with self._changing:
            if self._is_stopped.is_set():
                return
            self._connection, theirs = _SPAWNED.Pipe()
            self._process = _SPAWNED.Process(target=work, args=(theirs, *self._arguments), daemon=True)
            self._process.start()
            theirs.close()
            self._is_alive = True

    def _send(self, message: Ask | End | Stop) -> None:
        """To the process, if it is there; where it is not, ``_run`` tells those who wait."""
        with self._sending, suppress(OSError):
            self._connection.send(message)

    def _run(self) -> None:
        """Hear one process after another."""
        while True:
            with suppress(EOFError, OSError):
                while True:
                    self._hear(self._connection.recv())
            was_open, reason = self._is_open, self._lose()
            if not self.opened.done():
                line = f"a process {reason} before its models were open; let fewer processes answer (--workers)"
                self.opened.set_exception(InputError(line))
            if self.opened.exception():
                return
            while not self._is_stopped.wait(0.0 if was_open else _PAUSE_SECONDS):
                _log.error("a process that answers questions %s; another one is started", reason)
                try:
                    self._start()
                    break
                except OSError as error:
                    was_open, reason = False, f"could not be started ({error})"
            if self._is_stopped.is_set():
                return

    def _hear(self, message: Opened | Settled) -> None:
        """What the process says."""
        match message:
            case Opened(None):
                self._is_open = True
                if not self.opened.done():
                    self.opened.set_result(None)
            case Opened(error) if not self.opened.done():
                self.opened.set_exception(error)
            case Opened(error):
                _log.error("a process cannot open its models any more: %s", error)
            case Settled(number, outcome):
                if future := self._waiting.pop(number, None):
                    _settle(future, outcome)

    def _lose(self) -> str:
        """The process has ended: tell those whose questions it had. Gives how it ended, as a verb."""
        with self._changing:
            self._is_alive = self._is_open = False
            lost, self._waiting = self._waiting, {}
        self._process.join()
        reason = _ended(self._process.exitcode)
        self._connection.close()
        for future in lost.values():
            line = f"the process that worked on this question {reason}; another one is started, so ask again"
            future.set_exception(WorkerLost(line))
        return reason


def _settle(future: "Future[PolicyAnswer]", outcome: Outcome) -> None:
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def _ended(code: int | None) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with exit code {code}"
