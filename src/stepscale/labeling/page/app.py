"""The labeling server: the page, the next sample, and the save that answers when the record is on the disk.

In: a queue, and who may label. Out: an ASGI application. What models wrote leaves here as data; a policy of the page forbids
every script but the page's own.
"""

import hmac
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from stepscale.errors import InputError, describe_validation_error
from stepscale.http_bounds import BoundedBodies
from stepscale.labeling.page.formulas import parts_as_json
from stepscale.labeling.page.page_options import LOCAL_HOSTS, NAME_RULE, Ask, is_labeler
from stepscale.labeling.page.queue import Queue
from stepscale.labeling.page.records import Submission, completions_of
from stepscale.labeling.page.sample import Sample

logger = logging.getLogger(__name__)

_STATIC = Path(__file__).with_name("static")
_LATEX = re.compile(r"[\\^_{]")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(queue: Queue, tokens: Mapping[str, str] | None = None) -> FastAPI:
    """The application.

    Args:
        queue: What is labeled.
        tokens: Secret token of each labeler, by name. Without any, everybody on this machine may label, under the name that
            they choose.
    """
    app = FastAPI(title="Label steps", docs_url=None, redoc_url=None, openapi_url=None)
    who = Annotated[str, Depends(_by_token(tokens) if tokens else _by_name)]

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(_STATIC / "page.html")

    @app.get("/api/next")
    def next_sample(labeler: who) -> dict[str, Any]:
        sample = queue.next(labeler)
        return {
            "labeler": labeler,
            "ask": queue.options.ask,
            "sample": None if sample is None else sample_for_page(sample, queue.options.ask),
            "progress": asdict(queue.progress(labeler)),
        }

    @app.post("/api/save")
    def save(submission: Submission, labeler: who) -> dict[str, Any]:
        try:
            is_new = queue.save(labeler, submission)
        except InputError as error:
            raise HTTPException(422, str(error)) from None
        except OSError as error:
            logger.error("a label was not saved: %s", error)
            raise HTTPException(507, f"the server's disk did not take it ({error.strerror})") from None
        return {"saved": True, "new": is_new}

    app.mount("/static", StaticFiles(directory=_STATIC))
    _add_safeguards(app, local_only=not tokens)
    return app


def _add_safeguards(app: FastAPI, local_only: bool) -> None:
    """Short messages for bad requests, headers on every answer, bounded bodies, and the hosts that may be asked for."""

    @app.exception_handler(RequestValidationError)
    def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        fault = describe_validation_error(error, first_only=True, verbatim=True)
        return JSONResponse({"detail": fault[:300]}, 422)

    @app.middleware("http")
    async def with_headers(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    app.add_middleware(BoundedBodies)
    if local_only:  # another site's page must not reach this server through the browser, under whatever name
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOCAL_HOSTS)


def sample_for_page(sample: Sample, ask: Ask) -> dict[str, Any]:
    """A sample as the page takes it: texts and formulas; neither score nor known ratings, which would anchor a labeler.

    Args:
        sample: What is labeled.
        ask: What is asked of a labeler: the steps alone, or alternatives too.
    """
    return {
        "id": sample.id,
        "problem": parts_as_json(sample.problem),
        "answer": None if sample.answer is None else parts_as_json(_as_latex(sample.answer)),
        "solution": None if sample.solution is None else parts_as_json(sample.solution),
        "steps": [[parts_as_json(text) for text in completions_of(sample, i, ask)] for i in range(len(sample.steps))],
    }


def _as_latex(answer: str) -> str:
    """A reference answer stands without dollar signs in every data set; words are not a formula."""
    return f"${answer}$" if _LATEX.search(answer) and "$" not in answer.replace(r"\$", "") else answer


def _by_name(x_labeler: Annotated[str, Header()] = "") -> str:
    """The name that the page sends; a header of our own cannot come from another site's form."""
    if not is_labeler(x_labeler):
        raise HTTPException(401, f"{NAME_RULE}; open /?labeler=NAME")
    return x_labeler


def _by_token(tokens: Mapping[str, str]) -> Any:
    def labeler(authorization: Annotated[str, Header()] = "") -> str:
        token = authorization.removeprefix("Bearer ").encode()
        matching = [name for name, valid in tokens.items() if hmac.compare_digest(valid.encode(), token)]
        if not matching:
            raise HTTPException(401, "this link holds no valid token; ask who runs the server for yours")
        return matching[0]

    return labeler
