"""The bound on what comes over HTTP: a body is read up to a limit, so that none fills the memory. One for all servers here."""

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 2 * 2**20  # bytes; 32 problems of 20,000 characters fit
_REASON = f"the body is larger than {MAX_BODY_BYTES} bytes; send less at once"


class BoundedBodies:
    """Answers a request whose body is larger than ``MAX_BODY_BYTES`` bytes with HTTP 413, whatever length it states.

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
            size += len(read[-1].get("body", b""))
            more, is_too_large = read[-1].get("more_body", False), size > MAX_BODY_BYTES
        if is_too_large:
            await _refusal()(scope, receive, send)
            return
        waiting = iter(read)

        async def replayed() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, replayed, send)


def _refusal() -> JSONResponse:
    """Both for OpenAI's clients, which read ``error``, and for pages, which read ``detail``."""
    error = {"message": _REASON, "type": "invalid_request_error", "param": None, "code": None}
    return JSONResponse({"error": error, "detail": _REASON}, 413, {"Connection": "close"})
