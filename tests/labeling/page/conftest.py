"""A server of the page in this process, and headless Chromium."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from served_page import Served

from stepscale.labeling.page.options import PageOptions
from stepscale.labeling.page.samples import Sample

FLAGS = (
    "headless=new",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "disable-dev-shm-usage",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Headless Chromium with a profile of its own."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("no chromium and chromedriver on this machine (apt-get install chromium chromium-driver)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        yield window
        window.quit()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts servers, and stops them after the test."""
    with ExitStack() as running:

        def start(samples: list[Sample], known: dict[str, Sample] | None = None, **options: Any) -> Served:
            server = Served(samples, tmp_path / "people.jsonl", PageOptions(**options), known or {})
            running.callback(lambda: server._thread.is_alive() and server.stop())
            return server

        yield start
