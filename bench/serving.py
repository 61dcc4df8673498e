"""The served policy under load: questions per second over HTTP on loopback, from 1, 8 and 64 clients at once.

The rival is the same server with questions answered one at a time, asked by one client. Both answer the same questions within
the same budget, and the answers must be the same. The generator is the lab's base model, the PRM the same with a random head:
what is drawn and read is real, the scores mean nothing. Rows ``..._per_processor_second`` count the processor time of server and
clients together. They depend little on what else runs on the machine, and leave out what a second core wins. The last rows have
the processor seconds of the threads that draw, of the one that scores, and of the questions' own, from the most clients at once.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import torch
import uvicorn

from bench._lab import BASE, PROMPT, row, texts
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.server import ServerOptions, application
from stepscale.serving.service import ServiceLimits

RUNS, QUESTIONS, BUDGET = 3, 96, 16
CLIENTS = (1, 8, 64)
_THREADS = {"drawing": "drawing", "scoring": "call-batcher", "questions": "question"}  # kinds, by how their names begin
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
    with TemporaryDirectory() as folder:
        answerer = Answerer.load(*_parts(Path(folder)))
        problems = texts(QUESTIONS)
        with _served(answerer, 1) as one_at_a_time, _served(answerer, 64) as side_by_side:
            _asked(one_at_a_time, problems[:4], 1)  # warm
            alone: list[_Asked] = []
            beside: dict[int, list[_Asked]] = {clients: [] for clients in CLIENTS}
            for _ in range(runs):
                alone.append(_asked(one_at_a_time, problems, 1))
                expected = alone[0].answers
                for clients in CLIENTS:
                    beside[clients].append(_asked(side_by_side, problems, clients))
                    differing = sum(
                        answer != alone_answer
                        for answer, alone_answer in zip(beside[clients][-1].answers, expected, strict=True)
                    )
                    # Another width of the batch changes below one token in 100,000 (tests/generation/test_batch_sizes.py).
                    assert differing <= QUESTIONS // 50, f"{differing} of {QUESTIONS} questions got other answers"
    rows = []
    for clients, served in beside.items():
        name = f"served_to_{clients}_clients"
        rows.append(
            row(name, [measured.rate for measured in served], [measured.rate for measured in alone], "questions/s")
        )
        ours, rival = ([QUESTIONS / measured.processor for measured in both] for both in (served, alone))
        rows.append(row(f"{name}_per_processor_second", ours, rival, "questions/s"))
    for kind in _THREADS:
        ours, rival = ([measured.threads[kind] for measured in both] for both in (beside[max(CLIENTS)], alone))
        rows.append(row(f"processor_time_of_{kind}", ours, rival, "s"))
    return rows


@dataclass(frozen=True)
class _Asked:
    """Answers without their last digits, questions per second, and processor seconds of this process and of kinds of threads."""

    answers: list[Any]
    rate: float
    processor: float
    threads: dict[str, float]


def _parts(folder: Path) -> tuple[Path, Path, Path]:
    """The policy's file, the generator's folder and the PRM's."""
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
    return folder / "policy.json", BASE, folder / "prm"


@contextmanager
def _served(answerer: Answerer, at_once: int) -> Iterator[str]:
    """The address of a server in a thread of this process."""
    options = ServerOptions(limits=ServiceLimits(questions_at_once=at_once), seconds=3600)
    server = uvicorn.Server(uvicorn.Config(application(answerer, options), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1/completions"
    finally:
        server.should_exit = True
        thread.join()


def _asked(address: str, problems: list[str], clients: int) -> _Asked:
    """All problems asked by so many clients."""
    with httpx.Client(timeout=3600) as http, ThreadPoolExecutor(clients) as threads:

        def ask(problem: str) -> Any:
            body = {"model": "stepscale-policy", "prompt": problem, "budget": BUDGET}
            return http.post(address, json=body).raise_for_status().json()["stepscale"]

        began, processor, before = time.perf_counter(), time.process_time(), _thread_seconds()
        replies = list(threads.map(ask, problems))
        seconds, processor = time.perf_counter() - began, time.process_time() - processor
        of_threads = {kind: after - before[kind] for kind, after in _thread_seconds().items()}
    fields = ("answer", "strategy", "generations", "tokens_spent")
    answers = [[reply[key] for key in fields] + [step["text"] for step in reply["steps"]] for reply in replies]
    return _Asked(answers, len(problems) / seconds, processor, of_threads)


def _thread_seconds() -> dict[str, float]:
    """Processor seconds of each kind of thread so far."""
    seconds = dict.fromkeys(_THREADS, 0.0)
    for thread in threading.enumerate():
        for kind, beginning in _THREADS.items():
            if thread.ident and thread.name.startswith(beginning):
                seconds[kind] += time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return seconds


if __name__ == "__main__":
    for line in run():
        print(line)
