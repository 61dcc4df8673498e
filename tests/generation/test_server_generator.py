"""The server backend against a real server on loopback (transformers serve), with faults injected on the way to it."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pandas as pd
import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Request, Sampling
from stepscale.generation.sampling import SamplingJob, sample_solutions
from stepscale.generation.server import ServerGenerator
from stepscale.generation.server_settings import ServerSettings
from stepscale.generation.server_units import END

SAMPLING = Sampling(max_new_tokens=24)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def served(tiny_llama: Path, tmp_path_factory) -> Iterator[tuple[int, Path]]:
    folder = tmp_path_factory.mktemp("served") / "tiny"
    model = AutoModelForCausalLM.from_pretrained(tiny_llama)
    model.generation_config.do_sample = True  # this server samples only if the model's own settings say so
    model.generation_config.top_k = 0
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tiny_llama).save_pretrained(folder)
    port = free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder), "--port", str(port)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = (folder.parent / "log").open("w")
    server = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--device", "cpu"], env=environment, stdout=log, stderr=log
    )
    try:
        until = time.monotonic() + 1200  # seconds when nothing else runs, minutes on a machine that is busy
        asking = httpx.Client(verify=False)  # httpx.get would read all certificates each time
        while True:
            assert time.monotonic() < until, "the server did not start"
            try:
                if asking.get(f"http://127.0.0.1:{port}/health", timeout=5).is_success:
                    break
            except httpx.TransportError:
                assert server.poll() is None, (folder.parent / "log").read_text()[-2000:]
                time.sleep(0.1)
        yield port, folder
    finally:
        server.kill()
        server.wait()


class FaultyProxy:
    """A relay to the real server that misbehaves for its first connections, as told by a list of faults."""

    def __init__(self, target: int, faults: list[str]) -> None:
        self.target, self.faults, self.connections = target, list(faults), 0
        self._closed = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            fault = self.faults.pop(0) if self.faults else "none"
            self.connections += 1
            threading.Thread(target=self._relay, args=(client, fault), daemon=True).start()

    def _relay(self, client: socket.socket, fault: str) -> None:
        with client:
            if fault == "slow":
                self._closed.wait(600)
                return
            request = client.recv(65_536)
            if fault == "drop":
                client.sendall(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"cho')
                return
            if fault in ("garbage", "unavailable"):
                line, body = ("200 OK", b"<html>]]{") if fault == "garbage" else ("503 Busy", b"later")
                client.sendall(
                    f"HTTP/1.1 {line}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode() + body
                )
                return
            with socket.create_connection(("127.0.0.1", self.target)) as server:
                server.sendall(request)
                threading.Thread(target=_pump, args=(client, server), daemon=True).start()
                _pump(server, client)

    def close(self) -> None:
        self._listener.close()
        self._closed.set()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            target.sendall(data)
    except OSError:
        pass


def generator_at(port: int, folder: Path, **changes) -> ServerGenerator:
    changes = {"attempts": 3, "longest_pause_seconds": 0.2, "concurrency": 4} | changes
    return ServerGenerator(ServerSettings(base_url=f"http://127.0.0.1:{port}/v1", model=str(folder), **changes))


def requests_for(generator: ServerGenerator, n: int) -> list[Request]:
    return [Request(generator.encode_prompt(f"{i}+{i}="), i) for i in range(n)]


def test_whole_solutions_keep_their_text_and_their_usage(served):
    port, folder = served
    generator, ledger = generator_at(port, folder), Ledger()
    requests = requests_for(generator, 12)
    continuations = generator.generate(requests, SAMPLING, "solution", ledger)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompts = [generator.decode(r.prefix) for r in requests]
    cost = ledger.models[generator.name]
    assert cost.prefill == sum(len(tokenizer(prompt)["input_ids"]) for prompt in prompts)
    assert sum(len(generator.decode(c.tokens)) for c in continuations) <= cost.decode <= 12 * 24
    for c in continuations:
        assert (c.ended == "solution") == (c.tokens[-1] == END)
        for at in c.step_ends:
            assert c.tokens[at] in (ord("\n"), END)


def test_a_step_ends_with_its_separator_or_the_solution_does(served):
    port, folder = served
    generator = generator_at(port, folder)
    continuations = generator.generate(requests_for(generator, 16), SAMPLING, "step", Ledger())
    assert "step" in {c.ended for c in continuations}
    for c in continuations:
        text = generator.decode(c.tokens)
        if c.ended == "step":
            assert text.endswith("\n")
            assert text.strip()
            assert c.step_ends == (len(c.tokens) - 1,)
        else:
            assert "\n" not in text.strip()


def test_going_on_from_a_step_sends_its_text_along(served):
    port, folder = served
    generator = generator_at(port, folder)
    [first] = generator.generate([Request(generator.encode_prompt("1+1="), 3)], SAMPLING, "step", Ledger())
    ledger = Ledger()
    prefix = generator.encode_prompt("1+1=") + tuple(t for t in first.tokens if t != END)
    generator.generate([Request(prefix, 4)], SAMPLING, "step", ledger)
    assert ledger.models[generator.name].prefill >= len(generator.decode(prefix))


@pytest.mark.parametrize("fault", ["slow", "drop", "garbage", "unavailable"])
def test_faults_that_pass_are_ridden_out(served, fault):
    port, folder = served
    proxy = FaultyProxy(port, [fault, "none", fault])
    generator = generator_at(proxy.port, folder, timeout_seconds=3.0, concurrency=1, attempts=10)
    continuations = generator.generate(requests_for(generator, 3), SAMPLING, "solution", Ledger())
    proxy.close()
    assert len(continuations) == 3
    assert proxy.connections >= 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("slow", "no answer within 0.5 s"),
        ("drop", "connection failed"),
        ("garbage", "not a completion"),
        ("unavailable", "503"),
    ],
)
def test_faults_that_stay_are_one_clear_line(served, fault, words):
    port, folder = served
    proxy = FaultyProxy(port, [fault] * 50)
    generator = generator_at(proxy.port, folder, timeout_seconds=0.5 if fault == "slow" else 60, attempts=2)
    with pytest.raises(InputError, match=words) as caught:
        generator.generate(requests_for(generator, 3), SAMPLING, "solution", Ledger())
    proxy.close()
    assert "\n" not in str(caught.value)
    assert "2 attempts" in str(caught.value)


def test_a_server_that_is_down_and_a_model_it_does_not_have_are_one_clear_line(served):
    port, folder = served
    with pytest.raises(InputError, match=r"connection failed .* is it running"):
        generator_at(free_port(), folder, attempts=2).generate(
            requests_for(generator_at(port, folder), 1), SAMPLING, "step", Ledger()
        )
    generator_elsewhere = generator_at(port, Path("another"))
    with pytest.raises(InputError, match="refused: 400"):
        generator_elsewhere.generate(requests_for(generator_elsewhere, 1), SAMPLING, "step", Ledger())


def test_a_server_that_goes_down_is_one_clear_line_that_says_what_is_kept(served):
    port, folder = served
    problems = pd.DataFrame({"problem_id": ["a"], "problem": ["1+1="], "answer": ["2"]})
    job = SamplingJob("test", 2, Sampling(max_new_tokens=8), 0)
    assert len(sample_solutions(job, generator_at(port, folder), problems, Ledger())) == 2
    down = generator_at(free_port(), folder, attempts=2)
    with pytest.raises(InputError, match=r"connection failed.*Finished shards are kept") as caught:
        sample_solutions(job, down, problems, Ledger())
    assert "\n" not in str(caught.value)


def test_what_servers_that_remove_the_stop_text_say_is_read(monkeypatch):
    generator = ServerGenerator(ServerSettings(base_url="http://nowhere/v1", model="m"))
    usage = {"prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
    logprobs = {"tokens": ["so ", "4", "\n"], "token_logprobs": [-0.5, -1.0, -0.25]}
    answers = iter(
        [
            {"text": "so 4", "finish_reason": "stop", "stop_reason": "\n", "usage": usage, "logprobs": logprobs},
            {"text": "so 4", "finish_reason": "stop", "stop_reason": None, "usage": usage},
            {"text": "so", "finish_reason": "length", "stop_reason": None, "usage": usage},
        ]
    )
    monkeypatch.setattr(generator, "_post_once", lambda body: next(answers))
    ledger = Ledger()
    step, solution, cut = (generator.generate([Request((65,), 0)], SAMPLING, "step", ledger)[0] for _ in range(3))
    assert (step.ended, generator.decode(step.tokens), step.step_ends) == ("step", "so 4\n", (4,))
    assert step.logprobs == (-0.5, 0.0, 0.0, -1.0, -0.25)
    assert (solution.ended, solution.tokens[-1], solution.step_ends, solution.logprobs) == ("solution", END, (4,), ())
    assert (cut.ended, cut.step_ends) == ("length", ())
    assert (ledger.models["m"].prefill, ledger.models["m"].decode) == (3, 9)
