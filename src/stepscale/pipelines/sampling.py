"""Opens a generator, and samples and grades solutions shard by shard, for nodes of several pipelines."""

import logging
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.engine.opened import opened
from stepscale.generation.contract import Generator, Sampling
from stepscale.grading import Rules
from stepscale.parameters import GeneratorBlock, SampleCounts
from stepscale.resume import Piece, Recipe, ShardPlan, Shards, content_hash, model_hash

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator
    from stepscale.generation.server import ServerGenerator

    OpenGenerator = LocalGenerator | ServerGenerator

logger = logging.getLogger(__name__)


def open_configured_generator(
    folder: Path, generator: GeneratorBlock, seed: int, name: str | None = None
) -> "OpenGenerator":
    """The model in a folder, with the prompt and device of the parameter block.

    Args:
        folder: Holds the model.
        generator: How it is asked, and where it runs.
        seed: Chooses the examples of a few-shot prompt.
        name: How tables and ledgers call it, by default as the folder.

    Raises:
        InputError: The folder holds no model.
    """
    from stepscale.generation.open_generator import open_model

    return open_model(
        folder,
        prompt_template=generator.template(seed),
        ends_before=generator.opening,
        name=name,
        placement=generator.placement,
    )


class GradedSampler:
    """Draws graded solutions from a model. The model is opened for the first missing piece, so never if all pieces exist.

    Args:
        model: The model's folder.
        settings: How it is asked, sampled and placed.
        seed: The run's seed; it also chooses the examples of a few-shot prompt.
        name: How tables and ledgers call the model, by default as its folder.
    """

    def __init__(self, model: Path, settings: GeneratorBlock, seed: int, name: str | None = None) -> None:
        self.model, self.settings, self.seed, self.name = model, settings, seed, name or model.name

    def open(self) -> "OpenGenerator":
        """The model, opened once in each process that makes pieces."""
        return opened(open_configured_generator, self.model, self.settings, self.seed, self.name)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """What the solutions are made from, apart from the problems."""
        template = self.settings.template(self.seed)
        return {
            "model": model_hash(self.model, self.settings.placement.dtype),
            "asked": content_hash(template, self.settings.opening, self.name),
        }

    @property
    def code(self) -> str:
        """The module that draws the tokens."""
        return f"stepscale.generation.{'server' if self.settings.server else 'local'}"

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
                self.code,
                inputs=self.hashes | {"problems": content_hash(part[["problem_id", "problem", "answer"]])},
                settings=[asdict(job), rules],
                seed=self.seed,
            )
            make = partial(sample_and_grade, job, self.open, part, rules)
            pieces.append(Piece(f"{purpose}-{start:06d}", recipe, make, len(part) * counts.per_problem))
        return ShardPlan(f"sampling {purpose}", tuple(pieces), unit="solutions")


def sample_all(
    generator: Generator, problems: pd.DataFrame, n_samples: int, sampling: Sampling, seed: int, purpose: str
) -> pd.DataFrame:
    """Graded solutions, all at once, for small numbers of samples.

    Args:
        generator: The generator.
        problems: A small number of problems.
        n_samples: Samples per problem.
        sampling: How tokens are drawn.
        seed: Of the run.
        purpose: What the samples are for, which names their seeds.
    """
    from stepscale.generation.graded import sample_and_grade
    from stepscale.generation.sampling import SamplingJob

    job = SamplingJob(purpose, n_samples, sampling, seed)
    return sample_and_grade(job, lambda: generator, problems, "prm800k").table


def gather(shards: Shards) -> pd.DataFrame:
    """All pieces as one table, in the order of problems and samples.

    Args:
        shards: The pieces by name, each loaded when it is called.
    """
    return pd.concat([read() for read in shards.values()], ignore_index=True)
