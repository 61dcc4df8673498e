"""Progress of long work: rate and time left, as a bar on a terminal and as a line now and then in a log."""

import sys
from collections.abc import Iterable
from typing import Any, TypeVar

from tqdm import tqdm

T = TypeVar("T")
_SECONDS_BETWEEN_LINES = 10.0


def progress(description: str, total: int, unit: str) -> Any:
    """A tqdm bar (``.update(n)``, usable in ``with``); outside a terminal it writes a line every ten seconds."""
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total, desc=description, unit=f" {unit}", unit_scale=total >= 10_000, leave=terminal,
        mininterval=0.1 if terminal else _SECONDS_BETWEEN_LINES, ascii=None if terminal else True, ncols=None if terminal else 100,
    )  # fmt: skip


def track(items: Iterable[T], description: str, total: int, unit: str) -> Iterable[T]:
    """Iterate with a progress bar."""
    with progress(description, total, unit) as bar:
        for item in items:
            yield item
            bar.update()
