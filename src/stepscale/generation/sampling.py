"""Many solutions of many problems, shard by shard: what a crash costs is one shard, and no finished one is made again.

In: a Generator and a problems table. Out: rows of the solutions table, not yet graded. A shard's name holds a key of
everything that made it (model, prompts, sampling, seed, problems, gold answers, samples), so a changed parameter or model
never finds an old shard. Each sample has its own seed, and a shard is made as if nothing had been made before it, so its
bytes are the same after a resume and for any number of worker processes.
"""

import json
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd

from stepscale.cost import Ledger
from stepscale.generation.contract import Continuation, Generator, Request, Sampling
from stepscale.seeds import seed_for

_CODE = 2  # raise when the same inputs give other samples


@runtime_checkable
class Forgetful(Protocol):
    """A generator that remembers prefixes and can forget them."""

    def forget(self) -> None:
        """Forget, so that what follows does not depend on what came before, not even in the last bit."""
        ...


@dataclass(frozen=True)
class Shard:
    """A part of the work: its problems, and the name its result is saved under."""

    name: str
    problems: pd.DataFrame


@dataclass(frozen=True)
class SamplingJob:
    """What is sampled. ``model_key`` identifies the weights; ``purpose`` names the randomness.

    ``graded_by``: the rules a shard's rows are graded by before they are saved, if they are.
    """

    purpose: str
    per_problem: int
    sampling: Sampling
    run_seed: int
    model_key: str
    graded_by: str = ""


def plan_shards(generator: Generator, job: SamplingJob, problems: pd.DataFrame, problems_per_shard: int) -> list[Shard]:
    """The job cut into shards of so many problems, in the order of the table."""
    shards = []
    for start in range(0, len(problems), problems_per_shard):
        part = problems.iloc[start : start + problems_per_shard]
        prompts = [generator.encode_prompt(text) for text in part["problem"]]
        golds = [None if pd.isna(gold) else str(gold) for gold in part["answer"]]
        made_of = [_CODE, asdict(job), generator.name, list(part["problem_id"]), prompts, golds]
        key = blake2b(json.dumps(made_of).encode(), digest_size=8).hexdigest()
        shards.append(Shard(f"{job.purpose}-{start:06d}-{key}", part))
    return shards


def unfinished(
    job: SamplingJob, shards: Sequence[Shard], finished: Mapping[str, Callable[[], pd.DataFrame]]
) -> list[Shard]:
    """The shards that are not in ``finished`` (name -> reader), or not whole there: a kill may have cut a file short."""
    return [shard for shard in shards if not _is_whole(shard, job, finished)]


def _is_whole(shard: Shard, job: SamplingJob, finished: Mapping[str, Callable[[], pd.DataFrame]]) -> bool:
    if shard.name not in finished:
        return False
    try:
        return len(finished[shard.name]()) == len(shard.problems) * job.per_problem
    except Exception:  # whatever a reader says about half a file, the remedy is to make the shard again
        return False


def sample_in_workers(
    load: Callable[[], Generator], job: SamplingJob, shards: Sequence[Shard], n_workers: int
) -> Iterator[tuple[Shard, pd.DataFrame, Ledger]]:
    """Sample shards in ``n_workers`` processes, each with a generator of its own from ``load``; order kept.

    ``load`` must be picklable, such as ``functools.partial(LocalGenerator.load, folder)``. For large models on several
    devices, and where many threads of one process get in each other's way.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, _start_worker, (load, n_workers)) as pool:
        for shard, (table, ledger) in zip(shards, pool.map(_work, [job] * len(shards), shards), strict=True):
            yield shard, table, ledger


def _start_worker(load: Callable[[], Generator], n_workers: int) -> None:
    """Runs in a worker: load its generator, take a share of the threads, and end when the parent is killed."""
    import torch

    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
    torch.set_num_threads(max(1, (os.cpu_count() or 1) // n_workers))
    globals()["_generator"] = load()


def _work(job: SamplingJob, shard: Shard) -> tuple[pd.DataFrame, Ledger]:
    ledger = Ledger()
    return sample_shard(globals()["_generator"], job, shard, ledger), ledger


def sample_shard(generator: Generator, job: SamplingJob, shard: Shard, ledger: Ledger) -> pd.DataFrame:
    """The solutions of one shard: ``job.per_problem`` samples of each problem. Counts tokens into ``ledger``."""
    if isinstance(generator, Forgetful):
        generator.forget()
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


def model_key(source: str | Path) -> str:
    """A key of a model: of a folder's contents, whatever it is called, or of a hub name's commit."""
    digest = blake2b(digest_size=8)
    if not Path(source).is_dir():
        from transformers import AutoConfig

        commit = getattr(AutoConfig.from_pretrained(str(source)), "_commit_hash", None)
        digest.update(f"{source}@{commit}".encode())
    for path in sorted(Path(source).glob("*")):
        if path.suffix in (".json", ".jinja", ".safetensors", ".model", ".txt"):
            digest.update(path.name.encode())
            with path.open("rb") as file:
                while block := file.read(1 << 24):
                    digest.update(block)
    return digest.hexdigest()
