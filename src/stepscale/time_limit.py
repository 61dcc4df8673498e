"""A limit on the time that work may take: the work ends with it, not only the wait for its result.

The limit holds for the thread that sets it, and for lanes that work for it. It is looked at before each call of a model, and by
generators before each token or request of a call.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SecondsLeft = Callable[[], float]
_LEFT: ContextVar[SecondsLeft] = ContextVar("left", default=lambda: float("inf"))


class OutOfTime(Exception):
    """The time of a piece of work is up, or its result is no longer needed."""


class Deadline:
    """The end of a piece of work, which any thread may bring forward to now by ``end_now``.

    Args:
        seconds: From now; None: no end.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._end = float("inf") if seconds is None else time.monotonic() + seconds

    def end_now(self) -> None:
        """No more work for this."""
        self._end = float("-inf")

    def left(self) -> float:
        """Seconds until then; infinite without an end."""
        return self._end - time.monotonic()


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """A limit on the searches within a ``with`` block.

    Args:
        seconds: Until ``OutOfTime`` is raised within it; None: never. An outer limit that ends earlier holds too.

    Returns:
        A context manager.
    """
    inner, outer = Deadline(seconds).left, _LEFT.get()
    with within(lambda: min(inner(), outer())):
        yield


@contextmanager
def within(left: SecondsLeft) -> Iterator[None]:
    """Work within this block ends when no seconds are left by this count, whatever limit there was before.

    Args:
        left: Seconds that are left, by the caller's count.
    """
    token = _LEFT.set(left)
    try:
        yield
    finally:
        _LEFT.reset(token)


def time_left() -> float:
    """Seconds until the limit; infinite without one.

    Raises:
        OutOfTime: None are left.
    """
    seconds = _LEFT.get()()
    if seconds <= 0:
        raise OutOfTime
    return seconds


def seconds_left() -> SecondsLeft:
    """The count of the limit that holds here, for work that another thread does."""
    return _LEFT.get()
