"""The bound on what comes over HTTP: a body is read up to a limit, so that none fills the memory. One for all servers here."""

import asyncio
from contextlib import suppress

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 2 * 2**20  # bytes; 32 problems of 20,000 characters fit
MAX_DRAINED_BYTES = 32 * MAX_BODY_BYTES  # bytes of a refused body that are read and dropped
_DRAIN_SECONDS = 30.0  # that this may take
_REASON = f"the body is larger than {MAX_BODY_BYTES} bytes; send less at once"


class BoundedBodies:
    """Answers a request whose body is larger than ``MAX_BODY_BYTES`` bytes with HTTP 413, whatever length it states.

    The answer is sent at once. What is left of the body is then read and dropped, up to ``MAX_DRAINED_BYTES`` bytes: many clients
    send all of a body before they read, and if the connection were closed meanwhile, they would see no answer at all.

    Args:
        app: Gets all other requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = dict(scope["headers"]).get(b"content-length", b"")
        is_too_large = stated.isdigit() and (len(stated) > 18 or int(stated) > MAX_BODY_BYTES)
        read: list[Message] = []
        size, more = 0, scope["method"] not in ("GET", "HEAD")
        while more and not is_too_large:
            read.append(await receive())
            if read[-1]["type"] == "http.disconnect":
                return
            size += len(read[-1].get("body", b""))
            more, is_too_large = read[-1].get("more_body", False), size > MAX_BODY_BYTES
        if is_too_large:
            read.clear()
            await _refuse(scope, receive, send, is_all_read=size > 0 and not more)
            return
        waiting = iter(read)

        async def replayed() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replayed, send)


async def _refuse(scope: Scope, receive: Receive, send: Send, is_all_read: bool) -> None:
    """Send the answer, and end it when the body has been read."""

    async def send_and_drain(message: Message) -> None:
        if message["type"] == "http.response.body" and not is_all_read:
            await send({**message, "more_body": True})  # the connection is closed at the end of the answer
            await _drain(receive)
            message = {**message, "body": b""}
        await send(message)

    await _refusal()(scope, receive, send_and_drain)


async def _drain(receive: Receive) -> None:
    n_read, more = 0, True
    with suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while more and n_read < MAX_DRAINED_BYTES:
                message = await receive()
                n_read += len(message.get("body", b""))
                more = message.get("more_body", False)


def _refusal() -> JSONResponse:
    """Both for OpenAI's clients, which read ``error``, and for pages, which read ``detail``."""
    error = {"message": _REASON, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error, "detail": _REASON}, 413, {"Connection": "close"})
