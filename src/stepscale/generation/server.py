"""The Generator over any OpenAI-compatible completions server (vLLM, SGLang, transformers serve), by its base_url.

In: token prefixes with seeds. Out: continuations, and the tokens the server says it processed. A server keeps its
tokens to itself, so ids HERE are the bytes of UTF-8 text, and 256 is the end of a solution: text travels unchanged and
step boundaries are still positions. Budgets (``max_new_tokens``, ``Continuation.length``) and the ledger are in the server's
own tokens. Whether a seed gives the same text again is the server's promise, not ours. Knows nothing of answers, verifiers
or search.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Continuation, Ended, Request, Sampling, Until
from stepscale.time_limit import time_left

END = 256  # the id that ends a solution; ids below it are bytes
_BLANK_ROUNDS = 4  # separators before any text: how often a step is asked to go on
_ENDS = ("stop", "eos_token", "stop_sequence")  # why a solution is finished; "length" and "content_filter" are no ends
_BROKEN_OFF = (None, "abort")  # the server stopped of itself: asked again, as often as _TRIES says
_TRIES = 3


class ServerSettings(BaseModel):
    """Where the server is and how to ask it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: str = Field(description="such as http://localhost:8000/v1")
    model: str = Field(description="the model's name on the server")
    api_key_variable: str | None = Field(None, description="environment variable that holds the API key")
    concurrency: int = Field(64, ge=1, description="requests under way at once")
    timeout_seconds: float = Field(600.0, gt=0, description="for one answer")
    attempts: int = Field(6, ge=1, description="tries of one request, with growing pauses between them")
    longest_pause_seconds: float = Field(30.0, ge=0, description="between two tries")
    logprobs: bool = Field(True, description="ask for token log-likelihoods; a server may not give them")
    seeds: bool = Field(True, description="send a seed with each request; a server may not bear them (vLLM on a CPU)")
    stop_text_removed: bool = Field(
        False,
        description="the server cuts the stop text off without telling (vLLM and SGLang tell, transformers keeps it)",
    )
    parameters: int = Field(0, ge=0, description="parameters of the model, for FLOPs; 0: not known")


class _PassingError(Exception):
    """Something that may go better next time."""


@dataclass
class _Answer:
    """``length``: the server's tokens of ``text``; ``prefill`` and ``decode``: all that it computed for it."""

    text: str
    ended: Ended
    logprobs: list[tuple[str, float]]
    length: int
    prefill: int
    decode: int


