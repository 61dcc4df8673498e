"""A PRM without people: the generator rolls out every step, a soft PRM learns the values (Snell et al. 2024, 5.1 and D)."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.labeling.options import RolloutOptions
from stepscale.parameters import GeneratorBlock, VerifierBlock
from stepscale.pipelines.rolling_out import gather_values, values_of_steps
from stepscale.pipelines.sampling import Shards, manifest
from stepscale.scratch import scratch_folder

logger = logging.getLogger(__name__)

PURPOSE = "rollouts"


def roll_out(
    generator_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    rollouts: RolloutOptions | None,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Values of every step of some training solutions, shard by shard; those in ``finished`` are left out."""
    if rollouts is None:
        yield manifest(PURPOSE)
        return
    chosen = problems[problems["split"] == "train"].head(rollouts.problems)
    written = solutions[solutions["problem_id"].isin(set(chosen["problem_id"]))]
    written = written[written.groupby("problem_id").cumcount() < rollouts.samples]
    yield from values_of_steps(generator_model, chosen, written, finished, generator, rollouts, seed, PURPOSE)


def gather_rollouts(shards: Shards) -> pd.DataFrame:
    """The step labels of the latest run's shards; an empty table if there are none."""
    return gather_values(shards, PURPOSE)


def train_soft_prm(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    labels: pd.DataFrame,
    verifiers: VerifierBlock,
    rollouts: RolloutOptions | None,
    seed: int,
) -> Path:
    """A PRM by binary cross entropy on each step's value; an empty folder without rollouts.

    A share of the questions is kept apart, and training stops where their loss no longer falls (Snell et al. 2024, D). Raises
    InputError if it should and no question is kept apart.
    """
    from stepscale.supervision.arms import Arm, Cell
    from stepscale.supervision.experiment import LabelledPool, cell_training, train_cell
    from stepscale.supervision.selection import chosen
    from stepscale.tracking import child_run
    from stepscale.verifiers.examples import kept_apart

    folder = scratch_folder("soft_prm")
    if rollouts is None:
        return folder
    if rollouts.patience is not None and not kept_apart(labels["problem_id"], rollouts.validation_share, seed):
        raise InputError(
            f"rollouts.patience: none of the {labels['problem_id'].nunique()} questions rolled out falls among those kept apart "
            f"(validation_share: {rollouts.validation_share}); raise rollouts.problems or that share, or set patience to null"
        )
    cell = Cell(Arm(name="soft PRM", supervision="values"), rollouts.samples, seed)
    samples, given = chosen(solutions, labels), verifiers.training("prm", seed)
    stopped = given.optimization.model_copy(update={"patience": rollouts.patience})
    options = given.model_copy(update={"validation_share": rollouts.validation_share, "optimization": stopped})
    pool = LabelledPool(problems, solutions, labels)
    with child_run("soft_prm", cell_training(cell, options, len(samples), rollouts.least_steps)) as run:
        trained = train_cell(cell, samples, pool, verifiers.base, options, rollouts.least_steps, folder, run.on_log)
        run.metrics({**trained.numbers(), "mean_value": float(labels["value"].mean())})
        run.folder(folder, "model")
    logger.info("soft PRM: %d solutions, %d values, mean %.3f", trained.n_rows, len(labels), labels["value"].mean())
    return folder
