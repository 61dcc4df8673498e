"""A generator and a verifier shared by questions that are answered side by side: continuous batching over questions.

In: the two models, and questions in threads of their own. Out: for each question a Generator and a Verifier that look like its
own. Their calls are made together with those of the other questions; a question joins at any call, and leaves when it is
answered. Whole solutions, steps of searches and scores are made side by side. What is drawn depends on a request's prefix and
seed alone, so a question gets the answer that it gets alone.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

from stepscale.cost import Ledger
from stepscale.generation.contract import (
    Continuation,
    EndsByText,
    Forgetful,
    Generator,
    Request,
    Sampling,
    Until,
    start_afresh,
)
from stepscale.serving.call_batcher import BatchedCall, CallBatcher
from stepscale.serving.token_counts import TokenCounts
from stepscale.verifiers.contract import StepScores, Trajectory, Verifier

_TRACKS = _SOLUTIONS, _STEPS, _SCORES = 0, 1, 2
_SHORT = 16  # tokens: a look whether a solution ends here must not wait for whole steps


@runtime_checkable
class CountsSteps(Protocol):
    """A verifier in this process, which can tell the tokens that it reads."""

    def step_tokens(self, trajectories: Sequence[Trajectory]) -> list[list[int]]:
        """Of each trajectory the tokens of the problem, and of each step that is read."""
        ...


@runtime_checkable
class Twinned(Protocol):
    """A generator in this process of which two may work at the same time."""

    def twin(self) -> Generator | None:
        """Another over the same weights; None where this machine gains nothing by it."""
        ...


@dataclass(frozen=True)
class _Drawing:
    """The kind of a call of the generator; ``size`` keeps short continuations apart from long ones, ``track`` whole solutions
    from steps.
    """

    temperature: float
    top_p: float
    until: Until
    size: int
    track: int


class SharedModels:
    """A generator and a verifier for many questions.

    A model that remembers prefixes (``Forgetful``) works in this process: its calls are made together. Any other, such as one
    behind a server, does that itself, and is called by every question directly.
    """

    def __init__(self, generator: Generator, verifier: Verifier) -> None:
        self.generator, self.verifier = generator, verifier
        self._runs_on = isinstance(generator, EndsByText) and generator.end_tokens > 1
        # Whole solutions take a generator long, steps of searches are short and many: neither waits for the other.
        self._twin = generator.twin() if isinstance(generator, Twinned) else None
        self._batcher = CallBatcher(self._make, self._start_afresh, _track, len(_TRACKS))

    @contextmanager
    def question(self) -> Iterator[tuple[Generator, Verifier]]:
        """The models as one question sees them, until it is answered."""
        counts = TokenCounts()
        generator, verifier = self.generator, self.verifier
        with self._batcher.caller():
            yield (
                _SharedGenerator(self, generator, counts) if isinstance(generator, Forgetful) else generator,
                _SharedVerifier(self, verifier, counts) if isinstance(verifier, CountsSteps) else verifier,
            )

    def draw(self, requests: Sequence[Request], sampling: Sampling, until: Until) -> tuple[list[Continuation], int]:
        """Continuations, and the tokens drawn for them that are not in them."""
        n = sampling.max_new_tokens
        track = _STEPS if self._twin and (until == "step" or n <= _SHORT) else _SOLUTIONS
        kind = _Drawing(sampling.temperature, sampling.top_p, until, n if self._runs_on else _size(until, n), track)
        drawn: tuple[list[Continuation], int] = self._batcher.call(kind, [(request, n) for request in requests])
        return drawn

    def score(self, trajectories: Sequence[Trajectory]) -> tuple[list[StepScores], list[list[int]]]:
        """Scores, and the tokens of problem and steps."""
        scored: tuple[list[StepScores], list[list[int]]] = self._batcher.call(None, trajectories)
        return scored

    def _start_afresh(self) -> None:
        for model in (self.generator, self._twin, self.verifier):
            start_afresh(model)

    def _make(self, calls: Sequence[BatchedCall]) -> list[Any]:
        kind = calls[0].kind
        return self._drawn(kind, calls) if isinstance(kind, _Drawing) else self._scored(calls)

    def _drawn(self, kind: _Drawing, calls: Sequence[BatchedCall]) -> list[tuple[list[Continuation], int]]:
        """Draw for all calls; what is longer than its own call allows is cut."""
        items = [item for call in calls for item in call.items]
        sampling, ledger = Sampling(kind.temperature, kind.top_p, max(n for _, n in items)), Ledger()
        generator = self._twin if self._twin and kind.track == _STEPS else self.generator
        drawn = generator.generate([request for request, _ in items], sampling, kind.until, ledger)
        parts = _parted([_cut(one, n) for one, (_, n) in zip(drawn, items, strict=True)], calls)
        if not self._runs_on:
            return [(part, 0) for part in parts]
        # who writes past the end of a solution draws tokens that are in no continuation
        tokens = [sum(one.length for one in part) for part in parts]
        unseen = max(0, sum(cost.decode for cost in ledger.models.values()) - sum(tokens))
        return [(part, unseen * n // max(1, sum(tokens))) for part, n in zip(parts, tokens, strict=True)]

    def _scored(self, calls: Sequence[BatchedCall]) -> list[tuple[list[StepScores], list[list[int]]]]:
        assert isinstance(self.verifier, CountsSteps)
        trajectories = [trajectory for call in calls for trajectory in call.items]
        scores = _parted(self.verifier.score(trajectories, Ledger()), calls)
        return list(zip(scores, _parted(self.verifier.step_tokens(trajectories), calls), strict=True))


class _SharedGenerator:
    """The generator as one question sees it."""

    def __init__(self, models: SharedModels, generator: Generator, counts: TokenCounts) -> None:
        self.name, self._models, self._generator, self._counts = generator.name, models, generator, counts
        self.end_tokens = generator.end_tokens if isinstance(generator, EndsByText) else 1

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        return self._generator.encode_prompt(problem)

    def decode(self, tokens: Sequence[int]) -> str:
        return self._generator.decode(tokens)

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        continuations, unseen = self._models.draw(requests, sampling, until)
        prefill, decode = self._counts.generated(requests, continuations, until)
        ledger.add(self.name, "prefill", prefill)
        ledger.add(self.name, "decode", decode + unseen)
        return continuations


class _SharedVerifier:
    """The verifier as one question sees it."""

    def __init__(self, models: SharedModels, verifier: Verifier, counts: TokenCounts) -> None:
        self.name, self._models, self._counts = verifier.name, models, counts

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        scores, step_tokens = self._models.score(trajectories)
        ledger.add(self.name, "verify", self._counts.read(trajectories, step_tokens))
        return scores


def _track(kind: Hashable) -> int:
    return kind.track if isinstance(kind, _Drawing) else _SCORES


def _size(until: Until, most: int) -> int:
    """Continuations of one size are drawn together. Steps mostly end long before their limit, solutions may run up to it."""
    return (most - 1).bit_length() if until == "solution" or most <= _SHORT else 0


def _cut(continuation: Continuation, most: int) -> Continuation:
    """At most so many tokens of it."""
    if len(continuation.tokens) <= most:
        return continuation
    ends = tuple(end for end in continuation.step_ends if end < most)
    tokens, logprobs = continuation.tokens[:most], continuation.logprobs[:most]
    return replace(continuation, tokens=tokens, logprobs=logprobs, step_ends=ends, ended="length")


def _parted(results: Sequence[Any], calls: Sequence[BatchedCall]) -> list[list[Any]]:
    """What was answered to all, as a list for each call."""
    remaining = iter(results)
    return [[next(remaining) for _ in call.items] for call in calls]