class ServerGenerator:
    """A Generator over a completions server."""

    def __init__(
        self, settings: ServerSettings, *, prompt_template: str = "{problem}\n", step_separator: str = "\n"
    ) -> None:
        if prompt_template.count("{problem}") != 1:
            raise InputError(f"prompt_template {prompt_template!r} must hold {{problem}} exactly once")
        self.name, self.settings = settings.model, settings
        self._template, self._separator = prompt_template, step_separator
        self._client = httpx.Client(
            headers=_headers(settings),
            limits=httpx.Limits(max_connections=settings.concurrency),
        )

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """Bytes of the prompt that asks for a solution of ``problem``."""
        return tuple(self._template.replace("{problem}", problem).encode())

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of bytes; the end of a solution has none."""
        return bytes(token for token in tokens if token != END).decode(errors="replace")

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """Continue every request, many at once; order kept. Counts the server's own usage into ``ledger``.

        ``logprobs`` of a continuation: each server token's on its first byte, zeros on the others; empty if the server
        gives none. Raises InputError, in one line, if the server cannot be reached or understood.
        """
        began = time.perf_counter()
        with ThreadPoolExecutor(self.settings.concurrency) as pool:
            futures = [
                pool.submit(copy_context().run, self._continue, request, sampling, until) for request in requests
            ]
            try:
                answers = [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        seconds = time.perf_counter() - began
        size = self.settings.parameters
        ledger.add(self.name, "prefill", sum(answer.prefill for _, answer in answers), parameters=size, seconds=seconds)
        ledger.add(self.name, "decode", sum(answer.decode for _, answer in answers), parameters=size)
        return [continuation for continuation, _ in answers]

    def _continue(self, request: Request, sampling: Sampling, until: Until) -> tuple[Continuation, _Answer]:
        prompt = self.decode(request.prefix)
        answer = self._ask(prompt, request.seed, sampling, until)
        for _ in range(_BLANK_ROUNDS):  # a separator before any text ends no step: go on behind it
            left = sampling.max_new_tokens - answer.length
            if answer.ended != "step" or answer.text.strip() or left <= 0:
                break
            more = Sampling(sampling.temperature, sampling.top_p, left)
            after = self._ask(prompt + answer.text, request.seed + 1, more, until)
            answer = _Answer(
                answer.text + after.text,
                after.ended,
                answer.logprobs + after.logprobs,
                answer.length + after.length,
                answer.prefill + after.prefill,
                answer.decode + after.decode,
            )
        return _continuation(answer, self._separator), answer

    def _ask(self, prompt: str, seed: int, sampling: Sampling, until: Until) -> _Answer:
        body: dict[str, Any] = {
            "model": self.settings.model,
            "prompt": prompt,
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
        }
        if self.settings.seeds:
            body["seed"] = seed % 2**31
        if until == "step":
            body["stop"] = [self._separator]
        if self.settings.logprobs:
            body["logprobs"] = 0
        prefill = decode = 0
        for left in reversed(range(_TRIES)):
            choice = self._post(body)
            answer = self._read(choice, until)
            prefill, decode = prefill + answer.prefill, decode + answer.decode
            if choice.get("finish_reason") not in _BROKEN_OFF or answer.ended == "step" or not left:
                break
        return replace(answer, prefill=prefill, decode=decode)

    def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        """One answer, asked for again with growing pauses while the trouble may pass."""
        trouble = retry_if_exception_type(_PassingError)
        pauses = wait_random_exponential(0.25, self.settings.longest_pause_seconds)
        try:
            for attempt in Retrying(
                retry=trouble, wait=pauses, stop=stop_after_attempt(self.settings.attempts)
            ):  # tenacity
                with attempt:
                    return self._post_once(body)
        except RetryError as error:
            reason = error.last_attempt.exception()
            raise InputError(
                f"server {self.settings.base_url}: {reason} ({self.settings.attempts} attempts); is it running, and is"
                " base_url right? Finished shards are kept: run again to go on"
            ) from reason
        raise AssertionError("Retrying ends by returning or raising")

    def _post_once(self, body: dict[str, Any]) -> dict[str, Any]:
        try:
            seconds = min(self.settings.timeout_seconds, time_left())
            timeout = httpx.Timeout(seconds, connect=min(10.0, seconds))
            response = self._client.post(
                f"{self.settings.base_url.rstrip('/')}/completions", json=body, timeout=timeout
            )
        except httpx.TimeoutException as error:
            raise _PassingError(f"no answer within {self.settings.timeout_seconds:g} s") from error
        except httpx.TransportError as error:
            raise _PassingError(f"connection failed ({_line(error)})") from error
        if response.status_code in (408, 425, 429) or response.status_code >= 500:
            raise _PassingError(f"answered {response.status_code} ({_line(response.text)})")
        if response.is_error:
            raise InputError(
                f"server {self.settings.base_url} refused: {response.status_code} ({_line(response.text)});"
                " check model and base_url"
            )
        try:
            answer = response.json()
            choice, usage = answer["choices"][0], answer["usage"]
            if not isinstance(choice["text"], str) or not isinstance(usage["completion_tokens"], int):
                raise TypeError
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise _PassingError(f"the answer is not a completion with usage ({_line(response.text)})") from error
        return {**choice, "usage": usage}

    def _read(self, choice: dict[str, Any], until: Until) -> _Answer:
        text, reason = choice["text"], choice.get("finish_reason")
        ended: Ended = "solution" if reason in _ENDS else "length"
        if until == "step":
            blank = len(text) - len(text.lstrip())
            at = text.find(self._separator, blank) if text.strip() else text.find(self._separator)
            stop_text = choice.get("stop_reason", choice.get("matched_stop"))
            if at >= 0:  # kept, perhaps with what the last token held beyond it
                text, ended = text[: at + len(self._separator)], "step"
            elif reason in _ENDS and (
                stop_text == self._separator or (self.settings.stop_text_removed and text.strip())
            ):
                text, ended = text + self._separator, "step"
        usage = choice["usage"]
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
        offered = choice.get("logprobs") or {}
        pairs = zip(offered.get("tokens") or [], offered.get("token_logprobs") or [], strict=False)
        return _Answer(
            text,
            ended,
            [(token, float(logprob or 0.0)) for token, logprob in pairs],
            int(usage["completion_tokens"]),
            int(usage.get("prompt_tokens") or 0) - int(cached),
            int(usage["completion_tokens"]),
        )


def served_model(settings: ServerSettings) -> str:
    """The name of the one model that a server serves. Raises InputError if it serves several, or does not tell."""
    url = f"{settings.base_url.rstrip('/')}/models"
    try:
        answer = httpx.get(url, headers=_headers(settings), timeout=10.0).raise_for_status().json()
        names = [str(served["id"]) for served in answer["data"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"server {settings.base_url} does not tell its models ({_line(error)}); name one with model"
        ) from error
    if len(names) != 1:
        raise InputError(
            f"server {settings.base_url} serves {', '.join(names) or 'no model'}; name one of them with model"
        )
    return names[0]


def _headers(settings: ServerSettings) -> dict[str, str]:
    variable = settings.api_key_variable
    if variable and variable not in os.environ:
        raise InputError(f"environment variable {variable} is not set; it should hold the key of {settings.base_url}")
    return {"Authorization": f"Bearer {os.environ[variable]}"} if variable else {}


def _continuation(answer: _Answer, separator: str) -> Continuation:
    data = answer.text.encode()
    tokens = [*data, END] if answer.ended == "solution" else [*data]
    mark = separator.encode()
    ends, start = list[int](), 0
    while (at := data.find(mark, start)) >= 0:
        begun = ends[-1] + 1 if ends else 0
        start = at + len(mark)
        if data[begun:at].strip():
            ends.append(start - 1)
    if answer.ended == "solution" and data[ends[-1] + 1 if ends else 0 :].strip():
        ends.append(len(tokens) - 1)
    return Continuation(tuple(tokens), _on_bytes(answer, len(tokens)), answer.ended, tuple(ends), answer.length)


def _on_bytes(answer: _Answer, length: int) -> tuple[float, ...]:
    """Log-likelihoods laid on the first byte of each server token; empty if none were given."""
    if not answer.logprobs:
        return ()
    laid, at = [0.0] * length, 0
    for token, logprob in answer.logprobs:
        if at < length:
            laid[at] += logprob
        at = min(at + len(token.encode()), length - 1)
    return tuple(laid)


def _line(text: object) -> str:
    """Something's text as one short line."""
    return " ".join(str(text).split())[:160] or "no text"
