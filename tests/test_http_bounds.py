"""Bodies beyond the bound, message by message: who is answered, when, and how much of a refused body is read."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from stepscale.http_bounds import MAX_BODY_BYTES, MAX_DRAINED_BYTES, BoundedBodies

_PIECE = b" " * 2**20


class Client:
    """Sends so many pieces of a body, and writes down what happens in which order: "read" a piece, or what it was sent."""

    def __init__(self, pieces: int, hangs_up: bool = False) -> None:
        self._left, self._hangs_up = pieces, hangs_up
        self.log: list[str] = []

    async def receive(self) -> Message:
        if not self._left:
            assert self._hangs_up, "nothing more comes: a server would wait forever"
            return {"type": "http.disconnect"}
        self._left -= 1
        self.log.append("read")
        return {"type": "http.request", "body": _PIECE, "more_body": self._left > 0 or self._hangs_up}

    async def send(self, message: Message) -> None:
        more = " and more" * bool(message.get("more_body"))
        self.log.append(str(message.get("status", f"{len(message.get('body', b'')) and 'text'}{more}")))


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("the request was to be refused")


def asked(client: Client, stated: int | None = None, **scope: Any) -> list[str]:
    headers = [(b"content-length", str(stated).encode())] if stated else []
    request = {"type": "http", "method": "POST", "headers": headers, **scope}
    asyncio.run(BoundedBodies(nobody)(request, client.receive, client.send))
    return client.log


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_what_is_refused_by_its_stated_length_is_answered_first_and_then_read_to_its_end(method) -> None:
    log = asked(Client(7), 7 * len(_PIECE), method=method)
    assert log == ["413", "text and more", *["read"] * 7, "0"]


def test_what_turns_out_too_large_is_answered_then_and_the_rest_is_read() -> None:
    n_within = MAX_BODY_BYTES // len(_PIECE)
    assert asked(Client(9)) == [*["read"] * (n_within + 1), "413", "text and more", *["read"] * (8 - n_within), "0"]
    assert asked(Client(n_within + 1)) == [*["read"] * (n_within + 1), "413", "text"], "there is no rest to wait for"


def test_no_more_than_the_bound_is_read_of_a_body_without_end() -> None:
    log = asked(Client(10**9), 10**15)
    assert log.count("read") == MAX_DRAINED_BYTES // len(_PIECE) and log[-1] == "0"


def test_a_client_that_hangs_up_is_waited_for_no_longer() -> None:
    assert asked(Client(5, hangs_up=True), 10**9) == ["413", "text and more", *["read"] * 5, "0"]
    assert asked(Client(1, hangs_up=True)) == ["read"], "half a body asks for nothing"
