"""Many solutions of many problems, shard by shard: what a crash costs is one shard, and no finished one is made again.

In: a Generator and a problems table. Out: rows of the solutions table, not yet graded. A shard's name holds a key of
everything that made it (model, prompt, sampling, seed, problems, samples), so a changed parameter or model never finds an
old shard. Each sample has its own seed; a shard keeps its composition on resume, so its tokens are the same.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path

import pandas as pd

from stepscale.cost import Ledger
from stepscale.generation.contract import Continuation, Generator, Request, Sampling
from stepscale.seeds import seed_for

_CODE = 1  # raise when the same inputs give other samples


@dataclass(frozen=True)
class Shard:
    """A part of the work: its problems, and the name its result is saved under."""

    name: str
    problems: pd.DataFrame


@dataclass(frozen=True)
class SamplingJob:
    """What is sampled. ``model_key`` identifies the weights; ``purpose`` names the randomness."""

    purpose: str
    per_problem: int
    sampling: Sampling
    run_seed: int
    model_key: str


def plan_shards(job: SamplingJob, problems: pd.DataFrame, problems_per_shard: int) -> list[Shard]:
    """The job cut into shards of so many problems, in the order of the table."""
    shards = []
    for start in range(0, len(problems), problems_per_shard):
        part = problems.iloc[start : start + problems_per_shard]
        made_of = [_CODE, asdict(job), list(part["problem_id"]), list(part["problem"])]
        key = blake2b(json.dumps(made_of).encode(), digest_size=8).hexdigest()
        shards.append(Shard(f"{job.purpose}-{start:06d}-{key}", part))
    return shards


def sample_shard(generator: Generator, job: SamplingJob, shard: Shard, ledger: Ledger) -> pd.DataFrame:
    """The solutions of one shard: ``job.per_problem`` samples of each problem. Counts tokens into ``ledger``."""
    requests, owners = list[Request](), list[tuple[str, int]]()
    for problem_id, text in zip(shard.problems["problem_id"], shard.problems["problem"], strict=True):
        prompt = generator.encode_prompt(text)
        for sample in range(job.per_problem):
            requests.append(Request(prompt, seed_for(job.run_seed, job.purpose, problem_id, sample)))
            owners.append((problem_id, sample))
    found = generator.generate(requests, job.sampling, "solution", ledger)
    return solutions_table(generator, owners, found)


def solutions_table(
    generator: Generator, owners: Sequence[tuple[str, int]], found: Sequence[Continuation]
) -> pd.DataFrame:
    """Continuations of whole solutions as rows of the solutions table; text of equal tokens is decoded once."""
    known: dict[tuple[int, ...], tuple[list[str], list[int]]] = {}
    for continuation in found:
        if continuation.tokens not in known:
            known[continuation.tokens] = _steps(generator, continuation)
    texts = [known[continuation.tokens] for continuation in found]
    return pd.DataFrame(
        {
            "problem_id": [problem_id for problem_id, _ in owners],
            "sample_id": [sample for _, sample in owners],
            "steps": [steps for steps, _ in texts],
            "tokens": [list(continuation.tokens) for continuation in found],
            "step_ends": [ends for _, ends in texts],
            "answer": None,
            "is_correct": None,
            "finish": [continuation.ended for continuation in found],
            "mean_logprob": [sum(c.logprobs) / max(1, len(c.logprobs)) for c in found],
            "generator": generator.name,
        }
    )


def _steps(generator: Generator, continuation: Continuation) -> tuple[list[str], list[int]]:
    """Texts of the steps and the index of each one's last token; what follows the last separator is a step too."""
    ends = list(continuation.step_ends)
    last = len(continuation.tokens) - 1
    if not ends or ends[-1] < last:
        ends.append(last)
    steps, kept, start = list[str](), list[int](), 0
    for end in ends:
        text = generator.decode(continuation.tokens[start : end + 1]).strip()
        start = end + 1
        if text:
            steps.append(text)
            kept.append(end)
    return steps, kept


def model_key(folder: Path) -> str:
    """A key of a model folder's contents: the same files give the same key, whatever the folder is called."""
    digest = blake2b(digest_size=8)
    for path in sorted(Path(folder).glob("*")):
        if path.suffix in (".json", ".safetensors", ".model", ".txt"):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
