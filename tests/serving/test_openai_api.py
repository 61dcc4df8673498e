"""``/v1`` as OpenAI's API has it: replies, streams, refusals; and bodies with a bound."""

import json
import threading
import time
from typing import Any

import pytest
from bounded_work import at_rest
from fastapi.testclient import TestClient
from search_fakes import END, FakeGenerator, random_generator, random_verifier

from stepscale.errors import InputError
from stepscale.http_bounds import MAX_BODY_BYTES
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.server import ServerOptions, application
from stepscale.serving.service import ServiceLimits

PROBLEM = "problem 1"
CHAT = {"model": "stepscale-policy", "messages": [{"role": "user", "content": PROBLEM}]}
TEXT = {"model": "stepscale-policy", "prompt": PROBLEM}


def client_of(settings: dict[str, Any], generator: FakeGenerator | None = None, **options: Any) -> TestClient:
    answerer = Answerer(ServedPolicy.model_validate(settings), generator or random_generator(3), random_verifier(0))
    return TestClient(application(answerer, ServerOptions(**options)), raise_server_exceptions=False)


@pytest.fixture
def client(settings) -> TestClient:
    return client_of(settings)


def chunks(body: str) -> list[Any]:
    events = [event.removeprefix("data: ") for event in body.split("\n\n") if event.startswith("data: ")]
    assert events[-1] == "[DONE]"
    return [json.loads(event) for event in events[:-1]]


def test_the_last_message_of_the_user_is_answered_with_a_solution_and_how_it_was_found(client) -> None:
    messages = [
        {"role": "system", "content": "Think."},
        {"role": "user", "content": "another problem"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": [{"type": "text", "text": "problem "}, {"type": "text", "text": "1"}]},
    ]
    reply = client.post("/v1/chat/completions", json={**CHAT, "messages": messages}).json()
    assert reply == client.post("/v1/chat/completions", json=CHAT).json() | {
        "id": reply["id"],
        "created": reply["created"],
    }
    [choice] = reply["choices"]
    details = reply["stepscale"]
    assert choice["message"]["content"] == "\n".join(step["text"] for step in details["steps"])
    assert choice["finish_reason"] == "stop" and f"{{{details['answer']}}}" in choice["message"]["content"]
    assert {"confidence", "steps", "strategy", "difficulty", "generations"} <= set(details)
    spent = details["tokens_spent"]
    assert reply["usage"]["total_tokens"] == spent["total"] and reply["usage"]["completion_tokens"] == spent["decode"]


EARLIER = [
    {"role": "assistant", "content": None},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}]},
    {"role": "assistant"},
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]},
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,x"}}]},
    {"role": "tool", "content": "2", "tool_call_id": "1"},
    {"role": "user", "content": None},
]


@pytest.mark.parametrize("earlier", EARLIER)
def test_what_was_said_before_is_not_read_whatever_it_holds(client, earlier) -> None:
    first, last = {"role": "user", "content": "another problem"}, CHAT["messages"][0]
    reply = client.post("/v1/chat/completions", json={**CHAT, "messages": [first, earlier, last]})
    assert reply.status_code == 200, reply.text
    assert reply.json()["choices"] == client.post("/v1/chat/completions", json=CHAT).json()["choices"]
    after = client.post("/v1/chat/completions", json={**CHAT, "messages": [first, last, {**earlier, "role": "tool"}]})
    assert after.json()["choices"] == reply.json()["choices"], "nor what was said after it"


@pytest.mark.parametrize(
    "content", [None, 5, {}, [5], [{"type": "refusal", "refusal": "x"}], [{"type": "text", "text": 5}]]
)
def test_the_last_message_of_the_user_is_text_and_its_place_is_told_if_not(client, content) -> None:
    messages = [*CHAT["messages"], {"role": "assistant", "content": None}, {"role": "user", "content": content}]
    reply = client.post("/v1/chat/completions", json={**CHAT, "messages": messages})
    line = "messages.2.content: must be a text, or a list of parts of type text"
    assert (reply.status_code, reply.json()["error"]["message"]) == (400, line)


def test_both_endpoints_and_mlflows_give_the_same_answer(client) -> None:
    chat = client.post("/v1/chat/completions", json={**CHAT, "budget": 6}).json()
    text = client.post("/v1/completions", json={**TEXT, "budget": 6}).json()
    mlflow = client.post("/invocations", json={"inputs": {"problem": PROBLEM, "budget": 6}}).json()
    assert chat["stepscale"] == text["stepscale"] == mlflow["predictions"][0]
    assert (
        text["object"] == "text_completion" and text["choices"][0]["text"] == chat["choices"][0]["message"]["content"]
    )
    assert client.get("/ping").status_code == 200


