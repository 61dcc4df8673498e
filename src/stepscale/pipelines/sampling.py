"""Solutions sampled and graded, shard by shard, as nodes of several pipelines need them."""

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from stepscale.generation.contract import Generator, Sampling
from stepscale.grading import Rules, extract_answer, grade_many
from stepscale.parameters import SampleCounts

Shards = Mapping[str, Callable[[], pd.DataFrame]]


def sample_shards(
    generator: Generator, problems: pd.DataFrame, counts: SampleCounts, sampling: Sampling, seed: int, purpose: str,
    finished: Shards, rules: Rules = "prm800k",
) -> Iterator[dict[str, pd.DataFrame]]:  # fmt: skip
    """One shard of graded solutions after another; those in ``finished`` made by the same key are not made again."""
    from stepscale.generation.sampling import sample_solutions

    for name, shard in sample_solutions(
        generator, problems, counts.per_problem, sampling, seed, purpose,
        problems_per_shard=counts.problems_per_shard, finished=set(finished),
    ):  # fmt: skip
        yield {name: grade(shard, problems, rules)}


def sample_all(
    generator: Generator, problems: pd.DataFrame, n_samples: int, sampling: Sampling, seed: int, purpose: str
) -> pd.DataFrame:
    """All solutions at once, for small numbers of samples."""
    counts = SampleCounts(per_problem=n_samples, problems_per_shard=max(1, len(problems)))
    shards = sample_shards(generator, problems, counts, sampling, seed, purpose, {})
    return pd.concat([frame for shard in shards for frame in shard.values()], ignore_index=True)


def grade(solutions: pd.DataFrame, problems: pd.DataFrame, rules: Rules = "prm800k") -> pd.DataFrame:
    """Solutions with ``answer`` extracted and ``is_correct`` filled in.

    A solution cut off by its length limit has no answer: it is unfinished, so it is never right.
    """
    gold = dict(zip(problems["problem_id"], problems["answer"], strict=True))
    ended = solutions["finish"] == "solution"
    answers = [
        extract_answer("\n".join(steps)) if done else None
        for steps, done in zip(solutions["steps"], ended, strict=True)
    ]
    golds = [gold[problem_id] for problem_id in solutions["problem_id"]]
    return solutions.assign(answer=answers, is_correct=grade_many(answers, golds, rules=rules))


def gather(shards: Shards) -> pd.DataFrame:
    """All shards as one table, in the order of problems and samples."""
    frames = [shards[name]() for name in sorted(shards)]
    return pd.concat(frames, ignore_index=True)
