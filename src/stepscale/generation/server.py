"""The Generator over any OpenAI-compatible completions server (vLLM, SGLang, transformers serve), by its base_url.

In: prefixes with seeds. Out: continuations, and the tokens the server says it processed. Ids are those of the model's
tokenizer where the server takes them, else bytes of text (``server_units``). Budgets (``max_new_tokens``,
``Continuation.length``) and the ledger are in the server's own tokens. Whether a seed gives the same text again is the
server's promise, not ours. Knows nothing about answers, verifiers or search.
"""

import logging
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.generation.ends import end_tokens, ended_before
from stepscale.generation.prompts import check_template
from stepscale.generation.server_settings import ServerSettings
from stepscale.generation.server_units import Choice, CompletionPiece, TextBytes, TokenIds, Unit, read_choice
from stepscale.remote.client import Client, RefusedError

_BLANK_ROUNDS = 4  # separators before any text: how often a step is asked to go on
_BROKEN_OFF = (None, "abort")  # the server stopped of itself: asked again, as often as _MAX_TRIES says
_MAX_TRIES = 3
_UNKNOWN_CONTEXT = 1_000_000
_log = logging.getLogger(__name__)


class ServerGenerator:
    """A Generator over a completions server.

    Args:
        settings: Address, model, and what the server is able to do.
        prompt_template: Holds {problem} once.
        step_separator: Blank text that ends a step.
        tokenizer: Folder or hub name of the model's tokenizer; without it prompts are sent as text.
        ends_before: A solution ends before a line that begins like this; "": no such line (``generation.ends``).
        name: As ledgers call it; the model's where None.

    Raises:
        InputError: A setting does not fit another.
    """

    def __init__(
        self,
        settings: ServerSettings,
        *,
        prompt_template: str = "{problem}\n",
        step_separator: str = "\n",
        tokenizer: str | None = None,
        ends_before: str = "",
        name: str | None = None,
    ) -> None:
        check_template(prompt_template)
        if settings.token_ids and tokenizer is None:
            raise InputError("server.token_ids: true needs the model's tokenizer; name its folder or hub name as base")
        self.name, self.settings = name or settings.model, settings
        self.parameters, self.ends_before = settings.parameters, ends_before
        self.end_tokens = end_tokens(ends_before)
        self._template, self._separator, self._tokenizer = prompt_template, step_separator, tokenizer
        self._client = Client(settings)

    @cached_property
    def context(self) -> int:
        """Room for prompt and solution, in ids; a very large number where the server does not say, or where ids are bytes."""
        return (isinstance(self.unit, TokenIds) and self._client.context()) or _UNKNOWN_CONTEXT

    @cached_property
    def unit(self) -> Unit:
        """How text is represented: as ids of the tokenizer if the server accepts and returns them, else as bytes."""
        if self._tokenizer is None or self.settings.token_ids is False:
            return TextBytes(self._separator, self.settings.stop_text_removed)
        from stepscale.engine.loading import load_tokenizer

        ids = TokenIds(load_tokenizer(self._tokenizer), self._separator)
        if self.settings.token_ids or self._takes(ids):
            return ids
        _log.info(
            "server %s takes no token ids: prefixes go there as text, and costs of samples count bytes", self.name
        )
        return TextBytes(self._separator, self.settings.stop_text_removed)

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """Ids of the prompt that asks for a solution of ``problem``.

        Args:
            problem: Its text.

        Returns:
            Ids of the server's tokenizer, or bytes.
        """
        return self.unit.encode(self._template.replace("{problem}", problem))

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of generated ids, without special tokens.

        Args:
            tokens: Ids that it drew.

        Returns:
            Their text.
        """
        return self.unit.decode(tokens)

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """Continue every request, many at once; order kept.

        Args:
            requests: What is asked for.
            sampling: How tokens are drawn.
            until: Whether a continuation ends with its step or its solution.
            ledger: Gets the server's own usage.

        Returns:
            Continuations, without ``logprobs`` if the server gives none. Where ids are bytes, each server token's log-likelihood
            stands on its first byte.

        Raises:
            InputError: In one line: the server cannot be reached or understood, or a prefix leaves no room.
        """
        began = time.perf_counter()
        unit = self.unit  # opened once, before the threads
        if isinstance(unit, TokenIds):
            self._check(requests)
        answers = self._client.map(lambda request: self._continue(request, sampling, until, unit), requests)
        seconds = time.perf_counter() - began
        size = self.settings.parameters
        ledger.add(self.name, "prefill", sum(read for _, read, _ in answers), parameters=size, seconds=seconds)
        ledger.add(self.name, "decode", sum(n_drawn for _, _, n_drawn in answers), parameters=size)
        if not self.ends_before:
            return [continuation for continuation, _, _ in answers]
        return [ended_before(self.ends_before, continuation, self.decode) for continuation, _, _ in answers]

    def _continue(
        self, request: Request, sampling: Sampling, until: Until, unit: Unit
    ) -> tuple[Continuation, int, int]:
        """A continuation, and the tokens that the server read and wrote for it."""
        tokens, logprobs, length, has_logprobs = tuple[int, ...](), tuple[float, ...](), 0, True
        prefill = decode = 0
        for turn in range(_BLANK_ROUNDS + 1):  # a separator before any text ends no step: go on behind it
            room = sampling.max_new_tokens - length
            piece, usage = self._ask(request.prefix + tokens, request.seed + turn, sampling, room, until, unit)
            tokens, logprobs = tokens + piece.tokens, logprobs + piece.logprobs
            has_logprobs = has_logprobs and bool(piece.logprobs or not piece.tokens)
            length, prefill, decode = length + usage[0], prefill + usage[1], decode + usage[2]
            full = isinstance(unit, TokenIds) and len(request.prefix) + len(tokens) >= self.context
            if piece.ended != "step" or unit.decode(tokens).strip() or full or length >= sampling.max_new_tokens:
                break
        # a step that fills the context cannot be gone on from
        ended = "length" if piece.ended == "step" and full else piece.ended
        model_tokens = None if isinstance(unit, TokenIds) else length
        ends = unit.step_ends(tokens, ended)
        return Continuation(tokens, logprobs if has_logprobs else (), ended, ends, model_tokens), prefill, decode

    def _ask(
        self, prefix: tuple[int, ...], seed: int, sampling: Sampling, room: int, until: Until, unit: Unit
    ) -> tuple[CompletionPiece, tuple[int, int, int]]:
        """A piece; its tokens, and those that were read and written for it, broken-off answers included."""
        body = self._body(unit.prompt(prefix), room) | unit.body
        body |= {"temperature": sampling.temperature, "top_p": sampling.top_p}
        if isinstance(unit, TokenIds):
            body["max_tokens"] = min(room, self.context - len(prefix))
        if self.settings.seeds:
            body["seed"] = seed % 2**31
        if until == "step":
            body["stop"] = [self._separator]
        elif self.ends_before:
            body["stop"] = [self._separator + self.ends_before]
        if self.settings.logprobs:
            body["logprobs"] = 0
        prefill = decode = 0
        for tries_left in reversed(range(_MAX_TRIES)):
            choice = self._post_once(body)
            piece = unit.read(choice, until)
            length, read, n_drawn = _usage(choice)
            prefill, decode = prefill + read, decode + n_drawn
            if choice.get("finish_reason") not in _BROKEN_OFF or piece.ended == "step" or not tries_left:
                break
        return piece, (length, prefill, decode)

    def _body(self, prompt: str | list[int], max_tokens: int) -> dict[str, Any]:
        return {"model": self.settings.model, "prompt": prompt, "max_tokens": max_tokens}

    def _post_once(self, body: dict[str, Any]) -> Choice:
        return self._client.post(f"{self._client.root}/completions", body, read_choice, "a completion with usage")

    def _takes(self, ids: TokenIds) -> bool:
        """Whether the server takes a prompt of ids and gives ids back, asked with one token."""
        try:
            choice = self._post_once(self._body(list(ids.encode("1")), 1) | ids.body)
        except RefusedError:
            return False
        return isinstance(choice.get("token_ids"), list)

    def _check(self, requests: Sequence[Request]) -> None:
        for request in requests:
            if not 0 < len(request.prefix) < self.context:
                raise InputError(
                    f"generator {self.name}: a prefix of {len(request.prefix)} tokens leaves no room in its context of"
                    f" {self.context} tokens; shorten the prompt or the solution so far"
                )


def _usage(choice: Choice) -> tuple[int, int, int]:
    """Tokens of the text, and those that the server says it read and wrote."""
    usage = choice["usage"]
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    n_drawn = int(usage["completion_tokens"])
    return n_drawn, max(0, int(usage.get("prompt_tokens") or 0) - int(cached)), n_drawn
