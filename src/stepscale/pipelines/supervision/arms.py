"""Nodes that train and measure the arms of the comparison (Lightman et al. 2023, Figure 4), a verifier per cell.

Every arm trains on the same labels and is measured on the same test samples; each cell (arm, size, seed) is a piece of work.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial, update_wrapper

import pandas as pd

from stepscale.formats.splits import of_split
from stepscale.labeling.options import PoolLabeler
from stepscale.parameters import SupervisionSettings
from stepscale.pipelines.cells import CellJob, CellSettings, plan_cells, with_problems
from stepscale.resume import ShardPlan, Shards
from stepscale.supervision.cells import Cell, labeled_counts, plan, training_samples
from stepscale.supervision.experiment import LabeledPool, TestSamples
from stepscale.supervision.outcomes import judged_by_steps
from stepscale.supervision.selection import chosen


def trainer(arm: str | None) -> Callable[..., ShardPlan]:
    """The node function that trains one arm: ``train_arms`` with the arm in it.

    Args:
        arm: The arm's name; None: all ablations.
    """
    node = update_wrapper(partial(train_arms, arm), train_arms)
    del node.__wrapped__  # Kedro reads the types of parameters from the signature, and this one has the arm in it
    return node


def train_arms(
    arm: str | None,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    labels: pd.DataFrame,
    selections: pd.DataFrame,
    settings: SupervisionSettings,
) -> ShardPlan:
    """Every cell of one arm: trained, and measured by best-of-N on the test samples.

    Choices are graded by their answers, and by their steps as well where the symbolic labeler can rate them.

    Args:
        arm: The arm's name; None: every ablation.
        problems: The problems table.
        solutions: Samples of the experiment's training and test problems.
        labels: PRM_large's labels of the training samples.
        selections: What each arm takes of them, at every size and seed.
        settings: The verifiers, and the design of the experiment.
    """
    verifiers, design = settings.verifiers, settings.experiment.design
    names = {ablation.name for ablation in design.ablations} if arm is None else {arm}
    train = of_split(problems, solutions, "train")
    test = _rated(with_problems(problems, of_split(problems, solutions, "test")), settings.pool.labeler)
    cell_settings = CellSettings(verifiers, test, design.budgets, design.least_steps)
    cells = (cell for cell in plan(design, settings.seed) if cell.arm.name in names)
    jobs = [_job(cell, problems, train, labels, selections) for cell in cells]
    return plan_cells(jobs, cell_settings, f"training {arm or 'ablations'}")


def _rated(test: TestSamples, labeler: PoolLabeler) -> TestSamples:
    """The test samples, with verdicts on their steps if the labeler is the one that is always right."""
    if labeler.kind != "symbolic":
        return test
    from stepscale.labeling.symbolic import label_solutions

    labels = label_solutions(test.problems, test.solutions, labeler.free_text)
    verdicts = judged_by_steps(test.solutions, labels)["is_correct"].fillna(False)
    return replace(test, right_steps=verdicts.to_numpy(bool))


def _job(
    cell: Cell, problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, selections: pd.DataFrame
) -> CellJob:
    """A cell with exactly the samples and labels that it learns from."""
    of_cell = (selections["arm"] == cell.arm.name) & (selections["seed"] == cell.seed)
    samples = training_samples(cell, solutions, selections[of_cell])
    training_data = LabeledPool(
        problems[problems["problem_id"].isin(samples["problem_id"])], samples, chosen(labels, samples)
    )
    n_problems = max(1, solutions["problem_id"].nunique())
    labeled, for_selector = labeled_counts(cell, selections)
    return CellJob(cell, training_data, (labeled / n_problems, for_selector / n_problems))


def gather_points(
    process: Shards,
    outcome_by_large_prm: Shards,
    outcome_by_answer: Shards,
    active_learning: Shards,
    ablations: Shards,
) -> pd.DataFrame:
    """The points of all arms, gathered from their cells.

    Args:
        process: Cells of the process arm.
        outcome_by_large_prm: Cells of the outcome arm by PRM_large's verdicts.
        outcome_by_answer: Cells of the outcome arm by final answers.
        active_learning: Cells of the process arm with chosen samples.
        ablations: Cells of the ablations.
    """
    arms = (process, outcome_by_large_prm, outcome_by_answer, active_learning, ablations)
    return pd.concat([read() for arm in arms for read in arm.values()], ignore_index=True)
