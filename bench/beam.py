"""What beam search makes the generator compute: 20 lab problems, N = 16, M = 4, on the lab's base model.

`run()` gives two rows, medians over seeds. `beam_tokens_per_distinct_token`: "ours" tokens passed through the model, "rival" the
distinct tokens of the tree that had to be passed, ratio the first by the second (goal <= 1.02; 1 is the least possible).
`beam_tokens_vs_generate`: the rival is the same search with transformers' `model.generate`, all beams of a round in one batch,
each reading its prefix again as a stateless call must; padding is not counted against it. Times are left out: the counts do
not depend on the machine. The verifier scores by a hash of the text, so both search alike.
"""

import json
import statistics
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import torch

from stepscale.cost import Ledger
from stepscale.engine.loading import load_causal_lm
from stepscale.generation.contract import Continuation, Generator, Request, Sampling, Until
from stepscale.generation.local import LocalGenerator
from stepscale.lab.problems import make_problems
from stepscale.search.methods import read_options, search
from stepscale.search.results import Problem
from stepscale.verifiers.contract import StepScores, Trajectory

RUNS, PROBLEMS = 3, 20
BASE = Path(__file__).resolve().parents[1] / "data" / "01_raw" / "lab_base"
OPTIONS = read_options({"method": "beam", "n": 16, "width": 4})
SAMPLING = Sampling(max_new_tokens=120)


class HashVerifier:
    """Scores by the text alone, at no cost."""

    name = "hash"

    def score(self, trajectories: Sequence[Trajectory], ledger: Ledger) -> list[StepScores]:
        return [self._scores(trajectory) for trajectory in trajectories]

    def _scores(self, trajectory: Trajectory) -> StepScores:
        numbers = [blake2b(step.encode(), digest_size=2).digest() for step in trajectory.steps]
        negative = np.array([int.from_bytes(number, "little") / 2**16 for number in numbers], np.float32)
        return StepScores(negative, np.zeros_like(negative))


class Watched(LocalGenerator):
    """Ours, with the tree of all tokens that had to be passed; of a continuation all but the last, which is only drawn."""

    nodes: set[tuple[int, ...]]

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        continuations = super().generate(requests, sampling, until, ledger)
        for request, continuation in zip(requests, continuations, strict=True):
            full = request.prefix + continuation.tokens
            self.nodes |= {full[:end] for end in range(1, len(full))}
        return continuations


class Stateless:
    """The rival: `model.generate` on left-padded prefixes, stopped at the step separator, nothing kept between calls."""

    name = "stateless"

    def __init__(self, ours: LocalGenerator) -> None:
        self._model = load_causal_lm(BASE)
        self._ours = ours
        self._end = int(self._model.config.eos_token_id)
        self._newline = ours.encode_prompt("")[-1]

    def encode_prompt(self, problem: str) -> tuple[int, ...]:
        return self._ours.encode_prompt(problem)

    def decode(self, tokens: Sequence[int]) -> str:
        return self._ours.decode(tokens)

    def generate(
        self, requests: Sequence[Request], sampling: Sampling, until: Until, ledger: Ledger
    ) -> list[Continuation]:
        width = max(len(request.prefix) for request in requests)
        ids = torch.zeros((len(requests), width), dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, request in enumerate(requests):
            ids[row, width - len(request.prefix) :] = torch.tensor(request.prefix)
            mask[row, width - len(request.prefix) :] = 1
        torch.manual_seed(requests[0].seed % 2**31)
        out = self._model.generate(
            ids,
            attention_mask=mask,
            do_sample=True,
            top_k=0,
            max_new_tokens=sampling.max_new_tokens,
            eos_token_id=[self._end, self._newline],
            pad_token_id=0,
        )[:, width:]
        continuations = [self._continuation(row) for row in out.tolist()]
        ledger.add(self.name, "prefill", sum(len(request.prefix) for request in requests))
        ledger.add(self.name, "decode", sum(len(continuation.tokens) - 1 for continuation in continuations))
        return continuations

    def _continuation(self, row: list[int]) -> Continuation:
        stops = [i for i, token in enumerate(row) if token in (self._end, self._newline)]
        tokens = tuple(row[: stops[0] + 1] if stops else row)
        ended = "length" if not stops else "solution" if tokens[-1] == self._end else "step"
        return Continuation(tokens, (0.0,) * len(tokens), ended, (len(tokens) - 1,) if ended == "step" else ())


def run(runs: int = RUNS) -> list[dict[str, Any]]:
    """The rows of this bench."""
    computed, distinct, stateless = [], [], []
    for seed in range(runs):
        ours = Watched.load(BASE, prompt_template="<s>{problem}\n", device="cpu")
        ours.nodes = set()
        computed.append(_tokens(ours, seed))
        distinct.append(len(ours.nodes))
        stateless.append(_tokens(Stateless(ours), seed))
    per_distinct = [mine / least for mine, least in zip(computed, distinct, strict=True)]
    fewer = [theirs / mine for theirs, mine in zip(stateless, computed, strict=True)]
    return [
        _row("beam_tokens_per_distinct_token", per_distinct, computed, distinct),
        _row("beam_tokens_vs_generate", fewer, computed, stateless),
    ]


def _tokens(generator: Generator, seed: int) -> int:
    table = make_problems(PROBLEMS, "test", seed)
    problems = [Problem(name, text) for name, text in zip(table["problem_id"], table["problem"], strict=True)]
    ledger = Ledger()
    search(problems, generator, HashVerifier(), OPTIONS, SAMPLING, run_seed=seed, ledger=ledger)
    return ledger.tokens


def _row(name: str, ratios: list[float], ours: list[int], rival: list[int]) -> dict[str, Any]:
    return {
        "name": name,
        "ratio": round(statistics.median(ratios), 4),
        "ours": statistics.median(ours),
        "rival": statistics.median(rival),
        "unit": "tokens",
        "runs": len(ratios),
    }


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row))
