"""MLflow's own endpoints (``/invocations``, ``/ping``, ``/version``) over a service that is already running.

In: an ``AnswerService``. Out: the application that ``mlflow models serve`` runs, with this service behind it. Here
the work also ends when the client hangs up, and the time limit need not be whole seconds.
"""

import asyncio
import math
import os
from contextvars import ContextVar
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from mlflow.models import Model
from mlflow.pyfunc import scoring_server
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stepscale.serving.http_forms import unreadable_json
from stepscale.serving.packaging import signature
from stepscale.serving.pyfunc_model import answers_to
from stepscale.serving.service import AnswerService
from stepscale.time_limit import Deadline

_SPARE_SECONDS = 60.0  # that MLflow's server waits longer than a request may take: it is told of the end by the service
_DEADLINE: ContextVar[Deadline] = ContextVar(
    "deadline"
)  # of the request; MLflow's server calls the model in its context


class _LoadedModel:
    """The interface that MLflow's server needs of a model."""

    metadata = Model(signature=signature())

    def __init__(self, service: AnswerService, seconds: float) -> None:
        self._service, self._seconds = service, seconds

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """See ``answers_to``."""
        return answers_to(data, self._service, self._seconds, _DEADLINE.get())


class _EndsWithClient:
    """Gives each request its deadline, which comes at once when the client hangs up: MLflow's server would not notice.

    Args:
        app: Reads the deadline.
        seconds: The longest that a request may take.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        read = [await receive()]
        while read[-1].get("more_body"):
            read.append(await receive())
        deadline = Deadline(self._seconds)
        _DEADLINE.set(deadline)
        gone = asyncio.ensure_future(_gone(receive, deadline))
        waiting = iter(read)

        async def replayed() -> Message:
            message = next(waiting, None)
            return await asyncio.shield(gone) if message is None else message

        try:
            await self._app(scope, replayed, send)
        finally:
            gone.cancel()


async def _gone(receive: Receive, deadline: Deadline) -> Message:
    """The message that the client has hung up, once it comes; the work has ended then."""
    while (message := await receive())["type"] != "http.disconnect":
        pass
    deadline.end_now()
    return message


class _JsonByDefault:
    """Takes a body that does not say what it is as JSON; MLflow's server fails on it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            others = [(name, value) for name, value in scope["headers"] if name != b"content-type" or value.strip()]
            if all(name != b"content-type" for name, _ in others):
                scope = {**scope, "headers": [*others, (b"content-type", b"application/json")]}
        await self._app(scope, receive, send)


def invocations_app(service: AnswerService, seconds: float) -> FastAPI:
    """MLflow's application; a request's work ends after ``seconds``.

    Args:
        service: What answers.
        seconds: The longest that a request may take.

    Returns:
        The application.
    """
    os.environ[MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT.name] = str(math.ceil(seconds + _SPARE_SECONDS))
    app: FastAPI = scoring_server.init(_LoadedModel(service, seconds))  # type: ignore[arg-type]  # all that it uses

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error_code": "BAD_REQUEST", "message": unreadable_json(error)}, 400)

    for kind in (RecursionError, ValueError):
        app.add_exception_handler(kind, refuse)
    app.add_middleware(_JsonByDefault)
    app.add_middleware(_EndsWithClient, seconds=seconds)
    return app
