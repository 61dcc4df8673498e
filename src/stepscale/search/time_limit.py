"""A limit on the time that searches may take: the work ends with it, not only the wait for its result.

The limit holds for the thread that sets it. It is looked at before each call of a model, so a call under way is finished.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_END: ContextVar[float] = ContextVar("end", default=float("inf"))


class OutOfTime(Exception):
    """The time of a search is up."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Searches within this block raise ``OutOfTime`` once so many seconds have gone by; None: never."""
    end = float("inf") if seconds is None else time.monotonic() + seconds
    token = _END.set(min(end, _END.get()))
    try:
        yield
    finally:
        _END.reset(token)


def time_left() -> float:
    """Seconds until the limit; infinite without one. Raises OutOfTime when none are left."""
    left = _END.get() - time.monotonic()
    if left <= 0:
        raise OutOfTime
    return left
