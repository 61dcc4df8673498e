"""Isolated workers: separate processes that do symbolic work, each question under a time and a memory limit.

In: a ``WorkerQuestion``. Out: its boolean answer, or None where the worker ran out of time or memory, or died. A worker is an
interpreter reading questions from a pipe: it works from any thread, under any start method, inside daemonic processes and on any
platform, without signals. It starts when first needed, is replaced when it fails, and ends with this process. Its pipe closes,
and while it computes, a watchdog in the worker ends it at the time limit.
"""

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 30.0  # of processor time, for a worker to import its libraries
PATIENCE = 20.0
MAX_WORKERS = 2


@dataclass(frozen=True, slots=True)
class WorkerQuestion:
    """A task for a worker.

    Where the platform does not tell the processor time, and on an idle machine, that is the time on the clock. On a
    busy one the clock may run up to ``PATIENCE`` times as long, so that verdicts do not depend on what else runs.

    Attributes:
        task: Its name in ``worker_main``.
        arguments: Of the task.
        seconds: Processor time that the worker may spend on it.
    """

    task: str
    arguments: tuple[str | int | bool, ...]
    seconds: float


class _Worker:
    """One process and the thread that reads its answers. Used by one caller at a time."""

    def __init__(self) -> None:
        source = str(Path(__file__).resolve().parents[2])
        search_path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "stepscale.grading.workers.worker_main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search_path, "OMP_NUM_THREADS": "1"},
        )
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self._started = False

    def _read(self) -> None:
        """Pass the worker's one-byte answers on; an empty one says that it has ended."""
        assert self._process.stdout is not None
        while byte := self._process.stdout.read(1):
            self._answers.put(byte)
        self._answers.put(b"")

    def ask(self, question: WorkerQuestion) -> bool | None:
        """Have the worker answer a question. If it cannot in time, it is stopped.

        Args:
            question: What is asked, with its limit of time.

        Returns:
            The answer; None: the worker is dead and must be replaced.
        """
        answer = self._answer(question.seconds) if self._has_started() and self._put(question) else b""
        if answer not in (b"0", b"1"):
            self.stop()
            return None
        return answer == b"1"

    def _has_started(self) -> bool:
        self._started = self._started or self._answer(START_SECONDS) == b"R"
        return self._started

    def _put(self, question: WorkerQuestion) -> bool:
        """Hand the question over; False where the worker has ended."""
        assert self._process.stdin is not None
        line = json.dumps([question.task, question.seconds, *question.arguments])
        try:
            self._process.stdin.write(line.encode("ascii") + b"\n")
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def _answer(self, seconds: float) -> bytes:
        """The next byte, waiting until the worker has had its processor time; empty where none comes."""
        began, spent_before = time.monotonic(), self._processor_seconds()
        wait = seconds
        while (answer := self._next(wait)) is None:
            spent_now = self._processor_seconds()
            if spent_now is None or spent_before is None or time.monotonic() - began > PATIENCE * seconds:
                break
            wait = seconds - (spent_now - spent_before)
            if wait < 0.05 * seconds:
                break
        return answer or b""

    def _processor_seconds(self) -> float | None:
        """Processor time of the worker so far; None where the platform has no /proc."""
        try:
            fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError, AttributeError):
            return None

    def _next(self, seconds: float) -> bytes | None:
        """An answer, empty where the worker has ended; None where none came so soon."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def stop(self) -> None:
        """End the process now; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(OSError):  # an unsent question in the buffer of a broken pipe
                self._process.stdin.close()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None


class WorkerPool:
    """Worker processes, started on demand and shared by all threads.

    Args:
        size: Workers at the most.
    """

    def __init__(self, size: int = MAX_WORKERS) -> None:
        self._size = size
        self._places = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: weakref.WeakSet[_Worker] = weakref.WeakSet()

    def ask(self, question: WorkerQuestion) -> bool | None:
        """Have a worker answer; blocks while all workers are busy.

        Args:
            question: A task whose answer is yes or no.

        Returns:
            The answer; None where none came in time, after which the worker is replaced.
        """
        with self._places:
            with self._lock:
                worker = self._idle.pop() if self._idle else self._started()
                if not worker.alive:  # it died between questions, of nothing that this question did
                    worker = self._started()
            answer = worker.ask(question)
            with self._lock:
                self._idle.append(worker if worker.alive else self._started())
            return answer

    def _started(self) -> _Worker:
        """A new worker, importing its libraries while we go on. The caller holds the lock."""
        worker = _Worker()
        self._all.add(worker)
        return worker

    def ask_many(self, questions: Sequence[WorkerQuestion]) -> list[bool | None]:
        """The answers of many questions, all workers at once.

        Args:
            questions: Each with its own time.

        Returns:
            An answer per question, in order; None where none came in time. Who is interrupted waits for none of them.
        """
        if len(questions) < 2 or self._size < 2:
            return [self.ask(question) for question in questions]
        with ThreadPoolExecutor(min(self._size, len(questions))) as threads:
            try:
                return list(threads.map(self.ask, questions))
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)  # else those that wait get new workers
                self.close()
                raise

    def close(self) -> None:
        """End every worker; a later question starts new ones."""
        with self._lock:
            workers, self._idle = list(self._all), []
            self._all = weakref.WeakSet()
        for worker in workers:
            worker.stop()


_pool = WorkerPool()


def shared_pool() -> WorkerPool:
    """The pool of this process."""
    return _pool


def _forget_after_fork() -> None:
    """A forked child must not share its parent's pipes: it starts workers of its own."""
    global _pool
    _pool = WorkerPool()


atexit.register(lambda: _pool.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
