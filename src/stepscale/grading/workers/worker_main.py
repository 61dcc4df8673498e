"""The worker's side of ``pool.py``: read a question, answer it with one byte, until the pipe closes.

Started as ``python -m stepscale.grading.workers.worker_main``. A question is a line of JSON: task, seconds, arguments. The
worker limits its own memory where the platform can. Its parent kills it at the time limit. Should the parent be gone, the
worker ends within a second or so; where one long big-integer operation lets no thread in, a watchdog of the C runtime ends
it later. Ctrl-C in the terminal reaches it too and is left to the parent, who would only start another worker.
"""

import faulthandler
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping

from stepscale.grading.workers.pool import PATIENCE

MEMORY_BYTES = 2 * 1024**3
_MAX_RECURSION_DEPTH = 5_000  # deep expressions are legitimate; this stays far below what the C stack can hold
_LOOK_SECONDS = 1.0  # between two looks for the parent
Tasks = Mapping[str, Callable[..., bool]]


def main() -> None:
    """Serve questions until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after, args=(os.getppid(),), daemon=True).start()
    tasks = _imported()
    _limit_memory()
    sys.setrecursionlimit(_MAX_RECURSION_DEPTH)
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    sys.stdout = sys.stderr = nowhere = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the whole life
    answers.write(b"R")
    while message := questions.readline():
        task, seconds, *arguments = json.loads(message)
        faulthandler.dump_traceback_later((PATIENCE + 1) * seconds, exit=True, file=nowhere)
        answers.write(_answer(tasks[task], arguments))
        faulthandler.cancel_dump_traceback_later()


def _end_after(parent: int) -> None:
    """End this process once its parent has ended: nobody would read the answer."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)


def _imported() -> Tasks:
    """The tasks by name, with their libraries."""
    from stepscale.grading.algebra.symbolic import simplify_to_zero
    from stepscale.grading.lenient.library import library_accepts

    return {"zero": simplify_to_zero, "lenient": library_accepts}


def _answer(task: Callable[..., bool], arguments: list[str | int | bool]) -> bytes:
    try:
        return b"1" if task(*arguments) else b"0"
    except Exception:  # a library that fails on an answer has not accepted it (MemoryError, RecursionError among them)
        return b"0"


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # not on Windows
        return
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = MEMORY_BYTES if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    except (OSError, ValueError):  # a platform may know the limit and refuse to set it
        return


if __name__ == "__main__":
    main()