def test_the_budget_is_kept_and_by_default_the_servers(settings) -> None:
    client = client_of(settings, budget=1)
    assert client.post("/v1/chat/completions", json=CHAT).json()["stepscale"]["generations"] == 1
    assert 1 <= client.post("/v1/chat/completions", json={**CHAT, "budget": 4}).json()["stepscale"]["generations"] <= 4


def test_several_prompts_and_draws_are_choices_in_order_and_all_tokens_are_counted(client) -> None:
    reply = client.post("/v1/completions", json={**TEXT, "prompt": ["problem 1", "problem 2"], "n": 2}).json()
    assert [choice["index"] for choice in reply["choices"]] == [0, 1, 2, 3]
    alone = [client.post("/v1/completions", json={**TEXT, "prompt": f"problem {i}"}).json() for i in (1, 2)]
    assert [reply["choices"][i]["text"] for i in (0, 2)] == [one["choices"][0]["text"] for one in alone]
    spent = [choice["stepscale"]["tokens_spent"]["total"] for choice in reply["choices"]]
    assert reply["usage"]["total_tokens"] == sum(spent)


@pytest.mark.parametrize(("path", "body"), [("chat/completions", CHAT), ("completions", TEXT)])
def test_a_stream_holds_the_steps_one_by_one_and_makes_the_same_text(client, path, body) -> None:
    whole = client.post(f"/v1/{path}", json={**body, "n": 2}).json()
    stream_request = {**body, "n": 2, "stream": True, "stream_options": {"include_usage": True}}
    streamed = client.post(f"/v1/{path}", json=stream_request)
    assert streamed.headers["content-type"].startswith("text/event-stream")
    *pieces, last = chunks(streamed.text)
    assert last["choices"] == [] and last["usage"] == whole["usage"]
    for expected in whole["choices"]:
        mine = [c for piece in pieces for c in piece["choices"] if c["index"] == expected["index"]]
        text = "".join(c["delta"].get("content", "") if "delta" in c else c["text"] for c in mine)
        assert text == (expected["message"]["content"] if "message" in expected else expected["text"])
        assert [c["finish_reason"] for c in mine if c["finish_reason"]] == [expected["finish_reason"]]
        assert mine[-1]["stepscale"] == expected["stepscale"]
    steps = [piece["stepscale"]["step"] for piece in pieces if "step" in piece.get("stepscale", {})]
    assert sorted(map(str, steps)) == sorted(str(step) for c in whole["choices"] for step in c["stepscale"]["steps"])


def test_without_an_answer_the_reply_is_empty_and_says_that_length_ended_it(settings) -> None:
    endless = FakeGenerator(lambda text, number, seed, temperature: "so\n")
    [choice] = client_of(settings, endless).post("/v1/chat/completions", json=CHAT).json()["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")


def test_max_tokens_bounds_a_solution(settings) -> None:
    long = FakeGenerator(lambda text, number, seed, temperature: "so\n" * 8 + "\\boxed{1}" + END)
    client = client_of(settings, long)
    for name in ("max_tokens", "max_completion_tokens"):
        assert client.post("/v1/chat/completions", json={**CHAT, name: 20}).json()["stepscale"]["answer"] is None
        assert client.post("/v1/chat/completions", json={**CHAT, name: 50}).json()["stepscale"]["answer"] == "1"


@pytest.mark.parametrize("path", ["/", "/v1"])
def test_the_address_itself_names_the_endpoints_and_each_of_them_is_there(client, path) -> None:
    overview = client.get(path).json()
    assert overview["model"] == CHAT["model"] and "/v1/chat/completions" in overview["openai"]
    for endpoint in (*overview["openai"], *overview["mlflow"]):
        posted, got = client.post(endpoint, json={}), client.get(endpoint)
        assert {posted.status_code, got.status_code} & {200, 400}, endpoint


