"""A generator and a verifier shared by questions that are answered side by side.

In: the two models, and questions in threads of their own. Out: for each question a Generator and a Verifier that look like its
own. What a question draws joins a running batch at any token (``shared_drawing``); its solutions are scored with those that
wait at the same time. What is drawn depends on a request's prefix and seed alone, so a question gets the answer that it gets
alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Protocol, runtime_checkable

from stepscale.cost import Ledger
from stepscale.engine.caching import Cached
from stepscale.engine.lanes import keep_to_one_core
from stepscale.generation.contract import Continuation, EndsByText, Generator, Request, Sampling, Until
from stepscale.serving.call_batcher import BatchedCall, CallBatcher
from stepscale.serving.shared_drawing import ContinuouslyBatched, DrawingLane, DrawingLanes
from stepscale.serving.token_counts import TokenCounts
from stepscale.verifiers.contract import StepScores, Trajectory, Verifier


@runtime_checkable
class CountsSteps(Cached, Protocol):
    """A verifier in this process, which can report the tokens that it reads. ``parameters``: how many it has."""

    parameters: int

    def step_tokens(self, trajectories: Sequence[Trajectory]) -> list[list[int]]:
        """How many tokens it reads of each trajectory.

        Args:
            trajectories: As ``score`` takes them.

        Returns:
            Per trajectory the tokens of the problem, then those of each step that is read.
        """
        ...


class SharedModels:
    """A generator and a verifier for many questions.

    A model in this process serves all questions in common batches. Any other model, such as one behind a server, batches by
    itself and is called by every question directly.

    Args:
        generator: Used by this alone.
        verifier: Used by this alone.
        lanes: The most threads that draw; None: as many as the generator has.
    """

    def __init__(self, generator: Generator, verifier: Verifier, lanes: int | None = None) -> None:
        self.generator, self.verifier = generator, verifier
        self._drawing = DrawingLanes(generator, lanes) if isinstance(generator, ContinuouslyBatched) else None
        self._scoring = CallBatcher(self._score, verifier.clear_cache) if isinstance(verifier, CountsSteps) else None

    @contextmanager
    def question(self) -> Iterator[tuple[Generator, Verifier]]:
        """The models as one question sees them, until it is answered."""
        counts, (generator, verifier) = TokenCounts(), (self.generator, self.verifier)
        with ExitStack() as callers:
            if self._drawing:
                lane = callers.enter_context(self._drawing.question())
                generator = _SharedGenerator(lane, generator, counts)
            if self._scoring:
                callers.enter_context(self._scoring.caller())
                verifier = _SharedVerifier(self._scoring, verifier, counts)
            yield generator, verifier

    def close(self) -> None:
        """End the threads that work for questions, once there are none."""
        if self._drawing:
            self._drawing.close()
        if self._scoring:
            self._scoring.close()

    def _score(self, calls: Sequence[BatchedCall]) -> list[tuple[list[StepScores], list[list[int]]]]:
        """Scores of each call, and the tokens of problem and steps."""
        assert isinstance(self.verifier, CountsSteps)
        keep_to_one_core(self.verifier.parameters)
        trajectories = [trajectory for call in calls for trajectory in call.items]
        scores, tokens = self.verifier.score(trajectories, Ledger()), self.verifier.step_tokens(trajectories)
        return list(zip(_parted(scores, calls), _parted(tokens, calls), strict=True))


class _SharedGenerator:
    """The generator as one question sees it."""

    def __init__(self, lane: DrawingLane, generator: Generator, counts: TokenCounts) -> None:
        self.name, self._lane, self._generator, self._counts = generator.name, lane, generator, counts
        self.end_tokens = generator.end_tokens if isinstance(generator, EndsByText) else 1

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """See ``Generator``."""
        return self._generator.encode_prompt(problem)

    def decode(self, tokens: Sequence[int]) -> str:
        """See ``Generator``."""
        return self._generator.decode(tokens)

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """See ``Generator``."""
        continuations, unseen = self._lane.draw(requests, sampling, until)
        prefill, decode = self._counts.generated(requests, continuations, until)
        ledger.add(self.name, "prefill", prefill)
        ledger.add(self.name, "decode", decode + unseen)
        return continuations


class _SharedVerifier:
    """The verifier as one question sees it."""

    def __init__(self, scoring: CallBatcher, verifier: Verifier, counts: TokenCounts) -> None:
        self.name, self._scoring, self._counts = verifier.name, scoring, counts

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """See ``Verifier``."""
        scores, step_tokens = self._scoring.call(trajectories)
        ledger.add(self.name, "verify", self._counts.read(trajectories, step_tokens))
        return list(scores)


def _parted(results: Sequence[Any], calls: Sequence[BatchedCall]) -> list[list[Any]]:
    """The common answers, split into a list for each call."""
    remaining = iter(results)
    return [[next(remaining) for _ in call.items] for call in calls]
