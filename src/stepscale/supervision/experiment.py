"""One cell of the experiment: train a verifier on its samples, measure best-of-N with it on the test problems.

In: a base model, a cell's samples with labels, test samples. Out: its points (``stepscale.supervision.points``) and what it cost.
Cells depend on nothing but their inputs, so they can be run in any order, apart, and resumed.
"""

from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stepscale.cost import Ledger
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.samples import sample_grid
from stepscale.supervision.cells import Cell, training_examples
from stepscale.supervision.selection import chosen
from stepscale.supervision.tables import POINTS
from stepscale.verifiers.aggregation import aggregate
from stepscale.verifiers.contract import Verifier
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.saved import AGGREGATION
from stepscale.verifiers.scores_table import score_solutions

if TYPE_CHECKING:
    from stepscale.training.callbacks import OnLog
    from stepscale.verifiers.training import TrainedVerifier


@dataclass(frozen=True)
class LabeledPool:
    """What trainings of the experiment share.

    Attributes:
        problems: To train on.
        solutions: Theirs, with ``is_correct`` of the final answer.
        step_labels: One labeler's, of those chosen.
    """

    problems: pd.DataFrame
    solutions: pd.DataFrame
    step_labels: pd.DataFrame


@dataclass(frozen=True)
class TestSamples:
    """Test problems and their samples, graded; the same for every cell.

    Attributes:
        problems: A ``PROBLEMS`` table.
        solutions: A ``SOLUTIONS`` table with ``is_correct``.
        right_steps: Whether each of them has right steps alone, row for row; None where no labeler rates them.
    """

    __test__ = False  # not a test of pytest's

    problems: pd.DataFrame
    solutions: pd.DataFrame
    right_steps: NDArray[np.bool_] | None = None


def train_cell(
    cell: Cell,
    samples: pd.DataFrame,
    pool: LabeledPool,
    base: str | Path,
    training: VerifierTraining,
    least_steps: int,
    folder: Path,
    on_log: "OnLog | None" = None,
) -> "TrainedVerifier":
    """Fine-tune a model on a cell's samples as its arm says; see ``verifiers.training.train_verifier``.

    Args:
        cell: Arm, size and seed.
        samples: The solutions it trains on.
        pool: Problems and labels.
        base: Folder or hub name of the model.
        training: Settings that all cells share.
        least_steps: Optimizer steps that a small cell takes at least, by more epochs.
        folder: Where the verifier is written.
        on_log: Gets (optimizer step, numbers) for the learning curves.
    """
    from stepscale.verifiers.training import train_verifier

    examples = training_examples(cell.arm, pool.problems, samples, pool.step_labels)
    return train_verifier(base, examples, cell_training(cell, training, len(examples), least_steps), folder, on_log)


def cell_training(cell: Cell, training: VerifierTraining, n_examples: int, least_steps: int) -> VerifierTraining:
    """The settings of a cell: its arm's kind and tokens, its own seed, and epochs enough for ``least_steps`` optimizer steps.

    Args:
        cell: Arm, size and seed.
        training: Settings that all cells share.
        n_examples: To learn from.
        least_steps: Optimizer steps at least.
    """
    settings = training.optimization
    batches = ceil(n_examples * (1 - training.validation_share) / settings.batch_size)
    one_epoch = max(1.0, batches / settings.gradient_accumulation)
    fitted = settings.model_copy(update={"epochs": max(settings.epochs, least_steps / one_epoch), "seed": cell.seed})
    supervise = cell.arm.supervise or training.supervise
    return training.model_copy(update={"kind": cell.arm.kind, "supervise": supervise, "optimization": fitted})


def measure_cell(
    cell: Cell,
    verifier: Verifier,
    test: TestSamples,
    budgets: tuple[int, ...],
    labeled: tuple[float, float],
    ledger: Ledger,
) -> pd.DataFrame:
    """Points of a cell: expected best-of-n accuracy of each test problem at each budget, in closed form.

    A PRM's score is the product of its steps, an ORM's its last. Where the test's steps are rated, a choice is graded by them
    as well: it is ``faultless`` if its answer is right and none of its steps is wrong.

    Args:
        cell: Arm, size and seed.
        verifier: The one that was trained.
        test: Test problems and their samples.
        budgets: Samples per problem to choose from.
        labeled: Samples per problem that it learned from, and further ones of its selector.
        ledger: Gets the tokens read.

    Raises:
        InputError: A budget beyond the samples.
    """
    scores = score_solutions(verifier, test.problems, test.solutions, ledger)
    grid = sample_grid(test.problems, test.solutions)
    values = grid.place(aggregate(list(scores["negative"]), list(scores["neutral"]), AGGREGATION[cell.arm.kind]))
    accuracy = best_of_n_per_problem(values, grid.correct, budgets, grid.mask)
    faultless = np.full_like(accuracy, np.nan)
    if test.right_steps is not None:
        right_steps = grid.place(test.right_steps.astype(float)) > 0
        faultless = best_of_n_per_problem(values, grid.correct & right_steps, budgets, grid.mask)
    frame = pd.DataFrame(
        {
            "arm": cell.arm.name,
            "per_problem": cell.per_problem,
            "labeled": float(labeled[0]),
            "selector": float(labeled[1]),
            "seed": cell.seed,
            "n": np.tile(budgets, len(grid.ids)),
            "problem_id": np.repeat(grid.ids, len(budgets)),
            "accuracy": accuracy.ravel(),
            "faultless": faultless.ravel(),
        }
    )
    return frame[list(POINTS.columns)]


def cell_costs(
    cell: Cell, samples: pd.DataFrame, pool: LabeledPool, trained: "TrainedVerifier"
) -> dict[str, str | float]:
    """What a cell used: solutions, wrong ones (by final answer), step labels, optimizer steps, tokens and seconds of training.

    Args:
        cell: The training.
        samples: The solutions that it trained on.
        pool: The pool with its labels.
        trained: The verifier, with what its fit cost.
    """
    labels = chosen(pool.step_labels, samples)
    return {
        "arm": cell.arm.name,
        "per_problem": cell.per_problem,
        "seed": cell.seed,
        "solutions": len(samples),
        "wrong_answers": int((~samples["is_correct"].fillna(False).astype(bool)).sum()),
        "step_labels": len(labels),
        "optimizer_steps": trained.fit.steps,
        "tokens": trained.fit.tokens,
        "seconds": round(trained.fit.seconds, 2),
    }
