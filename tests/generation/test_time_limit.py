"""The time of a call can be limited: a generator stops drawing, or waiting, and can be asked again."""

import threading
import time
from typing import Any

import pytest
from fake_vllm import FakeServer
from tenacity import wait_fixed

from stepscale.cost import Ledger
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.local import LocalGenerator
from stepscale.generation.server import ServerGenerator, ServerSettings
from stepscale.time_limit import Deadline, OutOfTime, time_limit, within


def test_a_local_generator_stops_between_two_tokens_and_draws_the_same_afterwards(tiny_llama) -> None:
    generator = LocalGenerator.load(tiny_llama, prompt_template="{problem}\n", device="cpu")
    requests = [Request(generator.encode_prompt("abc"), seed) for seed in range(4)]
    sampling = Sampling(1.0, 1.0, 40)
    expected = generator.generate(requests, sampling, "solution", Ledger())
    looks: list[int] = []

    def seconds_left() -> float:
        looks.append(1)
        return 1.0 if len(looks) < 4 else 0.0

    with pytest.raises(OutOfTime), within(seconds_left):
        generator.generate(requests, sampling, "solution", Ledger())
    assert len(looks) < 20, "it stopped long before the 40th token"
    generator.clear_cache()
    assert generator.generate(requests, sampling, "solution", Ledger()) == expected


class SilentServer(FakeServer):
    """Answers once the test is over."""

    def __init__(self) -> None:
        self.is_over, self.n_answered = threading.Event(), 0
        super().__init__()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.is_over.wait(60)
        self.n_answered += 1
        return 503, {}


def test_waiting_for_a_server_is_broken_off() -> None:
    server = SilentServer()
    settings = ServerSettings(base_url=server.base_url, model="m", longest_pause_seconds=0.1)
    with pytest.raises(OutOfTime), time_limit(0.3):
        ServerGenerator(settings).generate([Request((65,), 0)], Sampling(), "solution", Ledger())
    assert server.n_answered == 0
    server.is_over.set()
    server.close()


def test_a_pause_between_two_tries_is_broken_off_too(monkeypatch) -> None:
    monkeypatch.setattr("stepscale.remote.client.wait_random_exponential", lambda *_: wait_fixed(600))
    settings = ServerSettings(base_url="http://127.0.0.1:9/v1", model="m")
    began = time.monotonic()
    with pytest.raises(OutOfTime), time_limit(1):
        ServerGenerator(settings).generate([Request((65,), 0)], Sampling(), "solution", Ledger())
    assert time.monotonic() - began < 300


def test_a_deadline_can_be_brought_forward_and_the_nearest_of_two_limits_holds() -> None:
    deadline = Deadline()
    assert deadline.left() == float("inf")
    deadline.end_now()
    assert deadline.left() < 0
    from stepscale.time_limit import time_left

    with time_limit(10), time_limit(100):
        assert time_left() <= 10
    with time_limit(100), time_limit(None):
        assert time_left() <= 100
