"""What HTTP itself asks of both APIs: an answer to HEAD wherever GET has one, and words for a body that is no JSON."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MAX_REASON_CHARACTERS = 80  # characters of what the parser says


def unreadable_json(error: BaseException) -> str:
    """One line on a body that Python's JSON does not read: nested too deeply, or with a number of thousands of digits.

    Args:
        error: What the parser raised.
    """
    reason = " ".join(str(error).split())[:_MAX_REASON_CHARACTERS] or type(error).__name__
    return f"the body cannot be read as JSON ({reason}); nest it less deeply, write shorter numbers, and encode it as UTF-8"


class AnswersHead:
    """Answers HEAD as GET, without the body: those who watch a server ask so, and neither API lists HEAD among its methods.

    Args:
        app: Gets all requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)
