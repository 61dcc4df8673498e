"""A generator opened, and solutions sampled and graded, shard by shard, as nodes of several pipelines need them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger, total
from stepscale.generation.contract import Generator, Sampling
from stepscale.grading import Rules, extract_answer, grade_many
from stepscale.parameters import GeneratorBlock, SampleCounts
from stepscale.progress import progress

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator
    from stepscale.generation.shards import Shard

logger = logging.getLogger(__name__)

Shards = Mapping[str, Callable[[], pd.DataFrame]]
Make = Callable[["Shard", Ledger], pd.DataFrame]  # a shard's rows; what they cost is added to the ledger
MANIFEST = "current"  # the partition that names the shards of the latest run, in order; others may lie beside them


def open_generator(folder: Path, generator: GeneratorBlock, seed: int, name: str | None = None) -> "LocalGenerator":
    """The model in ``folder``, asked and placed as the block says; the seed chooses the examples of a few-shot prompt.

    ``name``: how tables and ledgers call it, by default as the folder. Raises InputError if the folder holds no model.
    """
    from stepscale.generation.local import LocalGenerator

    template, placement = generator.template(seed), generator.placement.model_dump()
    return LocalGenerator.load(
        folder, prompt_template=template, name=name, ends_before=generator.ends_before, **placement
    )


def sample_shards(
    generator: Generator,
    model: Path,
    problems: pd.DataFrame,
    counts: SampleCounts,
    sampling: Sampling,
    seed: int,
    purpose: str,
    finished: Shards,
    rules: Rules = "prm800k",
) -> Iterator[dict[str, pd.DataFrame]]:
    """One shard of graded solutions after another, those in ``finished`` left out; yields names of all at the end."""
    from stepscale.generation.sampling import SamplingJob, plan_shards, sample_shard
    from stepscale.generation.shards import model_key

    key = model_key(model, getattr(generator, "dtype", "float32"))
    job = SamplingJob(purpose, counts.per_problem, sampling, seed, key, str(rules))
    shards = plan_shards(generator, job, problems, counts.problems_per_shard)

    def make(shard: "Shard", ledger: Ledger) -> pd.DataFrame:
        return grade(sample_shard(job, generator, shard, ledger), problems, rules)

    yield from make_missing(purpose, shards, finished, make)


def make_missing(
    purpose: str,
    shards: Sequence["Shard"],
    finished: Shards,
    make: Make,
    rows: str = "solutions",
    side_by_side: Path | None = None,
) -> Iterator[dict[str, pd.DataFrame]]:
    """One table after another by ``make(shard, ledger)``, those in ``finished`` left out; yields names of all at the end.

    ``rows``: what a row of a shard is, for the one who watches. ``side_by_side``: the folder of the model at work; if it is
    small, shards are made a core each, and ``make`` opens its models itself, for it travels to other processes.
    """
    from stepscale.engine.cores import one_a_core
    from stepscale.generation.shards import unfinished

    missing = unfinished(shards, finished)
    ledger = Ledger()
    tasks = [(make, shard) for shard in missing]
    made = one_a_core(_made, tasks, str(side_by_side)) if side_by_side else (_made(*task) for task in tasks)
    with progress(f"sampling {purpose}", sum(shard.rows for shard in shards), rows) as bar:
        bar.update(sum(shard.rows for shard in shards) - sum(shard.rows for shard in missing))
        for shard, (table, spent) in zip(missing, made, strict=True):
            ledger.models = total([ledger, spent]).models
            yield {shard.name: table}
            bar.update(shard.rows)
    logger.info(
        "sampled %s: %d shards of %d were finished before, %d tokens computed",
        purpose,
        len(shards) - len(missing),
        len(shards),
        ledger.tokens,
    )
    yield manifest(purpose, [shard.name for shard in shards])


def _made(make: Make, shard: "Shard") -> tuple[pd.DataFrame, Ledger]:
    ledger = Ledger()
    return make(shard, ledger), ledger


def together(*pieces: Iterator[dict[str, pd.DataFrame]]) -> Iterator[dict[str, pd.DataFrame]]:
    """Several pieces of work in one folder: shards as they are made, the lists of all once the last is finished."""
    lists: dict[str, pd.DataFrame] = {}
    for piece in pieces:
        for made in piece:
            ends = {name: table for name, table in made.items() if name.startswith(MANIFEST)}
            lists |= ends
            if len(made) > len(ends):
                yield {name: table for name, table in made.items() if name not in ends}
    yield lists


def manifest(purpose: str, names: Sequence[str] = ()) -> dict[str, pd.DataFrame]:
    """The partition that says which shards are the latest run's; by default none."""
    return {f"{MANIFEST}-{purpose}": pd.DataFrame({"shard": list(names)}, dtype="str")}


def sample_all(
    generator: Generator,
    model: Path,
    problems: pd.DataFrame,
    n_samples: int,
    sampling: Sampling,
    seed: int,
    purpose: str,
) -> pd.DataFrame:
    """All solutions at once, for small numbers of samples."""
    counts = SampleCounts(per_problem=n_samples, problems_per_shard=max(1, len(problems)))
    shards = list(sample_shards(generator, model, problems, counts, sampling, seed, purpose, {}))
    return next(iter(shards[0].values()))


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
    graded = pd.Series(answers, solutions.index, dtype=object)
    return solutions.assign(answer=graded, is_correct=grade_many(answers, golds, rules=rules))


def gather(shards: Shards) -> pd.DataFrame:
    """The shards of the latest run as one table, in the order of problems and samples; an empty one if there are none."""
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SOLUTIONS

    manifests = [name for name in sorted(shards) if name.startswith(f"{MANIFEST}-")]
    names = [shard for manifest in manifests for shard in shards[manifest]()["shard"]]
    if not names:
        return empty(SOLUTIONS)
    return pd.concat([shards[name]() for name in names], ignore_index=True)
