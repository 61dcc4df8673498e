"""Serves the policy to OpenAI's clients and to MLflow's: one process that listens, and others that answer where that helps.

In: what opens an ``Answerer``, and options. Out: a server that says where it listens. At SIGTERM it accepts no more requests,
finishes those under way, and ends.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, closing
from socket import socket
from typing import Annotated, Literal

import click
import uvicorn
from fastapi import FastAPI
from pydantic import Field

from stepscale.http_bounds import BoundedBodies
from stepscale.listening import bound_sockets, listen
from stepscale.serving.answering import Answerer
from stepscale.serving.http_forms import AnswersHead
from stepscale.serving.openai_app import OpenAIEndpoints, openai_app
from stepscale.serving.service import AnswerService, ServiceLimits
from stepscale.serving.side_by_side import Answers
from stepscale.serving.worker_process import OpenAnswerer
from stepscale.serving.workers import Workers, processes_for
from stepscale.user_settings import UserSettings

_SPARE_THREADS = 32  # that refuse requests while all others wait for answers


class ServerOptions(UserSettings):
    """How the policy is served."""

    host: str = "127.0.0.1"
    port: int = Field(5001, ge=0, le=65535, description="0: any free one")
    name: str = Field("stepscale-policy", min_length=1, description="what clients give as model")
    budget: int = Field(16, ge=1, description="generations per answer, where a request names no budget")
    seconds: float = Field(60.0, gt=0, allow_inf_nan=False, description="that a request may take")
    workers: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        "auto",
        description="processes that answer; 1: the one that listens; auto: one per core for small models, else 1",
    )
    limits: ServiceLimits = ServiceLimits()


def application(answerer: Answerer, options: ServerOptions, answers: Answers | None = None) -> FastAPI:
    """Both APIs over one service; it is closed with the application.

    Args:
        answerer: What checks questions.
        options: Address, names and limits.
        answers: What answers; None: the answerer itself, in this process.

    Returns:
        The application.
    """
    from stepscale.serving.invocations import invocations_app

    service = AnswerService(answerer, options.limits, answers)
    budget = max(options.budget, answerer.policy.budgets[0].budget)
    app = openai_app(OpenAIEndpoints(service, options.name, options.seconds, budget))
    app.mount("/", invocations_app(service, options.seconds))
    app.add_middleware(AnswersHead)
    app.add_middleware(BoundedBodies)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        # a request of MLflow's keeps a thread until it is answered
        threads = ThreadPoolExecutor(options.limits.questions + _SPARE_THREADS, "request")
        asyncio.get_running_loop().set_default_executor(threads)
        yield
        await asyncio.to_thread(service.close)

    app.router.lifespan_context = life
    return app


class _Announced(uvicorn.Server):
    """Prints the address as soon as the server listens."""

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
                click.echo(f"listening: {address}/v1 for OpenAI's clients, {address}/invocations for MLflow's")


def serve(open_answerer: OpenAnswerer, options: ServerOptions) -> None:
    """Serve until the process is told to end.

    Args:
        open_answerer: Opens the models; where several processes answer, it is pickled and called in each.
        options: Address, names and limits.

    Raises:
        InputError: The address cannot be listened on, or the models cannot be opened.
    """
    with ExitStack() as stack:
        sockets = stack.enter_context(
            bound_sockets(options.host, options.port)
        )  # before the models, which take minutes
        answerer = open_answerer()
        processes = processes_for(answerer) if options.workers == "auto" else options.workers
        workers = None
        if processes > 1:
            workers = stack.enter_context(closing(Workers(open_answerer, processes, options.limits.questions_at_once)))
        app = application(answerer, options, workers)
        listen(sockets)
        _Announced(uvicorn.Config(app, log_level="warning")).run(sockets)
