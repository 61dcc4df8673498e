"""A generator that says a given text, and a verifier that likes every step: what a policy is served with under fire.

One token is one character. Newlines end steps, as with the lab's models.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stepscale.cost import Ledger
from stepscale.generation.contract import Continuation, Request, Sampling, Until
from stepscale.verifiers.contract import StepScores, Trajectory


@dataclass
class SayingGenerator:
    """Every solution it writes is ``text``."""

    text: str = ""
    name: str = "generator"

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        """The characters of the problem, and a newline."""
        return (*map(ord, problem), ord("\n"))

    def decode(self, tokens: Sequence[int]) -> str:
        """The characters; 0 ends a solution and is none."""
        return "".join(map(chr, tokens)).replace("\0", "")

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        """The text for each request, up to its first newline where a step is asked for."""
        text = self.text.encode("utf-8", "replace").decode().replace("\0", "") + "\0"
        if until == "step" and "\n" in text:
            text = text[: text.index("\n") + 1]
        text = text[: sampling.max_new_tokens]
        tokens, ends = tuple(map(ord, text)), tuple(i for i, char in enumerate(text) if char in "\n\0")
        ended = "solution" if text.endswith("\0") else "step" if text.endswith("\n") and until == "step" else "length"
        ledger.add(self.name, "decode", len(tokens) * len(requests))
        return [Continuation(tokens, (-0.5,) * len(tokens), ended, ends) for _ in requests]  # type: ignore[arg-type]  # one of the three


@dataclass
class LikingVerifier:
    """Every step is right with the same probability."""

    name: str = "prm"

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        """A score for each step."""
        sizes = [len(trajectory.steps) for trajectory in trajectories]
        return [StepScores(np.full(n, 0.1, np.float32), np.zeros(n, np.float32)) for n in sizes]
