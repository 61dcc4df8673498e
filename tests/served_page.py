"""Helpers of the labeling page's tests and bench: samples, records, a server in this process, headless Chromium."""

import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stepscale.labeling.page.page_options import PageOptions
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.sample import Sample
from stepscale.labeling.page.store import RecordFile


def sample(name: str = "p", n_steps: int = 3, **more: Any) -> Sample:
    problem = more.pop("problem", f"What is ${name}$?")
    steps = more.pop("steps", tuple(f"step {i} of {name}" for i in range(1, n_steps + 1)))
    return Sample(problem=problem, steps=steps, **more)


def records_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class Served:
    """A server of the page: its address, its file of labels, and whether it answers."""

    def __init__(
        self, samples: list[Sample], labels: Path, options: PageOptions, known_samples: dict[str, Sample]
    ) -> None:
        self.labels = labels
        self._made_of = samples, options, known_samples
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        import uvicorn

        from stepscale.labeling.page.app import create_app

        samples, options, known_samples = self._made_of
        self.file = RecordFile(self.labels)
        self.queue = Queue(samples, self.file, options, known_samples)
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(create_app(self.queue), log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self.file.close()


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
    """Headless Chromium, or the test is skipped."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        pytest.skip("no chromium and chromedriver on this machine (apt-get install chromium chromium-driver)")
    with chromium() as window:
        yield window


@contextmanager
def chromium() -> Iterator[Any]:
    """Headless Chromium with a profile of its own."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"user-data-dir={profile}"):
            options.add_argument(f"--{flag}")
        window = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        yield window
        window.quit()
