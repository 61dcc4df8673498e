"""OpenAI's API under ``/v1``, over an ``AnswerService``.

Each request has a deadline. A client that hangs up, or whose time is up, ends the work on its questions.
"""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from concurrent.futures import Future
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from stepscale.errors import InputError
from stepscale.serving.answering import PolicyAnswer
from stepscale.serving.http_forms import unreadable_json
from stepscale.serving.openai_replies import Json, Reply, error_body
from stepscale.serving.openai_requests import ChatRequest, CompletionRequest, TextRequest
from stepscale.serving.question import PolicyQuestion
from stepscale.serving.service import AnswerService, Overloaded
from stepscale.serving.worker import WorkerLost
from stepscale.time_limit import Deadline, OutOfTime

_log = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0  # between two looks whether the client is still there, and between signs of life in a stream
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_PATHS = ("models", "chat/completions", "completions")
_GONE = 499  # as nginx has it: the client hung up
_PASSING = (429, 503)  # may be another status in a moment


class UnknownModel(Exception):
    """The request names a model that is not served."""


@dataclass(frozen=True)
class OpenAIEndpoints:
    """What the endpoints share.

    Attributes:
        service: Answers questions side by side.
        model: The name that requests give.
        seconds: Time limit of one request.
        budget: Generations, where a request names none.
    """

    service: AnswerService
    model: str
    seconds: float
    budget: int

    def router(self) -> APIRouter:
        """The endpoints."""
        router = APIRouter(prefix="/v1")
        router.get("/models")(self.models)
        router.get("/models/{name:path}")(self.model_card)
        router.post("/chat/completions")(self.chat)
        router.post("/completions")(self.text)
        router.api_route("/{path:path}", methods=_METHODS, include_in_schema=False)(self.nothing)
        return router

    async def about(self) -> Json:
        """What there is, for who opens the address itself."""
        return {"model": self.model, "openai": [f"/v1/{path}" for path in _PATHS], "mlflow": ["/invocations", "/ping"]}

    async def models(self) -> Json:
        """The one model."""
        return {"object": "list", "data": [self._card()]}

    async def model_card(self, name: str) -> Json:
        """The model of this name."""
        self._check_model(name)
        return self._card()

    async def nothing(self, request: Request) -> Response:
        """What is not offered, refused in OpenAI's form."""
        raise HTTPException(404, f"there is no {request.method} {request.url.path[:80]} here; see docs/serving.md")

    async def chat(self, body: ChatRequest, request: Request) -> Response:
        """Answer the last message of the user."""
        return await self._reply(body, self._questions(body), request, Reply(self.model, chat=True))

    async def text(self, body: TextRequest, request: Request) -> Response:
        """Answer each prompt."""
        return await self._reply(body, self._questions(body), request, Reply(self.model, chat=False))

    def _questions(self, body: ChatRequest | TextRequest) -> list[PolicyQuestion]:
        return body.questions(self.budget, self.service.most_per_request)

    async def _reply(
        self, body: CompletionRequest, questions: list[PolicyQuestion], request: Request, reply: Reply
    ) -> Response:
        self._check_model(body.model)
        deadline = Deadline(self.seconds)
        futures = await asyncio.to_thread(self.service.submit, questions, deadline)
        if body.stream:
            events = self._events(futures, deadline, reply, body.includes_usage)
            return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-cache"})
        answers: dict[int, PolicyAnswer] = {}
        async with aclosing(_as_settled(futures, deadline)) as settled_answers:
            async for settled in settled_answers:
                if settled:
                    answers[settled[0]] = settled[1]
                elif await request.is_disconnected():
                    return Response(status_code=_GONE)
        return JSONResponse(reply.whole([answers[i] for i in range(len(futures))]))

    async def _events(
        self, futures: Sequence[Future[PolicyAnswer]], deadline: Deadline, reply: Reply, with_usage: bool
    ) -> AsyncIterator[str]:
        for index in range(len(futures)):
            yield _event(reply.opening(index))
        answers: list[PolicyAnswer] = []
        try:
            async with aclosing(_as_settled(futures, deadline)) as settled_answers:
                async for settled in settled_answers:
                    if settled is None:
                        yield ": at work\n\n"
                        continue
                    answers.append(settled[1])
                    for chunk in reply.settled(*settled):
                        yield _event(chunk)
        except Exception as error:
            status, body = self.refusal(error)
            yield _event({**body, "status": status})
            return
        if with_usage:
            yield _event(reply.spent(answers))
        yield "data: [DONE]\n\n"

    def refusal(self, error: Exception) -> tuple[int, Json]:
        """The status and the body that report ``error`` to a client; an unknown error is logged."""
        match error:
            case InputError():
                return 400, error_body(str(error), "invalid_request_error")
            case RequestValidationError():
                return 400, error_body(_fault(error.errors()[0]), "invalid_request_error")
            case HTTPException(__cause__=RecursionError() | ValueError() as cause):  # FastAPI itself does not say why
                return 400, error_body(unreadable_json(cause), "invalid_request_error")
            case HTTPException():
                return error.status_code, error_body(str(error.detail), "invalid_request_error")
            case UnknownModel():
                reason = f"there is no model {str(error)[:80]!r} here; there is {self.model!r}"
                return 404, error_body(reason, "invalid_request_error", "model_not_found")
            case Overloaded():
                return 429, error_body(str(error), "rate_limit_error", "queue_full")
            case WorkerLost():
                return 503, error_body(str(error), "server_error", "worker_lost")
            case OutOfTime():
                reason = (
                    f"no answer within {self.seconds:g} seconds, so the work was ended; ask fewer questions at once, with "
                    "smaller budgets, or start the server with more --seconds"
                )
                return 504, error_body(reason, "timeout_error", "timeout")
        _log.error("a question could not be answered", exc_info=error)
        return 500, error_body("the server failed; its log tells why", "server_error")

    def _check_model(self, name: str) -> None:
        if name != self.model:
            raise UnknownModel(name)

    def _card(self) -> Json:
        return {"id": self.model, "object": "model", "created": 0, "owned_by": "stepscale"}


