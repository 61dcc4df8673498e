"""Real clients on loopback: OpenAI's own, lm-evaluation-harness; and a server that is told to end."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from stepscale.http_bounds import MAX_BODY_BYTES

HERE = Path(__file__).parent
MODEL = "stepscale-policy"
MESSAGES: Any = [{"role": "user", "content": "problem 1"}]
SLOW: Any = [{"role": "user", "content": "slow problem"}]  # each call of the generator takes a second
_START_SECONDS = 1200  # seconds when nothing else runs, many minutes on a machine that is busy
Server = tuple[str, "subprocess.Popen[str]"]  # its address and its own process


@contextmanager
def served(workers: int) -> Iterator[Server]:
    """A server with so many processes that answer."""
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1] / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(HERE / "served.py"), "1.0", str(workers)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        watchdog = threading.Timer(_START_SECONDS, process.kill)
        watchdog.start()
        try:
            assert process.stdout
            listening = process.stdout.readline()
            watchdog.cancel()
            address = re.search(r"(http://127\.0\.0\.1:\d+)/v1 ", listening)
            assert address, listening
            yield address[1], process
        finally:
            watchdog.cancel()
            process.kill()


@pytest.fixture(scope="module")
def running() -> Iterator[Callable[[int], Server]]:
    """A server with so many processes that answer: the one that runs, or a new one where a test has ended it."""
    servers: dict[int, Server] = {}
    with ExitStack() as started:

        def server(workers: int) -> Server:
            if workers not in servers or servers[workers][1].poll() is not None:
                servers[workers] = started.enter_context(served(workers))
            return servers[workers]

        yield server


@pytest.mark.parametrize("workers", [1, 2])
def test_openais_client_gets_answers_streams_and_errors_as_it_knows_them(running, workers) -> None:
    openai = pytest.importorskip("openai")
    address, _ = running(workers)
    with openai.OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == [MODEL]
        whole = client.chat.completions.create(model=MODEL, messages=MESSAGES, extra_body={"budget": 4})
        assert whole.stepscale["generations"] <= 4 and whole.usage.total_tokens > 0
        text = whole.choices[0].message.content
        assert f"{{{whole.stepscale['answer']}}}" in text
        stream = client.chat.completions.create(model=MODEL, messages=MESSAGES, extra_body={"budget": 4}, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == text
        completion = client.completions.create(model=MODEL, prompt="problem 1", n=2, extra_body={"budget": 4})
        assert completion.choices[0].text == text and completion.choices[1].index == 1
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="other", messages=MESSAGES)
        with pytest.raises(openai.BadRequestError, match="budget 3: no policy keeps to it"):
            client.chat.completions.create(model=MODEL, messages=MESSAGES, extra_body={"budget": 3})


def test_a_client_that_sends_all_of_a_body_before_it_reads_sees_why_it_is_refused(running) -> None:
    for path in ("v1/chat/completions", "invocations"):
        too_large = urllib.request.Request(f"{running(1)[0]}/{path}", b" " * (4 * MAX_BODY_BYTES))
        with pytest.raises(urllib.error.HTTPError, match="413") as refused:
            urllib.request.urlopen(too_large, timeout=600)
        assert "send less at once" in json.load(refused.value)["error"]["message"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell what a process has loaded")
def test_processes_whose_models_are_elsewhere_load_no_torch(running) -> None:
    process = psutil.Process(running(2)[1].pid)
    loaded = [region.path for one in (process, *process.children()) for region in one.memory_maps()]
    assert any("numpy" in path for path in loaded) and not any("torch" in path for path in loaded)


@pytest.mark.parametrize("workers", [1, 2])
def test_lm_evaluation_harness_measures_the_policy(running, workers, tmp_path) -> None:
    harness = os.environ.get("LM_EVAL")
    if not harness:
        pytest.skip("LM_EVAL names no lm_eval executable; its packages belong in an environment of their own")
    address, _ = running(workers)
    rows = [{"problem": f"problem {i}", "answer": str(i % 3)} for i in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = {
        "task": "policy_test",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(tmp_path / "rows.jsonl")}},
        "output_type": "generate_until",
        "test_split": "test",
        "doc_to_text": "{{problem}}",
        "doc_to_target": "{{answer}}",
        "generation_kwargs": {"until": ["</s>"], "budget": 4},
        "metric_list": [{"metric": "exact_match"}],
    }
    (tmp_path / "policy_test.yaml").write_text(json.dumps(task))
    served_at = f"base_url={address}/v1/chat/completions,model={MODEL},num_concurrent=3,tokenized_requests=False"
    words = ["--model", "local-chat-completions", "--model_args", served_at, "--tasks", "policy_test", "--log_samples"]
    where = ["--include_path", str(tmp_path), "--output_path", str(tmp_path / "out"), "--apply_chat_template"]
    environment = os.environ | {"HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "OPENAI_API_KEY": "none"}
    environment.pop("PYTHONPATH", None)
    harness_run = subprocess.run(
        [harness, *words, *where], env=environment, capture_output=True, text=True, timeout=1200
    )
    assert harness_run.returncode == 0, harness_run.stderr[-2000:]
    [samples] = (tmp_path / "out").rglob("samples_*.jsonl")
    texts = [json.loads(line)["resps"][0][0] for line in samples.read_text().splitlines()]
    assert len(texts) == 3 and any("\\boxed{" in text for text in texts)


@pytest.mark.parametrize("workers", [1, 2])
def test_at_sigterm_what_was_asked_is_answered_and_then_the_server_ends(running, workers) -> None:
    sent = threading.Semaphore(0)

    def ask(client: httpx.Client, address: str) -> httpx.Response:
        def follow(event: str, _: dict[str, Any]) -> None:
            if event == "http11.send_request_body.complete":
                sent.release()

        body = {"model": MODEL, "messages": SLOW}
        return client.post(f"{address}/v1/chat/completions", json=body, extensions={"trace": follow})

    address, process = running(workers)
    with httpx.Client(timeout=600) as client, ThreadPoolExecutor(3) as threads:
        requests = [threads.submit(ask, client, address) for _ in range(3)]
        assert all(sent.acquire(timeout=600) for _ in requests)
        httpx.get(f"{address}/v1/models", timeout=600)  # what came before is in the server's hands
        answering = psutil.Process(process.pid).children()
        os.killpg(process.pid, signal.SIGTERM)  # as a terminal or a service manager does: to all of its processes
        replies = [reply.result() for reply in requests]
        assert [reply.status_code for reply in replies] == [200] * 3
        assert all(reply.json()["stepscale"]["generations"] for reply in replies)
        assert process.wait(600) in (0, -signal.SIGTERM)
        assert len(answering) >= workers - 1 and not psutil.wait_procs(answering, timeout=600)[1]
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{address}/v1/models")


def test_no_process_is_left_when_the_server_is_killed(running) -> None:
    _, process = running(2)
    answering = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    assert len(answering) >= 2 and not psutil.wait_procs(answering, timeout=600)[1]
