"""The saved policy behind MLflow's own server, on loopback: good and bad requests, and the answers of the same policy here."""

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from stepscale.serving.answering import Answerer
from stepscale.serving.question import PolicyQuestion

REPOSITORY = Path(__file__).resolve().parents[2]
STORY = "Some friends have pens. Ida has {}. As many as Ida and 4 more go to Ann. How many pens does Ann have?"
PROBLEM = STORY.format(3)
Ask = Callable[[str], tuple[int, Any]]


@pytest.fixture(scope="module")
def ask(pieces: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Asks a server of the saved model: (status, body) for a request's text."""
    from stepscale.serving.packaging import save_model

    model = tmp_path_factory.mktemp("served") / "policy"
    save_model(model, **pieces)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["models", "serve", "-m", str(model), "--env-manager", "local", "-h", "127.0.0.1", "-p", str(port)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    python_path = str(REPOSITORY / "src")
    environment = os.environ | {"PATH": path, "PYTHONPATH": python_path, "OMP_NUM_THREADS": "1"}
    log = model.with_name("server.log")
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words], env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", server, log)
        yield lambda body: post(f"http://127.0.0.1:{port}/invocations", body)
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 1200  # seconds when nothing else runs, minutes on a machine that is busy
    while time.monotonic() < until and server.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start:\n{log.read_text()[-3000:]}")


def post(url: str, body: str) -> tuple[int, Any]:
    request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def same(first: Any, second: Any) -> bool:
    """Equal, numbers to 1e-5, as float32 allows: on a busy machine products are cut another way, and the last digits differ."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return math.isclose(first, second, abs_tol=1e-5) if isinstance(first, float) else bool(first == second)


def test_the_server_answers_as_the_policy_does_here(ask: Ask, pieces: dict[str, Path]) -> None:
    local = Answerer.load(**pieces)
    for budget, generations in ((2, 2), (6, 6), (100, 6)):
        status, body = ask(json.dumps({"inputs": {"problem": PROBLEM, "budget": budget}}))
        assert status == 200, body
        expected = local.answer(PolicyQuestion(PROBLEM, budget)).model_dump()
        assert same(json.loads(json.dumps(expected)), body["predictions"][0])
        assert expected["generations"] == generations
        assert expected["answer"] is not None and expected["steps"] and expected["tokens_spent"]["verify"] > 0
    assert "beam at 4" in expected["strategy"]


@pytest.mark.parametrize(
    "request_body",
    [
        {"inputs": [{"problem": PROBLEM, "budget": 2}, {"problem": "1+2", "budget": 3}]},
        {"dataframe_records": [{"problem": PROBLEM, "budget": 2}, {"problem": "1+2", "budget": 3}]},
        {"inputs": {"problem": [PROBLEM, "1+2"], "budget": [2, 3]}},
        {"dataframe_split": {"columns": ["problem", "budget"], "data": [[PROBLEM, 2], ["1+2", 3]]}},
    ],
)
def test_several_questions_are_answered_each_as_if_alone(ask: Ask, request_body: dict[str, Any]) -> None:
    status, body = ask(json.dumps(request_body))
    alone = [
        ask(json.dumps({"inputs": {"problem": p, "budget": b}}))[1]["predictions"][0]
        for p, b in [(PROBLEM, 2), ("1+2", 3)]
    ]
    assert status == 200 and same(body["predictions"], alone)


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"budget": 4}, "problem is missing"),
        ({"problem": PROBLEM}, "budget is missing"),
        ({"problem": None, "budget": 4}, "problem is missing"),
        ({"problem": " ", "budget": 4}, "problem is empty"),
        ({"problem": 5, "budget": 4}, "problem must be a text"),
        ({"problem": PROBLEM, "budget": 0}, "1 or more, not 0"),
        ({"problem": PROBLEM, "budget": -1}, "1 or more, not -1"),
        ({"problem": PROBLEM, "budget": 1.5}, "whole number"),
        ({"problem": PROBLEM, "budget": "many"}, "whole number"),
        ({"problem": PROBLEM, "budget": True}, "whole number"),
        ({"problem": "1+" * 500, "budget": 4}, "too long: 1002 tokens with its prompt, the generator has room for 924"),
        ({"problem": "1+" * 50_000, "budget": 4}, "too long: 100000 characters"),
        ([{"problem": PROBLEM, "budget": 4}, {"problem": PROBLEM}], "budget is missing"),
        ([], "no rows"),
        ({"problem": PROBLEM, "budget": [4]}, "budget must be a whole number of generations, 1 or more, not [4]"),
        ([{"problem": PROBLEM, "budget": [4]}], "not [4]"),
        ({"problem": [PROBLEM], "budget": 4}, "problem must be a text, not list"),
        ({"problem": [PROBLEM, PROBLEM], "budget": [4]}, "differ in length"),
        (PROBLEM, 'a question is an object such as {"problem": "1+1", "budget": 4}'),
        ([PROBLEM], "a question is an object"),
        (5, "a question is an object"),
        ({"problem": PROBLEM, "budget": 4, "seed": 1}, "not 'seed'; leave it out"),
        ([{"problem": PROBLEM, "budget": 4, "seed": 1}], "not 'seed'; leave it out"),
        ([{"problem": PROBLEM, "budget": 2}] * 33, "33 questions, at most 32 are answered at once"),
    ],
)
def test_a_bad_request_is_the_clients_error_with_the_reason_in_one_line(ask: Ask, inputs: Any, reason: str) -> None:
    status, body = ask(json.dumps({"inputs": inputs}))
    assert status == 400
    assert body["error_code"] == "INVALID_PARAMETER_VALUE"
    assert reason in body["message"] and "\n" not in body["message"]


def test_half_a_character_is_refused_by_the_server_before_the_policy_sees_it(ask: Ask) -> None:
    status, body = ask(json.dumps({"inputs": {"problem": "1+\ud800", "budget": 4}}))
    assert status == 400 and "surrogate" in body["message"]


@pytest.mark.parametrize("body", ["nonsense", "[1]", json.dumps({"problem": PROBLEM, "budget": 4})])
def test_what_is_no_request_of_mlflows_is_the_clients_error_too(ask: Ask, body: str) -> None:
    status, answer = ask(body)
    assert status == 400 and answer["message"]


def test_questions_asked_at_once_are_answered_as_if_alone(ask: Ask) -> None:
    bodies = [
        json.dumps(
            {
                "inputs": {
                    "problem": STORY.format(i),
                    "budget": 6,
                }
            }
        )
        for i in range(2, 8)
    ]
    with ThreadPoolExecutor(len(bodies)) as together:
        assert same(list(together.map(ask, bodies)), [ask(body) for body in bodies])


def test_after_bad_requests_the_same_question_gets_the_same_answer(ask: Ask) -> None:
    body = json.dumps({"inputs": {"problem": PROBLEM, "budget": 6}})
    first = ask(body)
    ask(json.dumps({"inputs": {"problem": PROBLEM, "budget": 0}}))
    ask(json.dumps({"inputs": {"problem": "9*(3-1)", "budget": 6}}))
    assert same(ask(body), first) and first[0] == 200
