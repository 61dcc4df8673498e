"""Many solutions of many problems, shard by shard (``generation.shards``).

In: a Generator and a problems table. Out: rows of the solutions table, not yet graded. Each sample has its own seed, and a
shard is made as if nothing had been made before it, so its bytes are the same after a resume and for any number of worker
processes.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from stepscale.cost import Ledger
from stepscale.generation.contract import Continuation, Generator, Request, Sampling
from stepscale.generation.shards import Shard, shard_name, start_afresh
from stepscale.seeds import seed_for

_CODE = 2  # raise when the same inputs give other samples


@dataclass(frozen=True)
class SamplingJob:
    """What is sampled. ``model_key`` identifies the weights; ``purpose`` names the randomness.

    ``graded_by``: the rules a shard's rows are graded by before they are saved, if they are.
    """

    purpose: str
    per_problem: int
    sampling: Sampling
    run_seed: int
    model_key: str = ""
    graded_by: str = ""


def plan_shards(generator: Generator, job: SamplingJob, problems: pd.DataFrame, problems_per_shard: int) -> list[Shard]:
    """The job cut into shards of so many problems, in the order of the table."""
    shards = []
    for start in range(0, len(problems), problems_per_shard):
        part = problems.iloc[start : start + problems_per_shard]
        prompts = [generator.encode_prompt(text) for text in part["problem"]]
        golds = [None if pd.isna(gold) else str(gold) for gold in part["answer"]]
        made_of = [_CODE, asdict(job), generator.name, list(part["problem_id"]), prompts, golds]
        name = shard_name(job.purpose, start, made_of)
        shards.append(Shard(name, part, len(part) * job.per_problem))
    return shards


def sample_shard(job: SamplingJob, generator: Generator, shard: Shard, ledger: Ledger) -> pd.DataFrame:
    """The solutions of one shard: ``job.per_problem`` samples of each problem. Counts tokens into ``ledger``."""
    start_afresh(generator)
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
            known[continuation.tokens] = read_steps(generator, continuation)
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
            "mean_logprob": [sum(c.logprobs) / len(c.logprobs) if c.logprobs else None for c in found],
            "generator": generator.name,
        }
    )


def read_steps(generator: Generator, continuation: Continuation) -> tuple[list[str], list[int]]:
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
