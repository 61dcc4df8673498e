"""Represents the text of a server's model: as the bytes of the text, or as ids of its tokenizer.

In: a completion as the server gives it. Out: ids, how it ended, log-likelihoods, and where its steps end. Bytes need nothing
but the server; the server tokenizes a continued text again. Ids need the model's tokenizer and a server that takes and
gives them (vLLM); a beam then continues from exactly the tokens that were drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from stepscale.errors import InputError
from stepscale.generation.boundaries import Boundaries
from stepscale.generation.contract import Ended, Until

END = 256  # the id that ends a solution where ids are bytes
_ENDS = ("stop", "eos_token", "stop_sequence")  # why a solution is finished; "length" and "content_filter" are not ends
_MAX_SEPARATOR_TOKENS = 8  # tokens a separator may be spelled with
Choice = dict[str, Any]


@dataclass(frozen=True)
class CompletionPiece:
    """The part of a text that one answer adds.

    Attributes:
        tokens: Ids in the unit.
        logprobs: Their log-likelihoods (nats); none if the server gives none.
        ended: How it ended.
    """

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    ended: Ended


def read_choice(answer: Any) -> Choice:
    """The first choice of an answer, with its usage.

    Args:
        answer: The server's, as JSON.

    Raises:
        TypeError: It is not a completion: a part has another type. LookupError: A part is absent.
    """
    choice, usage = _checked(answer["choices"][0], dict), _checked(answer["usage"], dict)
    details = _checked(usage.get("prompt_tokens_details") or {}, dict)
    logprobs = _checked(choice.get("logprobs") or {}, dict)
    counts = (usage["completion_tokens"], usage.get("prompt_tokens") or 0, details.get("cached_tokens") or 0)
    for number in (*counts, *_checked(choice.get("token_ids") or [], list)):
        if type(number) is not int or number < 0:
            raise TypeError
    for text in (choice["text"], *(logprobs.get("tokens") or [])):
        _checked(text, str)
    for value in logprobs.get("token_logprobs") or []:
        _checked(0.0 if value is None else value, int | float)
    return {**choice, "usage": usage}


def _checked(value: Any, kind: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


class Unit(Protocol):
    """How text is represented. ``body``: further fields of the request."""

    body: dict[str, Any]

    def encode(self, text: str) -> tuple[int, ...]:
        """The ids of ``text``, a whole prompt."""
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of ``tokens``, generated ids."""
        ...

    def prompt(self, prefix: tuple[int, ...]) -> str | list[int]:
        """What is sent to the server for ``prefix``, the ids of a prompt and of what was drawn after it: text or ids."""
        ...

    def read(self, choice: Choice, until: Until) -> CompletionPiece:
        """The piece that a completion holds.

        Args:
            choice: One of the server's choices, as JSON.
            until: What was asked for.

        Raises:
            InputError: It lacks the ids that were asked for.
        """
        ...

    def step_ends(self, tokens: tuple[int, ...], ended: Ended) -> tuple[int, ...]:
        """Indices of the last id of every finished step.

        Args:
            tokens: Ids of the whole continuation.
            ended: How it ended.
        """
        ...


class TextBytes:
    """Ids are bytes of UTF-8, and 256 ends a solution: text travels unchanged, and step ends are still positions.

    Args:
        separator: Text after every step.
        stop_text_removed: Whether the server cuts off the text at which it stops; the separator is then put back.
    """

    def __init__(self, separator: str, stop_text_removed: bool) -> None:
        self.body: dict[str, Any] = {}
        self._separator, self._stop_text_removed = separator, stop_text_removed

    def encode(self, text: str) -> tuple[int, ...]:
        """See ``Unit``. Ids are the bytes."""
        return tuple(text.encode())

    def decode(self, tokens: Sequence[int]) -> str:
        """See ``Unit``. The end of a solution has no text."""
        return bytes(token for token in tokens if token != END).decode(errors="replace")

    def prompt(self, prefix: tuple[int, ...]) -> str:
        """See ``Unit``. Text is sent."""
        return self.decode(prefix)

    def read(self, choice: Choice, until: Until) -> CompletionPiece:
        """See ``Unit``. Each server token's log-likelihood is on its first byte, zeros are on the others."""
        text, reason = choice["text"], choice.get("finish_reason")
        stop_text = _stop_text(choice)
        ended: Ended = "solution" if reason in _ENDS else "length"
        if until == "step":
            blank = len(text) - len(text.lstrip())
            place = text.find(self._separator, blank) if text.strip() else text.find(self._separator)
            if place >= 0:  # kept, perhaps with what the last token held beyond it
                text, ended = text[: place + len(self._separator)], "step"
            elif reason in _ENDS and (
                stop_text == self._separator or (self._stop_text_removed and stop_text is None and text.strip())
            ):
                text, ended = text + self._separator, "step"
        tokens = (*text.encode(), END) if ended == "solution" else tuple(text.encode())
        return CompletionPiece(tokens, _on_bytes(choice, len(tokens)), ended)

    def step_ends(self, tokens: tuple[int, ...], ended: Ended) -> tuple[int, ...]:
        """See ``Unit``. A step ends where a separator follows text, and at the end of a solution that follows text."""
        data = bytes(token for token in tokens if token != END)
        mark = self._separator.encode()
        ends, start = list[int](), 0
        while (place := data.find(mark, start)) >= 0:
            begun = ends[-1] + 1 if ends else 0
            start = place + len(mark)
            if data[begun:place].strip():
                ends.append(start - 1)
        if ended == "solution" and data[ends[-1] + 1 if ends else 0 :].strip():
            ends.append(len(tokens) - 1)
        return tuple(ends)


