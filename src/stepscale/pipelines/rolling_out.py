"""Solutions rolled out by the generator that wrote them, piece by piece, for the pool's labels and the study of rollouts."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.caching import clear_cache
from stepscale.generation.contract import Generator, Sampling
from stepscale.labeling.options import PoolByRollouts, RolloutOptions
from stepscale.labeling.rollouts import RolloutJob, parsable, roll_out
from stepscale.pipelines.sampling import GradedSampler
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash


def plan_rollouts(
    sampler: GradedSampler,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    options: PoolByRollouts | RolloutOptions,
    purpose: str,
) -> ShardPlan:
    """The value of every step of ``solutions``, a few problems per piece.

    Args:
        sampler: The generator that wrote the solutions.
        problems: Problems in the order in which they are rolled out.
        solutions: Solutions with their tokens.
        options: Rollouts per step, problems per piece.
        purpose: Names the pieces and the randomness.

    Returns:
        A plan whose pieces are tables of step labels. Making a piece raises InputError as ``labeling.rollouts.roll_out``.
    """
    sampling = Sampling(**sampler.settings.sampling.model_dump())
    job = RolloutJob(sampling, sampler.seed, options.per_step, purpose=purpose)
    with_steps = parsable(solutions)
    pieces = []
    for start in range(0, len(problems), options.problems_per_shard):
        problems_of_shard = problems.iloc[start : start + options.problems_per_shard]
        order = {problem_id: place for place, problem_id in enumerate(problems_of_shard["problem_id"])}
        part = with_steps[with_steps["problem_id"].isin(order)]
        part = part.iloc[part["problem_id"].map(order).argsort(kind="stable")]
        recipe = Recipe.of(
            roll_out_part,
            sampler.code,
            inputs=sampler.hashes
            | {
                "problems": content_hash(problems_of_shard[["problem_id", "problem", "answer"]]),
                "solutions": content_hash(part),
            },
            settings=asdict(job),
            seed=sampler.seed,
        )
        make = partial(roll_out_part, job, sampler.open, problems_of_shard, part)
        pieces.append(Piece(f"{purpose}-{start:06d}", recipe, make, int(part["steps"].map(len).sum())))
    return ShardPlan(f"rolling out {purpose}", tuple(pieces), unit="steps")


def roll_out_part(
    job: RolloutJob, opened: Callable[[], Generator], problems: pd.DataFrame, solutions: pd.DataFrame
) -> Made:
    """Step labels of a few problems' solutions, the same bytes whatever was made before.

    Args:
        job: What is rolled out, and how often.
        opened: Gives the generator.
        problems: The problems of the solutions.
        solutions: Their steps are labeled.
    """
    generator, ledger = opened(), Ledger()
    clear_cache(generator)
    return Made(roll_out(job, generator, problems, solutions, ledger), ledger)
