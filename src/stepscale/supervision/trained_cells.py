"""Trains and measures a cell in one call, in any process: all that determines its points is in the arguments."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.placement import Placement
from stepscale.supervision.cells import Cell
from stepscale.supervision.experiment import LabeledPool, TestSamples, cell_costs, measure_cell, train_cell
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.scores_table import score_solutions


class CellWork(NamedTuple):
    """A cell and all that determines its points; picklable, so that another process can run it.

    Attributes:
        cell: Which arm, size and seed.
        base: The folder or hub name of the model that is trained.
        training: The settings of the verifier, the cell's seed among them.
        placement: Where the trained verifier runs.
        training_data: What the cell learns from, and no more.
        labeled: Labeled samples per problem, for the cell and for its selector.
        least_steps: Optimizer steps at the least.
        test: The samples that it is measured on.
        budgets: Numbers of samples that it chooses from.
        solutions_to_score: Further solutions to score, or None.
    """

    cell: Cell
    base: str
    training: VerifierTraining
    placement: Placement
    training_data: LabeledPool
    labeled: tuple[float, float]
    least_steps: int
    test: TestSamples
    budgets: tuple[int, ...]
    solutions_to_score: TestSamples | None = None


class CellLog(NamedTuple):
    """What MLflow records about a cell: settings, learning curves by step, costs and accuracies."""

    options: VerifierTraining
    curves: list[tuple[int, dict[str, float]]]
    numbers: dict[str, float]


class TrainedCell(NamedTuple):
    """A cell's points on the test samples, its score table if one was asked for, and its log."""

    points: pd.DataFrame
    scores: pd.DataFrame | None
    log: CellLog


def train_and_measure(work: CellWork) -> TrainedCell:
    """Train the cell's verifier in a temporary folder, and measure it; the folder is removed afterwards.

    Args:
        work: The cell, its labels, and the test samples; it can be pickled, so any process may do it.

    Returns:
        Points, scores and log.
    """
    from stepscale.verifiers.open_verifier import open_verifier

    cell = work.cell
    curves: list[tuple[int, dict[str, float]]] = []
    with TemporaryDirectory(prefix="stepscale-cell-") as name:
        trained = train_cell(
            cell,
            work.training_data.solutions,
            work.training_data,
            work.base,
            work.training,
            work.least_steps,
            Path(name),
            lambda step, values: curves.append((step, values)),
        )
        verifier = open_verifier(Path(name), cell.name, work.placement)
        points = measure_cell(cell, verifier, work.test, work.budgets, work.labeled, Ledger())
        further = work.solutions_to_score
        scores = score_solutions(verifier, further.problems, further.solutions, Ledger()) if further else None
    costs = cell_costs(cell, work.training_data.solutions, work.training_data, trained)
    numbers = {key: float(value) for key, value in costs.items() if isinstance(value, int | float)}
    accuracies = points[["n", "accuracy"]].groupby("n")["accuracy"].mean()
    numbers |= {f"best_of_{n}": float(accuracy) for n, accuracy in accuracies.items()}
    return TrainedCell(points, scores, CellLog(trained.config, curves, numbers))