class TokenIds:
    """Ids are those of the model's tokenizer, as ``LocalGenerator`` has them. ``separator``: text after every step.

    Raises:
        InputError: No token spells the separator.
    """

    def __init__(self, tokenizer: Any, separator: str) -> None:
        self.body: dict[str, Any] = {"return_token_ids": True}
        self._tokenizer, self._end = tokenizer, tokenizer.eos_token_id
        self._boundaries = Boundaries(tokenizer, len(tokenizer), separator, [] if self._end is None else [self._end])

    def encode(self, text: str) -> tuple[int, ...]:
        """See ``Unit``. An end-of-text token is left out, by which some tokenizers close every text."""
        ids = self._tokenizer(text)["input_ids"]
        while ids and ids[-1] == self._end:
            ids = ids[:-1]
        return tuple(ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """See ``Unit``. Special tokens have no text."""
        text: str = self._tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def prompt(self, prefix: tuple[int, ...]) -> list[int]:
        """See ``Unit``. Ids are sent."""
        return list(prefix)

    def read(self, choice: Choice, until: Until) -> CompletionPiece:
        """See ``Unit``. The ids that were drawn, up to the end of the first step if that is what was asked for."""
        if not isinstance(choice.get("token_ids"), list):
            raise InputError("server: it gives no token ids; set server.token_ids to false, and text will be sent")
        tokens, reason = tuple(map(int, choice["token_ids"])), choice.get("finish_reason")
        if tokens and max(tokens) >= len(self._boundaries.stop):
            raise InputError(
                f"server: it gives the token id {max(tokens)}, and the tokenizer has {len(self._boundaries.stop)}; name the "
                "tokenizer of the served model"
            )
        stop_text = _stop_text(choice)
        ended: Ended = "solution" if reason in _ENDS else "length"
        values = (choice.get("logprobs") or {}).get("token_logprobs") or []
        logprobs = tuple(float(value or 0.0) for value in values) if len(values) == len(tokens) else ()
        if until == "step":
            ends = [end for end in self.step_ends(tokens, "length") if not self._boundaries.stop[tokens[end]]]
            if ends:
                tokens, logprobs, ended = tokens[: ends[0] + 1], logprobs[: ends[0] + 1], "step"
            elif reason in _ENDS and stop_text == self._boundaries.separator:
                ended = "step"
        closed = bool(tokens) and bool(self._boundaries.stop[tokens[-1]])
        if ended == "solution" and stop_text is None and self._end is not None and not closed:
            tokens, logprobs = (*tokens, self._end), (*logprobs, 0.0) if logprobs else ()  # left out by the server
        return CompletionPiece(tokens, logprobs, ended)

    def step_ends(self, tokens: tuple[int, ...], ended: Ended) -> tuple[int, ...]:
        """See ``Unit``. A step ends where a token spells a separator after text, and at the end of the solution."""
        bounds, ids = self._boundaries, np.array(tokens, np.int64)
        ends, blank = list[int](), True
        for place, token in enumerate(tokens):
            last = place == len(tokens) - 1
            if bounds.stop[token] or (last and ended == "solution"):
                ends += [] if blank else [place]
                continue
            blank = blank and bool(bounds.blank[token])
            tail = ids[None, max(0, place + 1 - _MAX_SEPARATOR_TOKENS) : place + 1]
            if not blank and (bounds.ends_step(ids[place : place + 1], tail)[0] or (last and ended == "step")):
                ends.append(place)
                blank = True
        return tuple(ends)


def _stop_text(choice: Choice) -> Any:
    """The text at which the server says that it stopped (vLLM and SGLang tell); None for the end of text."""
    return choice.get("stop_reason", choice.get("matched_stop"))


def _on_bytes(choice: Choice, length: int) -> tuple[float, ...]:
    """Log-likelihoods by byte: each server token's is on its first byte; empty if the server gave none."""
    offered = choice.get("logprobs") or {}
    pairs = list(zip(offered.get("tokens") or [], offered.get("token_logprobs") or [], strict=False))
    if not pairs:
        return ()
    laid, place = [0.0] * length, 0
    for token, logprob in pairs:
        if place < length:
            laid[place] += float(logprob or 0.0)
        place = min(place + len(token.encode()), length - 1)
    return tuple(laid)
