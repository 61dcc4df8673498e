"""Bounds on what comes over HTTP: a body is read up to a limit, so that none fills the memory."""

from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 2 * 2**20  # bytes; 32 problems of 20,000 characters fit


class BoundedBodies:
    """Answers a request with a larger body with HTTP 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        read: list[Message] = []
        size, more = 0, scope["method"] not in ("GET", "HEAD")
        while more:
            message = await receive()
            read.append(message)
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
            if size > LARGEST_BODY:
                reason = f"the body is larger than {LARGEST_BODY} bytes; send fewer questions at once"
                refusal = JSONResponse(error_body(reason, "invalid_request_error"), 413, {"Connection": "close"})
                await refusal(scope, receive, send)
                return
        waiting = iter(read)

        async def replayed() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replayed, send)


def error_body(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
