"""MLflow's own endpoints (``/invocations``, ``/ping``, ``/version``) over a service that is already running.

In: an ``AnswerService``. Out: the application that ``mlflow models serve`` runs, with this service behind it.
"""

import math
import os
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from mlflow.models import Model
from mlflow.pyfunc import scoring_server
from starlette.types import ASGIApp, Receive, Scope, Send

from stepscale.serving.http_forms import unreadable_json
from stepscale.serving.packaging import signature
from stepscale.serving.pyfunc_model import WORKING_SHARE, PolicyModel
from stepscale.serving.service import AnswerService


class _LoadedModel:
    """The interface that MLflow's server needs of a model."""

    metadata = Model(signature=signature())

    def __init__(self, service: AnswerService) -> None:
        self._model = PolicyModel()
        self._model.service = service

    def predict(self, data: Any, params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """See ``PolicyModel.predict``."""
        return self._model.predict(None, data, params)  # type: ignore[arg-type]  # it reads nothing of a context


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
        seconds: The longest that a request may take; None: no limit.

    Returns:
        The application.
    """
    os.environ[MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT.name] = str(math.ceil(seconds / WORKING_SHARE))
    app: FastAPI = scoring_server.init(_LoadedModel(service))  # type: ignore[arg-type]  # all that it uses

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"error_code": "BAD_REQUEST", "message": unreadable_json(error)}, 400)

    for kind in (RecursionError, ValueError):
        app.add_exception_handler(kind, refuse)
    app.add_middleware(_JsonByDefault)
    return app
