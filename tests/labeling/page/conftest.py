"""A server of the page in this process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from served_page import Served, browser

from stepscale.labeling.page.page_options import PageOptions
from stepscale.labeling.page.sample import Sample

__all__ = ["browser"]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts servers, and stops them after the test."""
    with ExitStack() as running:

        def start(samples: list[Sample], known_samples: dict[str, Sample] | None = None, **options: Any) -> Served:
            server = Served(samples, tmp_path / "people.jsonl", PageOptions(**options), known_samples or {})
            running.callback(lambda: server._thread.is_alive() and server.stop())
            return server

        yield start
