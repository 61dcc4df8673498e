"""A PRM without people: the generator rolls out every step, a soft PRM learns the values (Snell et al. 2024, 5.1 and D)."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stepscale.formats.splits import of_split
from stepscale.labeling.options import RolloutOptions
from stepscale.parameters import RolloutSettings, VerifierBlock
from stepscale.pipelines.early_stopping import stopped_in_time
from stepscale.pipelines.judging import Judged, judge
from stepscale.pipelines.rolling_out import plan_rollouts
from stepscale.pipelines.sampling import GradedSampler
from stepscale.resume import ShardPlan
from stepscale.scratch import scratch_folder
from stepscale.studies.rollouts.measure import SAME_SOLUTIONS

if TYPE_CHECKING:
    from stepscale.supervision.arms import Arm

logger = logging.getLogger(__name__)


def roll_out(
    generator_model: Path, problems: pd.DataFrame, solutions: pd.DataFrame, settings: RolloutSettings
) -> ShardPlan:
    """Values of every step of some training solutions.

    Args:
        generator_model: Folder of the generator.
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        settings: Settings that the nodes of the pipeline share.
    """
    rollouts = settings.rollouts
    train = problems[problems["split"] == "train"].head(rollouts.problems)
    written = solutions[solutions["problem_id"].isin(set(train["problem_id"]))]
    written = written[written.groupby("problem_id").cumcount() < rollouts.samples]
    sampler = GradedSampler(generator_model, settings.generator, settings.seed)
    return plan_rollouts(sampler, train, written, rollouts, "rollouts")


def train_soft_prm(
    problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, settings: RolloutSettings
) -> Path:
    """A PRM by binary cross entropy on each step's value.

    A share of the questions is set apart, and training stops where their loss no longer falls (Snell et al. 2024, D).

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        labels: Step labels, a row per rated step.
        settings: Settings that the nodes of the pipeline share.

    Raises:
        InputError: Training should stop by that loss, and no question is set apart.
    """
    from stepscale.supervision.arms import Arm

    arm, values = Arm(name="soft PRM", supervision="values"), {"mean_value": float(labels["value"].mean())}
    return _train("soft_prm", arm, problems, solutions, labels, settings, values)


def train_orm_on_rolled_out(
    problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, settings: RolloutSettings
) -> Path:
    """An ORM of the same solutions as the soft PRM, by their final answers: claim B9 compares kinds, not amounts of data.

    Training stops by the same rule as the soft PRM's.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        labels: Step labels, a row per rated step.
        settings: Settings that the nodes of the pipeline share.

    Raises:
        InputError: As ``train_soft_prm`` does.
    """
    from stepscale.supervision.arms import Arm

    arm = Arm(name=SAME_SOLUTIONS, supervision="outcome_by_answer")
    return _train(SAME_SOLUTIONS, arm, problems, solutions, labels, settings, {})


def _train(
    name: str,
    arm: "Arm",
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    labels: pd.DataFrame,
    settings: RolloutSettings,
    metrics: dict[str, float],
) -> Path:
    """The folder of a verifier that learned from the solutions that were rolled out, as the arm says."""
    from stepscale.supervision.cells import Cell
    from stepscale.supervision.experiment import LabeledPool, cell_training, train_cell
    from stepscale.supervision.selection import chosen
    from stepscale.tracking import child_run

    folder, rollouts = scratch_folder(name), settings.rollouts
    cell, samples = Cell(arm, rollouts.samples, settings.seed), chosen(solutions, labels)
    of_the_run = settings.verifiers.training("orm" if arm.kind == "orm" else "prm", settings.seed)
    options = stopped_in_time(
        of_the_run, labels["problem_id"], rollouts.validation_share, rollouts.patience, settings.seed, "rollouts"
    )
    least, base, pool = rollouts.least_steps, settings.verifiers.base, LabeledPool(problems, solutions, labels)
    training = cell_training(cell, options, len(samples), least)
    with child_run(name, {"base": base} | training.model_dump(mode="json")) as run:
        run.dataset(f"{name}_examples", samples if arm.kind == "orm" else labels, "training")
        trained = train_cell(cell, samples, pool, base, options, least, folder, run.on_log)
        run.metrics(trained.numbers() | metrics)
        run.folder(folder, "model")
    logger.info("%s: %d solutions, %d labels", name, trained.n_rows, len(labels))
    return folder


def evaluate_soft_prm(
    soft_prm_model: Path, problems: pd.DataFrame, solutions: pd.DataFrame, verifiers: VerifierBlock
) -> dict[str, Any]:
    """How the soft PRM judges steps of validation problems: against outcomes, draws of the values that it predicts.

    Args:
        soft_prm_model: Folder of the soft PRM.
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        verifiers: Parameters ``verifiers``.
    """
    from stepscale.verifiers.examples import orm_examples

    graded = orm_examples(problems, of_split(problems, solutions, "valid"))
    metrics, _, _ = judge([Judged("soft_prm", "soft_prm", soft_prm_model, graded)], [], verifiers.placement)
    return metrics


def score_with_soft_prm(
    soft_prm_model: Path,
    rollouts_orm_model: Path,
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    verifiers: VerifierBlock,
    rollouts: RolloutOptions,
) -> pd.DataFrame:
    """Scores of the first samples of each test problem, by the soft PRM and by the ORM of the same solutions.

    Args:
        soft_prm_model: Folder of the soft PRM.
        rollouts_orm_model: Folder of the ORM of the same solutions.
        test_problems: The test problems, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        verifiers: Parameters ``verifiers``.
        rollouts: Parameters ``rollouts``.
    """
    from stepscale.cost import Ledger
    from stepscale.verifiers.open_verifier import open_verifier
    from stepscale.verifiers.scores_table import score_solutions

    tested = of_split(test_problems, test_solutions, "test")
    few = tested[tested["sample_id"] < rollouts.scored_samples]
    models = {"soft_prm": soft_prm_model, SAME_SOLUTIONS: rollouts_orm_model}
    scored = [
        score_solutions(open_verifier(model, name, verifiers.placement), test_problems, few, Ledger())
        for name, model in models.items()
    ]
    return pd.concat(scored, ignore_index=True)
