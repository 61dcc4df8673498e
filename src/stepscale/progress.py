"""Progress of long work: rate and time left, as a bar on a terminal and as a log line now and then elsewhere.

In: how much there is to do and what it is counted in. It knows nothing about what the work is.
"""

import logging
import sys
import time
from types import TracebackType
from typing import Protocol, Self

from tqdm import tqdm

logger = logging.getLogger(__name__)
_SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """Receives how much more work has been done. Use it in ``with``."""

    def update(self, n: float = 1) -> object:
        """Tell that more is done.

        Args:
            n: How much more, in the unit of the whole.
        """

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> object:
        """End, whether or not all is done."""


class LoggedProgress:
    """Progress for logs: a line every ten seconds and, if there was one, a last one when all is done.

    Args:
        description: Begins each line.
        total: Units that there are.
        unit: Their name, in the plural.
    """

    def __init__(self, description: str, total: int, unit: str) -> None:
        self.description, self.total, self.unit, self.done = description, total, unit, 0.0
        self._began = self._last_line = time.monotonic()
        self._lines = 0

    def update(self, n: float = 1) -> None:
        """See ``Progress``."""
        self.done += n
        now = time.monotonic()
        if now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._tell(now)

    def _tell(self, now: float) -> None:
        self._lines += 1
        rate = self.done / max(now - self._began, 1e-9)
        time_left = tqdm.format_interval(max(0.0, self.total - self.done) / rate) if rate else "?"
        logger.info(
            "%s: %.0f of %d %s (%.0f%%), %.3g/s, %s left",
            self.description,
            self.done,
            self.total,
            self.unit,
            100 * self.done / max(self.total, 1),
            rate,
            time_left,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lines and kind is None:
            self._tell(time.monotonic())


def progress(description: str, total: int, unit: str) -> Progress:
    """A bar with rate and time left on a terminal; elsewhere log lines.

    Args:
        description: What is being done.
        total: How many there are to do.
        unit: What is counted, in the plural.
    """
    if not sys.stderr.isatty():
        return LoggedProgress(description, total, unit)
    return tqdm(total=total, desc=description, unit=f" {unit}", unit_scale=total >= 10_000)