def test_the_model_is_listed_and_another_one_is_not_found(client) -> None:
    [model] = client.get("/v1/models").json()["data"]
    assert client.get(f"/v1/models/{model['id']}").json() == model
    for refused in (
        client.get("/v1/models/other"),
        client.post("/v1/chat/completions", json={**CHAT, "model": "other"}),
    ):
        assert refused.status_code == 404 and refused.json()["error"]["code"] == "model_not_found"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"budget": 0}, "budget must be a whole number of generations, 1 or more, not 0"),
        ({"budget": [4]}, "not [4]"),
        ({"messages": []}, "messages: "),
        ({"messages": [None]}, "messages.0: must be an object"),
        ({"messages": [{"role": "system", "content": "hi"}]}, 'messages hold none of the role "user"'),
        ({"messages": [{"role": "user", "content": " "}]}, "problem is empty"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]}, "parts of type text"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content: must be a text, or a list of parts"),
        ({"messages": [{"role": "user", "content": "1+\ud800"}]}, ""),
        ({"n": 0}, "n: "),
        ({"n": 33}, "33 questions, at most 32 are answered at once"),
        ({"n": 10**12}, "1000000000000 questions, at most 32"),
        ({"n": True}, "n: "),
        ({"n": "2"}, "n: "),
        ({"stream": "yes"}, "stream: "),
        ({"max_tokens": 0}, "max_tokens: "),
        ({"response_format": {"type": "json_object"}}, "response_format is not supported"),
        ({"logprobs": True}, "logprobs is not supported"),
        ({"tools": [{"type": "function"}]}, "tools is not supported"),
    ],
)
def test_a_bad_request_is_refused_with_one_line_that_openais_clients_read(client, change, reason) -> None:
    body = json.dumps({**CHAT, **change})
    reply = client.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 400, reply.text
    error = reply.json()["error"]
    assert reason in error["message"] and "\n" not in error["message"] and error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("path", "body", "n"),
    [
        ("chat/completions", {**CHAT, "n": 33}, 33),
        ("completions", {**TEXT, "n": 10**30}, 10**30),
        ("completions", {**TEXT, "prompt": [PROBLEM] * 33}, 33),
        ("completions", {**TEXT, "prompt": [PROBLEM] * 3, "n": 11}, 33),
        ("completions", {**TEXT, "prompt": [PROBLEM] * 33, "stream": True}, 33),
    ],
)
def test_more_questions_than_one_request_may_hold_are_refused_with_one_line(settings, path, body, n) -> None:
    generator = random_generator(3)
    reply = client_of(settings, generator).post(f"/v1/{path}", json=body)
    assert reply.status_code == 400 and not generator.calls
    line = f"the request holds {n} questions, at most 32 are answered at once; send several requests"
    assert reply.json()["error"]["message"] == line


def test_a_request_that_the_queue_could_never_take_is_refused_for_good(settings) -> None:
    client = client_of(settings, limits=ServiceLimits(questions_at_once=1, questions_waiting=2))
    reply = client.post("/v1/completions", json={**TEXT, "n": 4})
    assert reply.status_code == 400 and "4 questions, at most 3" in reply.json()["error"]["message"]


def test_prompts_are_counted_before_anything_is_made_of_them_and_there_is_at_least_one(client) -> None:
    for prompt, reason in (
        (["1"] * 33, "33 questions, at most 32"),
        ([], "problem is missing"),
        ([1, 2], "list of texts"),
    ):
        refused = client.post("/v1/completions", json={**TEXT, "prompt": prompt})
        assert refused.status_code == 400 and reason in refused.json()["error"]["message"]


def test_what_is_no_json_is_refused_in_the_same_form(client) -> None:
    reasons = {
        "nonsense": "is not JSON",
        '{"model"': "at character",
        "[" * 100_000: "body",
        '"text"': "must be a JSON object",
    }
    for body, reason in reasons.items():
        refused = client.post("/v1/completions", content=body, headers={"Content-Type": "application/json"})
        assert refused.status_code == 400 and refused.json()["error"]["type"] == "invalid_request_error"
        assert reason in refused.json()["error"]["message"]


def test_what_a_policy_has_no_use_for_is_left_alone(client) -> None:
    usual = {"temperature": 0, "top_p": 0.9, "stop": ["\n\n"], "user": "me", "presence_penalty": 1, "logprobs": False}
    usual["response_format"] = {"type": "text"}
    assert client.post("/v1/chat/completions", json={**CHAT, **usual}).status_code == 200


def test_beyond_the_queue_a_request_is_refused_with_429_and_told_when_to_come_again(settings) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(text: str, number: int, seed: int, temperature: float) -> str:
        begun.set()
        go_on.wait(600)
        return "\\boxed{1}" + END

    limits = ServiceLimits(questions_at_once=1, questions_waiting=1)
    client = client_of(settings, FakeGenerator(wait), limits=limits, budget=1)
    first = threading.Thread(target=client.post, args=("/v1/chat/completions",), kwargs={"json": {**CHAT, "n": 2}})
    first.start()
    assert begun.wait(600)
    for path, body in (("/v1/chat/completions", CHAT), ("/invocations", {"inputs": {"problem": "1", "budget": 1}})):
        refused = client.post(path, json=body)
        assert refused.status_code == 429 and "2 are taken at most" in refused.text
    assert client.post("/v1/chat/completions", json=CHAT).headers["retry-after"] == "1"
    go_on.set()
    first.join()
    assert client.post("/v1/chat/completions", json=CHAT).status_code == 200