def openai_app(endpoints: OpenAIEndpoints) -> FastAPI:
    """An application with ``endpoints``, whose errors OpenAI's clients read."""
    app = FastAPI(title="StepScale policy", docs_url=None, redoc_url=None)
    app.include_router(endpoints.router())
    for path in ("/", "/v1"):
        app.get(path)(endpoints.about)

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        status, body = endpoints.refusal(error)
        return JSONResponse(body, status, {"Retry-After": "1"} if status in _PASSING else None)

    for kind in (
        InputError,
        RequestValidationError,
        HTTPException,
        UnknownModel,
        Overloaded,
        WorkerLost,
        OutOfTime,
        Exception,
    ):
        app.add_exception_handler(kind, refuse)
    return app


async def _as_settled(
    futures: Sequence[Future[PolicyAnswer]], deadline: Deadline
) -> AsyncGenerator[tuple[int, PolicyAnswer] | None, None]:
    """Each answer with its place as soon as it is there; None after every second without one.

    However this ends, nothing more is done for these questions. Raises OutOfTime, and what answering raised.
    """
    waiting: dict[asyncio.Future[Any], int] = {asyncio.wrap_future(future): i for i, future in enumerate(futures)}
    try:
        while waiting:
            pause = min(_LOOK_SECONDS, max(0.0, deadline.left()))
            settled, _ = await asyncio.wait(waiting, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            if not settled and deadline.left() <= 0:
                raise OutOfTime
            if not settled:
                yield None
            for future in sorted(settled, key=lambda future: waiting[future]):
                yield waiting.pop(future), future.result()
    finally:
        deadline.end_now()
        for future in waiting:
            future.cancel()


def _fault(error: Any) -> str:
    """One line for the first fault of a body."""
    where, reason = ".".join(map(str, error["loc"][1:])), str(error["msg"]).removeprefix("Value error, ")
    match error["type"]:
        case "json_invalid":
            return f"the body is not JSON: {error['ctx']['error']} at character {error['loc'][-1]}"
        case "model_attributes_type" if where:
            return f"{where}: must be an object"
        case "model_attributes_type" | "missing" if not where:  # it is no object, or there is none
            form = '{"model": ..., "messages": [...]}'
            return f"the body must be a JSON object such as {form}, with Content-Type: application/json"
    return f"{where}: {reason}" if where else reason


def _event(chunk: Json) -> str:
    return f"data: {json.dumps(chunk)}\n\n"
