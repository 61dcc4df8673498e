"""How much work something is, counted, and an end for work that might never come to one.

Seconds tell of the machine and of what else runs on it, so no test of speed asserts on them: it counts. Measured speeds are in
``bench/``.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest


def calls(work: Callable[[], object]) -> int:
    """How many functions this thread calls in ``work``, those written in C too: the same number on every machine."""
    n, before = 0, sys.getprofile()

    def count(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal n
        n += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return n


@contextmanager
def ends(processor_seconds: float = 20.0) -> Iterator[None]:
    """Work within the block comes to an end: it is broken off, and the test fails, after so many seconds of this process.

    What it guards takes a fraction of a second, and with the fault minutes or years, so neither a slow machine nor a busy one
    comes near the bound.
    """
    is_over = False

    def break_off(*_: object) -> None:
        nonlocal is_over
        is_over = True
        pytest.fail(f"this does not end: {processor_seconds:g} seconds of the processor were not enough")

    before = signal.signal(signal.SIGPROF, break_off)
    signal.setitimer(signal.ITIMER_PROF, processor_seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert not is_over, "it was broken off, and went on"


def at_rest(count: Callable[[], int]) -> int:
    """A count, once it has not changed for a second: what is still under way when work is broken off has come to its end."""
    count_before = -1
    while (now := count()) != count_before:
        count_before = now
        time.sleep(1)
    return count_before
