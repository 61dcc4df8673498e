"""Isolated workers: separate processes that do symbolic work, each question under a time and a memory limit.

In: a question (a task name and its strings and numbers). Out: its boolean answer, or None where the worker ran out of time or memory, or died.
A worker is a fresh interpreter reading questions from a pipe, so it works from any thread, under any start method, inside
daemonic processes and on any platform; no signal is used. It is started when first needed, replaced when it fails, and
ends with this process: its pipe closes, and while it computes, a watchdog in the worker ends it at the time limit.
What this module deliberately does not know: mathematics, and what a question means.
"""

import atexit
import json
import os
import queue
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

Question = tuple[str | int | bool, ...]

SECONDS = 0.9  # per question, counted from when the worker is ready to take it
START_SECONDS = 60.0  # for a worker to import its libraries, on a machine that is busy
MAX_WORKERS = 2


class _Worker:
    """One process and the thread that reads its answers. Used by one caller at a time."""

    def __init__(self) -> None:
        source = str(Path(__file__).resolve().parents[2])
        search_path = os.pathsep.join(filter(None, (source, os.environ.get("PYTHONPATH", ""))))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "stepscale.grading.worker_main", str(SECONDS)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search_path, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()
        self._ready = False

    def _read(self) -> None:
        """Pass the worker's one-byte answers on; an empty one says that it has ended."""
        assert self._process.stdout is not None
        while byte := self._process.stdout.read(1):
            self._answers.put(byte)
        self._answers.put(b"")

    def ask(self, question: Question) -> bool | None:
        """The answer; None after which the worker is dead and must be replaced."""
        assert self._process.stdin is not None
        if not self._ready and self._next(START_SECONDS) != b"R":
            return self.stop()
        self._ready = True
        try:
            self._process.stdin.write(json.dumps(question).encode("ascii") + b"\n")
            self._process.stdin.flush()
        except OSError:
            return self.stop()
        answer = self._next(SECONDS)
        return self.stop() if answer not in (b"0", b"1") else answer == b"1"

    def _next(self, seconds: float) -> bytes:
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return b""

    def stop(self) -> None:
        """End the process now; harmless when it has ended."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:  # an unsent question in the buffer of a broken pipe
                pass

    @property
    def alive(self) -> bool:
        return self._process.poll() is None


class Pool:
    """At most `size` workers, started on demand and shared by all threads."""

    def __init__(self, size: int = MAX_WORKERS) -> None:
        self._size = size
        self._places = threading.Semaphore(size)
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._all: weakref.WeakSet[_Worker] = weakref.WeakSet()

    def ask(self, question: Question) -> bool | None:
        """One question; None where no answer came in time. Blocks while all workers are busy."""
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

    def ask_many(self, questions: Sequence[Question]) -> list[bool | None]:
        """The answers in order, all workers at once."""
        if len(questions) < 2 or self._size < 2:
            return [self.ask(question) for question in questions]
        with ThreadPoolExecutor(min(self._size, len(questions))) as threads:
            return list(threads.map(self.ask, questions))

    def close(self) -> None:
        """End every worker; a later question starts new ones."""
        with self._lock:
            workers, self._idle = list(self._all), []
            self._all = weakref.WeakSet()
        for worker in workers:
            worker.stop()


_pool = Pool()


def shared_pool() -> Pool:
    """The pool of this process."""
    return _pool


def _forget_after_fork() -> None:
    """A forked child must not share its parent's pipes: it starts workers of its own."""
    global _pool
    _pool = Pool()


atexit.register(lambda: _pool.close())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)
