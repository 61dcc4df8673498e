"""A generator and a verifier of known values: what they say is written down, every call is kept, every token counted.

One token is one character; "\\n" ends a step, "$" a solution. They look at text alone, like the real ones at tokens.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np

from stepscale.cost import Ledger
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.search.results import Problem
from stepscale.verifiers.contract import StepScores, Trajectory

END = "$"
Next = Callable[[str, int, int, float], str]  # (text so far, request's number with this text, seed, temperature)


def continuation(text: str, length: int) -> Continuation:
    """What a generator would give that wrote ``text``, cut to so many tokens."""
    tokens = tuple(map(ord, text[:length]))
    ended = "solution" if text[:length].endswith(END) else "step" if text[:length].endswith("\n") else "length"
    ends = tuple(i for i, c in enumerate(text[:length]) if c == "\n" and i and text[i - 1] != "\n")
    if ended == "solution" and len(text) > 1 and text[-2] != "\n":
        ends = (*ends, len(tokens) - 1)
    return Continuation(tokens, (-0.5,) * len(tokens), ended, ends)


@dataclass
class FakeGenerator:
    """``say(text, k, seed, temperature)`` writes the next step (with "\\n", with "$" if it ends) after ``text``."""

    say: Next
    name: str = "gen"
    calls: list[tuple[Until, Sampling, list[Request]]] = field(default_factory=list)

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        return tuple(map(ord, problem + "\n"))

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens)).replace(END, "")

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        self.calls.append((until, sampling, list(requests)))
        got, counts = [], Counter[str]()
        for request in requests:
            text = "".join(map(chr, request.prefix))
            number, counts[text] = counts[text], counts[text] + 1
            written = self.say(text, number, request.seed, sampling.temperature)
            while until == "solution" and not written.endswith(END) and len(written) < sampling.max_new_tokens:
                written += self.say(text + written, number, request.seed, sampling.temperature)
            got.append(continuation(written, sampling.max_new_tokens))
            ledger.add(self.name, "prefill", len(request.prefix), parameters=10, context_sum=len(request.prefix))
            ledger.add(self.name, "decode", len(got[-1].tokens))
        return got

    def rounds(self, until: Until = "step") -> list[list[Request]]:
        """Requests of each call that drew steps by sampling; not of those asked whether they end, nor of rollouts."""
        return [r for u, s, r in self.calls if u == until and s.max_new_tokens > 1 and s.temperature > 0]

    def rollouts(self) -> list[list[Request]]:
        return [r for _, s, r in self.calls if s.max_new_tokens > 1 and s.temperature == 0]


@dataclass
class FakeVerifier:
    """``right(problem, steps)``: P(the last of these steps is right). Counts a token a character of all it is given."""

    right: Callable[[str, tuple[str, ...]], float]
    name: str = "prm"
    calls: list[list[Trajectory]] = field(default_factory=list)
    neutral: float = 0.0

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        self.calls.append(list(trajectories))
        scores = []
        for t in trajectories:
            ledger.add(self.name, "verify", len(t.problem) + sum(map(len, t.steps)), parameters=20, seconds=0.25)
            right = [self.right(t.problem, t.steps[: i + 1]) for i in range(len(t.steps))]
            scores.append(
                StepScores(np.array([1 - p for p in right], np.float32), np.full(len(right), self.neutral, np.float32))
            )
        return scores


def scripted(tree: dict[str, list[str]]) -> Next:
    """The k-th request with a text says the k-th of what the script has for it, and over again; greedy says the first.

    Texts are the steps so far, joined by "/", without the prompt.
    """

    def say(text: str, number: int, seed: int, temperature: float) -> str:
        path = "/".join(text.split("\n")[1:-1])
        options = tree[path]
        return options[number % len(options) if temperature else 0]

    return say


def valued(values: dict[str, float], default: float = 0.5) -> FakeVerifier:
    """A verifier that knows a step by its text."""
    return FakeVerifier(lambda _, steps: values.get(steps[-1], default))


def uniform(*parts: object) -> float:
    """A number in [0, 1) that depends on these things alone."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2**64


def random_generator(world: int, p_end: float = 0.3, p_long: float = 0.0) -> FakeGenerator:
    """Says what a hash of (world, text, seed) decides: steps a-d, ends with a boxed answer, at times an endless step."""

    def say(text: str, number: int, seed: int, temperature: float) -> str:
        draw = uniform(world, text, seed if temperature else "greedy")
        if text.endswith("}\n"):  # the answer is stated
            return END if uniform(draw, "end") < 0.8 else "so\n"
        if draw < p_long:
            return "x" * 200
        if draw < p_long + p_end:
            answer = f"\\boxed{{{int(uniform(draw) * 3)}}}"
            return answer + (END if uniform(draw, "no separator") < 0.5 else "\n")
        return "abcd"[int(uniform(draw, "step") * 4)] + "\n"

    return FakeGenerator(say)


def random_verifier(world: int) -> FakeVerifier:
    return FakeVerifier(lambda problem, steps: round(uniform(world, problem, steps), 3))


def some_problems(n: int) -> list[Problem]:
    return [Problem(f"p{i}", f"problem {i}") for i in range(n)]
