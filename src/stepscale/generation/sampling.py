"""Many solutions of many problems.

In: a Generator and a problems table. Out: rows of the solutions table, not yet graded. Each sample has its own seed, and a
table does not depend on tables made before it. So its bytes are the same after a resume and for any number of worker
processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.caching import clear_cache
from stepscale.generation.contract import Continuation, Generator, Request, Sampling
from stepscale.seeds import seed_for


@dataclass(frozen=True)
class SamplingJob:
    """What is sampled.

    Attributes:
        purpose: Names the randomness: samples of one purpose and seed are the same.
        per_problem: Samples of each problem.
        sampling: How tokens are drawn.
        run_seed: The seed of the run.
    """

    purpose: str
    per_problem: int
    sampling: Sampling
    run_seed: int


def sample_solutions(job: SamplingJob, generator: Generator, problems: pd.DataFrame, ledger: Ledger) -> pd.DataFrame:
    """Samples of each problem, the same bytes whatever was made before.

    Args:
        job: How many, how they are drawn, and their randomness.
        generator: That writes them.
        problems: With their texts.
        ledger: Gets the tokens.

    Returns:
        Rows of the solutions table, not yet graded.
    """
    clear_cache(generator)
    requests, owners = list[Request](), list[tuple[str, int]]()
    for problem_id, text in zip(problems["problem_id"], problems["problem"], strict=True):
        prompt = generator.encode_prompt(text)
        for number in range(job.per_problem):
            requests.append(Request(prompt, seed_for(job.run_seed, job.purpose, problem_id, number)))
            owners.append((problem_id, number))
    continuations = generator.generate(requests, job.sampling, "solution", ledger)
    return solutions_table(generator, owners, continuations)


def solutions_table(
    generator: Generator, owners: Sequence[tuple[str, int]], continuations: Sequence[Continuation]
) -> pd.DataFrame:
    """Continuations of whole solutions as rows of the solutions table; equal token sequences are decoded once.

    Args:
        generator: Reads the texts of steps.
        owners: (problem_id, sample_id) of each continuation.
        continuations: Of whole solutions.
    """
    texts_of_tokens: dict[tuple[int, ...], tuple[list[str], list[int]]] = {}
    for continuation in continuations:
        if continuation.tokens not in texts_of_tokens:
            texts_of_tokens[continuation.tokens] = read_steps(generator, continuation)
    texts = [texts_of_tokens[continuation.tokens] for continuation in continuations]
    certainties = [list(continuation.certainties) for continuation in continuations]
    table = pd.DataFrame(
        {
            "problem_id": [problem_id for problem_id, _ in owners],
            "sample_id": [number for _, number in owners],
            "steps": [steps for steps, _ in texts],
            "tokens": [list(continuation.tokens) for continuation in continuations],
            "step_ends": [ends for _, ends in texts],
            "answer": None,
            "is_correct": None,
            "finish": [continuation.ended for continuation in continuations],
            "mean_logprob": [continuation.mean_logprob for continuation in continuations],
            "generator": generator.name,
        }
    )
    return table.assign(certainties=pd.Series(certainties, dtype=object)) if any(certainties) else table


def read_steps(generator: Generator, continuation: Continuation) -> tuple[list[str], list[int]]:
    """Texts of the steps and the index of each one's last token; text after the last separator is a step too.

    Args:
        generator: The generator that wrote it.
        continuation: A solution, or its beginning.

    Returns:
        Texts, and indices into the continuation's tokens, both [steps].
    """
    ends = list(continuation.step_ends)
    last = len(continuation.tokens) - 1
    if not ends or ends[-1] < last:
        ends.append(last)
    steps, step_ends, start = list[str](), list[int](), 0
    for end in ends:
        text = generator.decode(continuation.tokens[start : end + 1]).strip()
        start = end + 1
        if text:
            steps.append(text)
            step_ends.append(end)
    return steps, step_ends
