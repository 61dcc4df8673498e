"""A few samples to label, a server of the page in this process, and headless Chromium."""

import json
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from stepscale.labeling.page.options import PageOptions
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.samples import Sample
from stepscale.labeling.page.store import RecordFile

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


def sample(name: str = "p", n_steps: int = 3, **more: Any) -> Sample:
    problem = more.pop("problem", f"What is ${name}$?")
    return Sample(problem=problem, steps=tuple(f"step {i} of {name}" for i in range(1, n_steps + 1)), **more)


def records_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


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


class Served:
    """A server of the page: its address, its file of labels, and whether it answers."""

    def __init__(self, samples: list[Sample], labels: Path, options: PageOptions, known: dict[str, Sample]) -> None:
        self.labels = labels
        self._made_of = samples, options, known
        self.port = 0
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        import uvicorn

        from stepscale.labeling.page.app import create_app

        samples, options, known = self._made_of
        self.file = RecordFile(self.labels)
        self.queue = Queue(samples, self.file, options, known)
        listening = socket.create_server(("127.0.0.1", self.port))
        self.port = listening.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(create_app(self.queue), log_level="error"))
        self._thread = threading.Thread(target=self._server.run, args=([listening],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.02)

    def stop(self) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(10)
        self.file.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts servers, and stops them after the test."""
    with ExitStack() as running:

        def start(samples: list[Sample], known: dict[str, Sample] | None = None, **options: Any) -> Served:
            server = Served(samples, tmp_path / "people.jsonl", PageOptions(**options), known or {})
            running.callback(lambda: server._thread.is_alive() and server.stop())
            return server

        yield start