@pytest.mark.parametrize("stream", [False, True])
def test_when_the_time_is_up_the_client_is_told_and_the_work_ends(settings, stream) -> None:
    endless = random_generator(3)
    generate = endless.generate

    def slow(*arguments: Any) -> Any:
        time.sleep(0.3)
        return generate(*arguments)

    endless.generate = slow  # type: ignore[method-assign]
    client = client_of(
        {**settings, "questions_per_request": 400}, endless, seconds=1.0, limits=ServiceLimits(questions_at_once=1)
    )
    reply = client.post("/v1/chat/completions", json={**CHAT, "n": 100, "stream": stream})
    assert "no answer within 1 seconds" in reply.text and reply.status_code == (200 if stream else 504)
    assert at_rest(lambda: len(endless.calls)) < 50, "of a hundred answers"


@pytest.mark.parametrize("error", [RuntimeError("secret"), InputError("server http://secret:8000 is down; start it")])
def test_a_fault_of_ours_is_a_server_error_without_its_traceback(settings, error) -> None:
    def fail(text: str, number: int, seed: int, temperature: float) -> str:
        raise error

    client = client_of(settings, FakeGenerator(fail))
    reply = client.post("/v1/chat/completions", json=CHAT)
    assert reply.status_code == 500 and "secret" not in reply.text and reply.json()["error"]["type"] == "server_error"
    stream = client.post("/v1/chat/completions", json=CHAT | {"stream": True})
    assert '"status": 500' in stream.text and "secret" not in stream.text
    reply = client.post("/invocations", json={"inputs": [{"problem": "1+1", "budget": 4}]})
    assert (reply.status_code, reply.json()["error_code"]) == (500, "INTERNAL_ERROR") and "secret" not in reply.text


@pytest.mark.parametrize("headers", [{}, {"Content-Type": ""}])
def test_a_body_that_does_not_say_what_it_is_is_taken_as_json(client, headers) -> None:
    content = json.dumps({"inputs": {"problem": PROBLEM, "budget": 6}}).encode()
    assert client.post("/invocations", content=content, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"inputs":' + b"[" * 5000 + b"]" * 5000 + b"}", b'{"inputs":' + b"9" * 5000 + b"}"]
)
def test_json_that_python_cannot_read_is_the_client_s_error(client, body) -> None:
    said = set()
    for path in ("/v1/chat/completions", "/v1/completions", "/invocations"):
        reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code == 400 and "\n" not in reply.text
        said.add(reply.json()["message"] if path == "/invocations" else reply.json()["error"]["message"])
    assert len(said) == 1 and said.pop().startswith("the body cannot be read as JSON (")


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"5"])
def test_a_body_that_is_no_object_is_told_what_it_must_be(client, body) -> None:
    for path in ("/v1/chat/completions", "/v1/completions"):
        reply = client.post(path, content=body, headers={"Content-Type": "application/json"})
        assert reply.status_code == 400
        assert reply.json()["error"]["message"].startswith("the body must be a JSON object such as {")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/models", "/v1/models/stepscale-policy", "/ping", "/version"])
def test_head_is_answered_as_get_without_the_body(client, path) -> None:
    got, asked = client.get(path), client.head(path)
    assert got.status_code == asked.status_code == 200 and got.content and not asked.content
    assert asked.headers["content-length"] == got.headers["content-length"]


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/models/other", 404), ("/v1/completions", 404), ("/invocations", 405)]
)
def test_head_of_what_get_does_not_have_is_refused_as_get_is(client, path, status) -> None:
    assert client.head(path).status_code == client.get(path).status_code == status
    assert not client.head(path).content


def test_null_is_as_if_a_key_were_not_there(client) -> None:
    nothing = dict.fromkeys(["n", "seed", "stream", "stream_options", "max_tokens", "budget", "tools", "logprobs"])
    reply = client.post("/v1/chat/completions", json=CHAT | nothing)
    assert reply.status_code == 200
    assert reply.json()["choices"] == client.post("/v1/chat/completions", json=CHAT).json()["choices"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/chat/completions"), ("POST", "/v1/embeddings")])
def test_what_is_not_offered_is_refused_as_openai_does(client, method, path) -> None:
    reply = client.request(method, path)
    assert reply.status_code == 404
    assert reply.json()["error"]["message"] == f"there is no {method} {path} here; see docs/serving.md"


def test_a_body_beyond_the_bound_is_refused_and_one_within_is_read(client) -> None:
    for path in ("/v1/chat/completions", "/invocations"):
        refused = client.post(path, content=b" " * (MAX_BODY_BYTES + 1), headers={"Content-Type": "application/json"})
        assert refused.status_code == 413 and "send less at once" in refused.json()["error"]["message"]
    padded = json.dumps(CHAT) + " " * (MAX_BODY_BYTES // 2)
    reply = client.post("/v1/chat/completions", content=padded, headers={"Content-Type": "application/json"})
    assert reply.status_code == 200


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_that_never_ends_a_request_is_refused(seconds) -> None:
    with pytest.raises(ValueError, match="seconds"):
        ServerOptions(seconds=seconds)
