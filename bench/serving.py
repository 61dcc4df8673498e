"""The served policy under load: questions per second over HTTP on loopback, from 1, 8 and 64 clients at once.

The server is started as its users start it, with one process that answers and with one per core. The rival is a server with one
process that answers one question at a time, asked by one client. All answer the same questions within the same budget, and the
answers must be the same. The generator is the lab's base model, the PRM the same with a random head: what is drawn and read is
real, the scores mean nothing. Rows ``..._per_processor_second`` count the processor time (user and system) of all processes of
the server. They depend less on what else runs on the machine, and leave out what a second core wins.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import torch
import yaml

from bench._lab import BASE, PROMPT, row, texts
from stepscale.serving.policy import ServedPolicy

RUNS, QUESTIONS, BUDGET = 3, 96, 16
CLIENTS = (1, 8, 64)
_ACTIONS = [{"samples": 8}, {"samples": 4, "run": "beam at 8"}]
_POLICY = {
    "seed": 0,
    "prompt": PROMPT,
    "aggregation": "product",
    "chosen_on": 0,
    "sampling": {"temperature": 0.4, "top_p": 1.0, "max_new_tokens": 200},
    "runs": {"beam at 8": {"method": "beam", "n": 8, "width": 4, "aggregation": "product", "filter_duplicates": True}},
    "budgets": [{"budget": BUDGET, "policy": {"probes": 4, "sure": 0.5, "borders": [0.3], "actions": _ACTIONS}}],
}


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench: medians of paired runs."""
    problems = texts(QUESTIONS)
    alone: list[_Replies] = []
    beside: dict[tuple[int, int], list[_Replies]] = {}
    with TemporaryDirectory() as folder, ExitStack() as servers:
        source = _source(Path(folder))
        rival = servers.enter_context(_served(source, 1, 1))
        served = {n: servers.enter_context(_served(source, n, 64)) for n in sorted({1, os.cpu_count() or 1})}
        for server in (rival, *served.values()):
            _ask_all(server, problems[:8], 8)  # warm
        for _ in range(runs):
            alone.append(_ask_all(rival, problems, 1))
            for workers, server in served.items():
                for clients in CLIENTS:
                    measured = _ask_all(server, problems, clients)
                    beside.setdefault((workers, clients), []).append(measured)
                    pairs = zip(measured.answers, alone[0].answers, strict=True)
                    differing = sum(answer != expected for answer, expected in pairs)
                    # Another width of the batch changes below one token in 100,000 (tests/generation/test_batch_sizes.py).
                    assert differing <= QUESTIONS // 50, f"{differing} of {QUESTIONS} questions got other answers"
    rows = []
    for (workers, clients), several in beside.items():
        name = f"{workers}_answering_{clients}_client{'s' * (clients > 1)}"
        for ending, values in (
            ("", ([measured.rate for measured in many] for many in (several, alone))),
            (
                "_per_processor_second",
                ([measured.per_processor_second for measured in many] for many in (several, alone)),
            ),
        ):
            rows.append(row(name + ending, *values, "questions/s"))
    return rows


@dataclass(frozen=True)
class _Server:
    """Where a server listens, and its process."""

    port: int
    process: psutil.Process

    def processor_seconds(self) -> float:
        """Of all its processes so far."""
        times = [process.cpu_times() for process in (self.process, *self.process.children(recursive=True))]
        return sum(spent.user + spent.system for spent in times)


@dataclass(frozen=True)
class _Replies:
    """Answers without their last digits, and questions per second of the clock and of the server's processors."""

    answers: list[Any]
    rate: float
    per_processor_second: float


def _source(folder: Path) -> Path:
    """A file that names generator, PRM and policy."""
    from stepscale.engine.encoding import TextFormat
    from stepscale.engine.loading import load_token_classifier, load_tokenizer, save
    from stepscale.verifiers.saved import SavedVerifier

    ServedPolicy.model_validate(_POLICY).write(folder / "policy.json")
    torch.manual_seed(0)
    model = load_token_classifier(BASE, num_labels=3)
    with torch.no_grad():
        model.score.weight.normal_(0, 0.3)
    save(model, load_tokenizer(BASE), folder / "prm")
    labels = ("negative", "neutral", "positive")
    SavedVerifier(kind="prm", labels=labels, layout=TextFormat(prompt=PROMPT)).write(folder / "prm")
    models = {"generator": {"source": str(BASE)}, "verifier": {"source": str(folder / "prm")}}
    (folder / "served.yml").write_text(yaml.safe_dump({**models, "policy": str(folder / "policy.json")}))
    return folder / "served.yml"


@contextmanager
def _served(source: Path, workers: int, at_once: int) -> Iterator[_Server]:
    """A server with so many processes that answer, and so many questions at once."""
    options = {"port": 0, "seconds": 3600, "workers": workers, "questions-at-once": at_once}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "stepscale.serving", str(source), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = re.search(r"http://[\d.]+:(\d+)/v1", process.stdout.readline())
            assert port, "the server did not start"
            yield _Server(int(port[1]), psutil.Process(process.pid))
        finally:
            process.terminate()


def _ask_all(server: _Server, problems: list[str], clients: int) -> _Replies:
    """All problems asked by so many clients, each over a connection of its own."""
    client = threading.local()

    def ask(problem: str) -> Any:
        if not hasattr(client, "http"):
            client.http = HTTPConnection("127.0.0.1", server.port)
        body = {"model": "stepscale-policy", "prompt": problem, "budget": BUDGET}
        client.http.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
        reply = client.http.getresponse()
        content = reply.read()
        assert reply.status == 200, content
        return json.loads(content)["stepscale"]

    with ThreadPoolExecutor(clients) as threads:
        began, spent = time.perf_counter(), server.processor_seconds()
        replies = list(threads.map(ask, problems))
        seconds, spent = time.perf_counter() - began, server.processor_seconds() - spent
    fields = ("answer", "strategy", "generations", "tokens_spent")
    answers = [[reply[key] for key in fields] + [step["text"] for step in reply["steps"]] for reply in replies]
    return _Replies(answers, len(problems) / seconds, len(problems) / spent)


if __name__ == "__main__":
    for line in run():
        print(line)
