"""The Generator contract: continue token prefixes by one step, or to the end, and count the tokens spent.

Purely token ids in, token ids out. It knows nothing about answers, verifiers or search; search, revisions, labeling
and serving know nothing about torch or servers. Backends: ``local`` (any transformers causal LM) and ``server``
(any OpenAI-compatible completions server).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal, Protocol, runtime_checkable

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.generation.temperature import TEMPERATURE_RULE, can_be_drawn_at

Until = Literal["step", "solution"]
Ended = Literal["step", "solution", "length"]


@dataclass(frozen=True)
class Sampling:
    """How to draw tokens.

    Attributes:
        temperature: 0 is greedy.
        top_p: Share of probability that the likeliest tokens to draw from must cover.
        max_new_tokens: Bounds one continuation (tokens).
        certainty: Keep the self-certainty of each token, where the generator knows the whole distribution.
        group: Tokens in a row whose group confidence, the mean of their self-certainties, a request's ``floor`` bounds.

    Raises:
        InputError: A value that no drawing can have.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 256
    certainty: bool = False
    group: int = 2048

    def __post_init__(self) -> None:
        if not (_is_a(Real, self.temperature) and can_be_drawn_at(self.temperature)):
            raise InputError(f"sampling: temperature {self.temperature!r} {TEMPERATURE_RULE}")
        if not (_is_a(Real, self.top_p) and 0 < self.top_p <= 1):
            raise InputError(f"sampling: top_p {self.top_p!r} must be a number above 0 and at most 1")
        if not (_is_a(Integral, self.max_new_tokens) and self.max_new_tokens >= 1):
            raise InputError(f"sampling: max_new_tokens {self.max_new_tokens!r} must be a whole number of 1 or more")
        if not isinstance(self.certainty, bool):
            raise InputError(f"sampling: certainty {self.certainty!r} must be True or False")
        if not (_is_a(Integral, self.group) and self.group >= 1):
            raise InputError(f"sampling: group {self.group!r} must be a whole number of 1 or more")


def _is_a(kind: type, value: object) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)  # numpy's numbers are of these kinds too


@dataclass(frozen=True)
class Request:
    """A continuation asked for.

    Requests that share a prefix share its computation. The tokens drawn depend on (prefix, seed, sampling) alone,
    never on what else is in the batch.

    Attributes:
        prefix: Token ids of the prompt and the steps so far.
        seed: Of the randomness of this request alone.
        floor: The continuation is stopped as soon as the group confidence of ``Sampling.group`` tokens in a row is below it
            (nats), where self-certainties are kept.
    """

    prefix: tuple[int, ...]
    seed: int
    floor: float = -math.inf


@dataclass(frozen=True)
class Continuation:
    """What was drawn after a prefix.

    Attributes:
        tokens: Ids, without the prefix, with the token that ended the step or solution.
        logprobs: Of each token under the model at temperature 1 [len(tokens)] (nats).
        ended: "step" (a step separator was the last token), "solution" (end of text), or "length" (cut off by
            ``max_new_tokens`` or ``Request.floor``: NOT an end).
        step_ends: Indices into ``tokens`` of the last token of each finished step.
        model_tokens: Number of the model's own tokens, where ``tokens`` are in another unit: a server's text is known by its
            bytes.
        certainties: If asked for, self-certainty of the distribution that each token was drawn from, at temperature 1
            [len(tokens)] (nats; ``estimators.confidence``).
    """

    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    ended: Ended
    step_ends: tuple[int, ...]
    model_tokens: int | None = None
    certainties: tuple[float, ...] = ()

    @property
    def length(self) -> int:
        """Length in the model's own tokens: the unit of ``Sampling.max_new_tokens``."""
        return len(self.tokens) if self.model_tokens is None else self.model_tokens

    @property
    def mean_logprob(self) -> float | None:
        """Mean log-likelihood per token of the model (nats); None if unknown."""
        return sum(self.logprobs) / self.length if self.logprobs and self.length else None


@runtime_checkable
class EndsByText(Protocol):
    """A generator whose solutions may also end before a line that begins in a given way (``generation.ends``)."""

    end_tokens: int
    """Tokens that tell whether a solution ends here: as many as the line's beginning may take."""


class Generator(Protocol):
    """A language model that writes solutions step by step."""

    name: str
    """As tables and ledgers call it."""

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """Token ids of the prompt that asks for a solution of ``problem``.

        Args:
            problem: Its text.

        Returns:
            Token ids, without an end-of-text token.
        """
        ...

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of generated tokens, without special tokens.

        Args:
            tokens: Ids that it drew.

        Returns:
            Their text.
        """
        ...

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """Continue every request; order kept.

        Args:
            requests: What is asked for.
            sampling: How tokens are drawn.
            until: "step" ends a continuation with its first step, "solution" with the solution.
            ledger: Gets the prefill and decode tokens.

        Returns:
            One continuation per request.
        """
        ...
