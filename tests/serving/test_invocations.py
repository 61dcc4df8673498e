"""MLflow's endpoints in the server of this project: clients that hang up, and the time of a request."""

import asyncio
import json
import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient
from search_fakes import FakeGenerator, random_generator, random_verifier
from starlette.types import Message

from stepscale.serving import invocations
from stepscale.serving.answering import Answerer
from stepscale.serving.policy import ServedPolicy
from stepscale.serving.server import ServerOptions, application
from stepscale.serving.service import ServiceLimits
from stepscale.time_limit import Deadline

QUESTION = {"problem": "problem 1", "budget": 6}


def test_the_work_ends_when_the_client_hangs_up(settings) -> None:
    begun, hung_up = threading.Event(), threading.Event()

    class Waiting(FakeGenerator):
        def generate(self, *arguments: Any) -> Any:
            begun.set()
            assert hung_up.wait(600)
            return super().generate(*arguments)

    generator = Waiting(random_generator(3).say)
    answerer = Answerer(ServedPolicy.model_validate(settings), generator, random_verifier(0))
    app = application(answerer, ServerOptions(limits=ServiceLimits(questions_at_once=1), seconds=6000.0))
    body: list[Message] = [{"type": "http.request", "body": json.dumps({"inputs": [QUESTION] * 20}).encode()}]
    sent: list[Message] = []

    async def receive() -> Message:
        if body:
            return body.pop()
        assert await asyncio.to_thread(begun.wait, 600)
        asyncio.get_running_loop().call_soon(hung_up.set)  # after the server has read the message
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    async def ask() -> None:
        scope = {"type": "http", "method": "POST", "path": "/invocations", "query_string": b"", "headers": []}
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)

    asyncio.run(ask())
    assert len(generator.calls) == 1, "the one that was under way"
    assert sent[0]["status"] == 504


@pytest.mark.parametrize("seconds", [0.25, 1.0, 7.5])
def test_a_request_may_take_the_seconds_that_were_given(settings, monkeypatch, seconds) -> None:
    taken: list[float] = []

    def over(given: float) -> Deadline:
        taken.append(given)
        return Deadline(0.0)

    monkeypatch.setattr(invocations, "Deadline", over)
    answerer = Answerer(ServedPolicy.model_validate(settings), random_generator(3), random_verifier(0))
    client = TestClient(application(answerer, ServerOptions(seconds=seconds)))
    reply = client.post("/invocations", json={"inputs": QUESTION})
    assert reply.status_code == 504 and f"no answer within {seconds:g} seconds" in reply.json()["message"]
    assert taken == [seconds]
