"""Counts the callers of a shared thread, so that it can wait for them and see when there were none for a while."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Callers:
    """The threads that may call, and the condition by which they and the shared thread wait for each other.

    Attributes:
        changed: Guards all that callers and the shared thread share.
        count: Threads that may call now; read it within ``changed``.
    """

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.count, self._is_first = 0, False

    @contextmanager
    def caller(self) -> Iterator[None]:
        """Within this block the thread may call."""
        with self.changed:
            self._is_first |= not self.count
            self.count += 1
        try:
            yield
        finally:
            with self.changed:
                self.count -= 1
                self.changed.notify_all()

    def first_caller_after_idle(self) -> bool:
        """Whether a caller came after a time without callers; true once, read within ``changed``."""
        is_first, self._is_first = self._is_first, False
        return is_first
