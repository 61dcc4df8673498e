"""Requests JSON from a server over HTTP, with retries while trouble may pass, and one clear line when it does not.

In: a path and a body. Out: the answer, as a reader function returns it. Knows nothing about models.
"""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

import httpx
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from stepscale.errors import InputError
from stepscale.remote.access import ServerAccess
from stepscale.time_limit import time_left

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_LOOK_SECONDS = 0.5  # between two looks whether anybody still waits
_PASSING = (408, 425, 429)  # status codes below 500 that may be others next time


class PassingError(Exception):
    """An error that may not happen again on a retry."""


class RefusedError(InputError):
    """An error that retries will not cure."""


class Client:
    """Sends requests to one server.

    Args:
        access: Address, key and patience; ``concurrency`` threads ask at once.
    """

    def __init__(self, access: ServerAccess) -> None:
        self.access = access
        self.root = access.base_url.rstrip("/")
        self._http = httpx.Client(
            headers=_headers(access),
            limits=httpx.Limits(max_connections=access.concurrency),
        )

    def map(self, function: Callable[[_Item], _Result], items: Sequence[_Item]) -> list[_Result]:
        """``function`` of every item, many at once; order kept. The first error ends it, and nothing more is begun.

        Args:
            function: Asks the server; runs in a thread of its own.
            items: Its arguments.
        """
        with ThreadPoolExecutor(self.access.concurrency) as pool:
            futures = [pool.submit(copy_context().run, function, item) for item in items]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def post(self, url: str, body: dict[str, Any], read: Callable[[Any], _Result], subject: str) -> _Result:
        """The JSON reply as ``read`` returns it; retried with growing pauses while the trouble may pass.

        Args:
            url: The whole address.
            body: What is sent, as JSON.
            read: Raises ValueError, KeyError, IndexError or TypeError for an answer of another form.
            subject: What the answer should be, for the message where it is something else.

        Raises:
            InputError: The server cannot be reached, refuses, or answers something else; one line.
        """
        pauses = wait_random_exponential(0.25, self.access.longest_pause_seconds)
        asking = Retrying(
            retry=retry_if_exception_type(PassingError),
            wait=pauses,
            stop=stop_after_attempt(self.access.attempts),
            sleep=_pause,
        )
        try:
            answer: _Result = asking(self._post_once, url, body, read, subject)
            return answer
        except RetryError as error:
            reason = error.last_attempt.exception()
            raise InputError(
                f"server {self.access.base_url}: {reason} ({self.access.attempts} attempts); is it running, and is"
                " base_url right? Finished shards are kept: run again to go on"
            ) from reason

    def _post_once(self, url: str, body: dict[str, Any], read: Callable[[Any], _Result], subject: str) -> _Result:
        try:
            seconds = min(self.access.timeout_seconds, time_left())
            response = self._http.post(url, json=body, timeout=httpx.Timeout(seconds, connect=min(10.0, seconds)))
        except httpx.TimeoutException as error:
            raise PassingError(f"no answer within {self.access.timeout_seconds:g} s") from error
        except httpx.TransportError as error:
            raise PassingError(f"connection failed ({one_line(error)})") from error
        if response.status_code in _PASSING or response.status_code >= 500:
            raise PassingError(f"answered {response.status_code} ({one_line(response.text)})")
        if response.is_error:
            raise RefusedError(
                f"server {self.access.base_url} refused: {response.status_code} ({one_line(response.text)});"
                " check model and base_url"
            )
        try:
            return read(response.json())
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise PassingError(f"the answer is not {subject} ({one_line(response.text)})") from error

    def served(self) -> dict[str, dict[str, Any]]:
        """What the server says about its models, by name; empty where it says nothing."""
        with suppress(httpx.TransportError):
            return self.reached()
        return {}

    def reached(self) -> dict[str, dict[str, Any]]:
        """As ``served``. Raises httpx.TransportError if the server cannot be reached."""
        response = self._http.get(f"{self.root}/models", timeout=10.0)
        try:
            return {str(model["id"]): dict(model) for model in response.raise_for_status().json()["data"]}
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError):
            return {}

    def context(self) -> int | None:
        """Tokens that the model reads and writes together, as the settings or the server say; None: not known."""
        if self.access.context:
            return self.access.context
        longest = self.served().get(self.access.model, {}).get("max_model_len")
        return int(longest) if isinstance(longest, int) and longest > 0 else None


def served_model(access: ServerAccess) -> str:
    """The name of the one model that a server serves.

    Args:
        access: How the server is asked.

    Raises:
        InputError: It serves several, or does not tell.
    """
    names = list(Client(access).served())
    if not names:
        raise InputError(f"server {access.base_url} does not tell its models; is it running? Name one with model")
    if len(names) > 1:
        raise InputError(f"server {access.base_url} serves {', '.join(names)}; name one of them with model")
    return names[0]


def check_serves(access: ServerAccess) -> None:
    """Check that a server is there and does not say that it serves other models alone.

    Args:
        access: How the server is asked.

    Raises:
        InputError: It cannot be reached, or serves others.
    """
    try:
        names = list(Client(access).reached())
    except httpx.TransportError as error:
        raise InputError(f"server {access.base_url} cannot be reached ({one_line(error)}); start it first") from None
    if names and access.model not in names:
        raise InputError(f"server {access.base_url} serves {', '.join(names)}, not {access.model!r}; name one of them")


def _headers(access: ServerAccess) -> dict[str, str]:
    variable = access.api_key_variable
    if variable and variable not in os.environ:
        raise InputError(f"environment variable {variable} is not set; it should hold the key of {access.base_url}")
    return {"Authorization": f"Bearer {os.environ[variable]}"} if variable else {}


def _pause(seconds: float) -> None:
    """Sleep, and wake up when the time of the work is up. Raises OutOfTime."""
    end = time.monotonic() + seconds
    while (rest := end - time.monotonic()) > 0:
        time.sleep(min(rest, time_left(), _LOOK_SECONDS))


def one_line(text: object) -> str:
    """Something's text as one line of at most 160 characters; "no text" where there is none.

    Args:
        text: An error, or text of any length.
    """
    return " ".join(str(text).split())[:160] or "no text"
