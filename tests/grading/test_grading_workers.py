"""Isolated workers: limits hold, threads share them, and nothing is left behind."""

import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

import stepscale
from stepscale.grading import grade_many
from stepscale.grading.workers import pool as worker_pool
from stepscale.grading.workers.pool import WorkerPool, WorkerQuestion

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(stepscale.__file__).parents[1])}
TRUE = WorkerQuestion("zero", ("(sqrt(3+2*sqrt(2)))-(1+sqrt(2))",), 5.0)
FALSE = WorkerQuestion("zero", ("(2^x)-(3^x)",), 5.0)
SLOW = WorkerQuestion("lenient", (r"\boxed{\binom{10^9}{10^8}}", r"\boxed{12}", 6, True, False, True, True), 0.3)


@pytest.fixture
def pool() -> Iterator[WorkerPool]:
    pool = WorkerPool(2)
    yield pool
    pool.close()


def ended_children_seconds() -> float:
    """Processor time of all processes that this one started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def test_a_worker_that_exceeds_its_time_is_replaced(pool: WorkerPool) -> None:
    assert pool.ask(TRUE) is True
    (worker,) = pool._idle
    at_start, ended = worker._processor_seconds(), ended_children_seconds()
    assert pool.ask(SLOW) is None
    assert not worker.alive
    # processor time, for the clock of a busy machine says nothing; of 0.3 seconds that it may take
    assert ended_children_seconds() - ended - (at_start or 0) < 10
    assert pool.ask(FALSE) is False


def test_answers_keep_their_order_and_a_slow_question_harms_no_other(pool: WorkerPool) -> None:
    assert pool.ask_many([TRUE, SLOW, FALSE, TRUE]) == [True, None, False, True]


def test_an_interrupt_ends_the_questions_under_way_and_those_that_wait(pool: WorkerPool) -> None:
    endless = replace(SLOW, seconds=600.0)
    assert pool.ask(TRUE) is True
    (first,) = pool._idle
    spent, ended = first._processor_seconds() or 0.0, ended_children_seconds()

    def interrupt() -> None:
        while (first._processor_seconds() or 0.0) < spent + 0.3:  # until it works on its question
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)

    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background has none
    try:
        threading.Thread(target=interrupt, daemon=True).start()
        with pytest.raises(KeyboardInterrupt):
            pool.ask_many([endless] * 8)
    finally:
        signal.signal(signal.SIGINT, handler)
    assert not first.alive
    assert ended_children_seconds() - ended < 300, "of processor time, of 8 x 600 seconds that they might take"
    assert pool.ask(TRUE) is True


def test_ctrl_c_in_the_terminal_does_not_reach_the_workers() -> None:
    """It is sent to all processes of a group. A worker that it ended would be started anew, and import its libraries again."""
    script = """
        import os, signal, time
        from stepscale.grading.workers.pool import WorkerPool, WorkerQuestion

        question, pool = WorkerQuestion("zero", ("(sqrt(3+2*sqrt(2)))-(1+sqrt(2))",), 60.0), WorkerPool(1)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        assert pool.ask(question)
        (worker,) = pool._idle
        try:
            os.killpg(os.getpgid(0), signal.SIGINT)
            time.sleep(600)
        except KeyboardInterrupt:
            pass
        assert pool.ask(question)
        print("the same" if pool._idle == [worker] else "another")
        """
    code = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(code, env=ENVIRONMENT, capture_output=True, text=True, start_new_session=True, check=True)
    assert done.stdout == "the same\n" and not done.stderr


def test_a_worker_killed_from_outside_is_replaced(pool: WorkerPool) -> None:
    assert pool.ask(TRUE) is True
    for worker in list(pool._all):
        worker._process.kill()
        worker._process.wait()
    assert pool.ask(TRUE) is True


def test_a_worker_that_a_busy_machine_holds_up_at_its_start_still_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = WorkerPool(size=1)
    worker = pool._started()
    pool._idle.append(worker)
    os.kill(worker._process.pid, signal.SIGSTOP)
    waits, wait = list[float](), worker._next

    def waited_in_vain_once(seconds: float) -> bytes | None:
        waits.append(seconds)
        if len(waits) > 1:
            return wait(seconds)
        os.kill(worker._process.pid, signal.SIGCONT)
        return None

    monkeypatch.setattr(worker, "_next", waited_in_vain_once)
    assert pool.ask(WorkerQuestion("zero", ("1-1",), seconds=5.0)) is True
    assert waits[0] == worker_pool.START_SECONDS and len(waits) > 2
    pool.close()


def test_threads_share_the_workers() -> None:
    golds = [f"2^n*{k}" for k in range(1, 9)]
    predictions = [f"{k}*2^n+0" for k in range(1, 9)]
    with ThreadPoolExecutor(4) as threads:
        verdicts = list(
            threads.map(lambda pair: grade_many([pair[0]], [pair[1]])[0], zip(predictions, golds, strict=True))
        )
    assert verdicts == [True] * 8


PROGRAM = """
import sys
before = set(sys.modules)
import stepscale.grading as grading
loaded = {name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names
heavy = sorted(loaded - {"stepscale"})
assert grading.is_equivalent("2^n*2", "2^n+2^n")
from stepscale.grading.workers.pool import shared_pool
print(heavy, *[worker._process.pid for worker in shared_pool()._all])
"""


def test_importing_is_light_and_no_worker_outlives_its_process() -> None:
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM)], capture_output=True, text=True, check=True, env=ENVIRONMENT
    )
    heavy, *pids = run.stdout.split()
    assert heavy == "[]", "nothing but the standard library"
    assert pids
    until = time.monotonic() + 120
    while any(lives(int(pid)) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(lives(int(pid)) for pid in pids)


ENDLESS = r"""
from stepscale.grading.workers.pool import WorkerPool, WorkerQuestion
pool = WorkerPool(1)
pool.ask(WorkerQuestion("zero", ("1-1",), 60.0))
print(pool._idle[0]._process.pid, flush=True)
pool.ask(WorkerQuestion("lenient", (r"\boxed{\binom{10^9}{10^8}}", r"\boxed{12}", 6, True, False, True, True), 600.0))
"""


def test_a_worker_in_the_middle_of_a_question_ends_when_its_parent_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as parent:
        assert parent.stdout
        worker = int(parent.stdout.readline())
        time.sleep(0.5)  # by now it works on the question
        parent.kill()
    until = time.monotonic() + 120  # of a question that may take 600 seconds
    while lives(worker) and time.monotonic() < until:
        time.sleep(0.05)
    ended = not lives(worker)
    if not ended:
        os.kill(worker, signal.SIGKILL)
    assert ended


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_forked_child_uses_workers_of_its_own() -> None:
    program = """
    import os, sys
    from stepscale.grading import is_equivalent
    assert is_equivalent("2^n*2", "2^n+2^n")
    child = os.fork()
    if child == 0:
        from stepscale.grading.workers.pool import _pool
        right = is_equivalent("3*2^n", "2^n*3+0")
        _pool.close()
        os._exit(0 if right else 1)
    assert is_equivalent("5*2^n", "2^n*5+0")
    assert os.waitpid(child, 0)[1] == 0
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True, timeout=1200, env=ENVIRONMENT)
