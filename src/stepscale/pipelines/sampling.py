"""A generator opened, and solutions sampled and graded, shard by shard, as nodes of several pipelines need them."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger, total
from stepscale.generation.contract import Generator, Sampling
from stepscale.generation.graded import grade as grade
from stepscale.grading import Rules
from stepscale.parameters import GeneratorBlock, SampleCounts
from stepscale.progress import progress
from stepscale.resume import Piece, Recipe, ShardPlan, content_hash, model_hash

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


class GradedSampler:
    """A model that is asked for graded solutions; opened when the first piece is to be made, so never if all are there.

    Args:
        model: The model's folder.
        settings: How it is asked, sampled and placed.
        seed: The run's seed; it also chooses the examples of a few-shot prompt.
        name: How tables and ledgers call the model, by default as its folder.
    """

    def __init__(self, model: Path, settings: GeneratorBlock, seed: int, name: str | None = None) -> None:
        self.model, self.settings, self.seed, self.name = model, settings, seed, name or model.name

    @cached_property
    def generator(self) -> "LocalGenerator":
        """The model, opened once."""
        return open_generator(self.model, self.settings, self.seed, self.name)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """What the solutions are made from, besides the problems."""
        template = self.settings.template(self.seed)
        return {
            "model": model_hash(self.model, self.settings.placement.dtype),
            "asked": content_hash(template, self.settings.ends_before, self.name),
        }

    def plan(
        self,
        purpose: str,
        problems: pd.DataFrame,
        counts: SampleCounts,
        sampling: Sampling | None = None,
        rules: Rules = "prm800k",
    ) -> ShardPlan:
        """``counts.per_problem`` solutions of each problem, in shards of ``counts.problems_per_shard`` problems.

        Args:
            purpose: Names the randomness and the shards.
            problems: The problems table.
            counts: How many samples, in what shards.
            sampling: Temperature and limits; by default the settings' own.
            rules: The rules that answers are graded by.
        """
        from stepscale.generation.graded import sample_and_grade
        from stepscale.generation.sampling import SamplingJob

        how = sampling or Sampling(**self.settings.sampling.model_dump())
        job = SamplingJob(purpose, counts.per_problem, how, self.seed)
        pieces = []
        for start in range(0, len(problems), counts.problems_per_shard):
            part = problems.iloc[start : start + counts.problems_per_shard]
            recipe = Recipe.of(
                sample_and_grade,
                "stepscale.generation.local",
                inputs=self.hashes | {"problems": content_hash(part[["problem_id", "problem", "answer"]])},
                settings=[asdict(job), rules],
                seed=self.seed,
            )
            make = partial(sample_and_grade, job, lambda: self.generator, part, rules)
            pieces.append(Piece(f"{purpose}-{start:06d}", recipe, make, len(part) * counts.per_problem))
        return ShardPlan(f"sampling {purpose}", tuple(pieces), unit="solutions")


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
    generator: Generator, problems: pd.DataFrame, n_samples: int, sampling: Sampling, seed: int, purpose: str
) -> pd.DataFrame:
    """Graded solutions, all at once, for small numbers of samples."""
    from stepscale.generation.graded import sample_and_grade
    from stepscale.generation.sampling import SamplingJob

    job = SamplingJob(purpose, n_samples, sampling, seed)
    return sample_and_grade(job, lambda: generator, problems, "prm800k").table


def gather(shards: Shards) -> pd.DataFrame:
    """The shards of the latest run as one table, in the order of problems and samples; an empty one if there are none."""
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SOLUTIONS

    manifests = [name for name in sorted(shards) if name.startswith(f"{MANIFEST}-")]  # of nodes not yet converted
    names = [shard for manifest in manifests for shard in shards[manifest]()["shard"]] if manifests else list(shards)
    if not names:
        return empty(SOLUTIONS)
    return pd.concat([shards[name]() for name in names], ignore_index=True)
