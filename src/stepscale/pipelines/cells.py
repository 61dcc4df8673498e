"""Small verifiers trained and measured, several at once: what the arms of the comparison and the rounds of the loop share.

In: cells, each with what it learns from. Out: their points and, where asked for, their scores of further samples, in order.
Cells of a small model are trained one per core; MLflow's child runs are written here, in the process that began the run.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, NamedTuple

import pandas as pd

from stepscale.parameters import VerifierBlock
from stepscale.supervision.arms import Cell
from stepscale.supervision.experiment import LabelledPool, TestSamples
from stepscale.verifiers.options import VerifierTraining


class Job(NamedTuple):
    """A cell, all that it learns from (and no more: it may travel to another process), and solutions to score besides.

    ``labelled``: samples per problem that were labelled for it, and further ones for its selector.
    """

    cell: Cell
    learns: LabelledPool
    labelled: tuple[float, float]
    scores: TestSamples | None = None


class Measures(NamedTuple):
    """What all jobs have in common: the verifiers' settings, the test samples, budgets, optimizer steps at the least."""

    verifiers: VerifierBlock
    test: TestSamples
    budgets: tuple[int, ...]
    least_steps: int


class CellResult(NamedTuple):
    """A cell's points on the test samples, and a verifier's score table if one was asked for."""

    points: pd.DataFrame
    scores: pd.DataFrame | None


class TrainingLog(NamedTuple):
    """What MLflow is told of a cell's training."""

    options: VerifierTraining
    curves: list[tuple[int, dict[str, float]]]
    numbers: dict[str, float]


def run_cells(jobs: Sequence[Job], measures: Measures) -> Iterator[CellResult]:
    """Each job's result, in the order of the jobs, as soon as it is there; each is a child run."""
    from stepscale.engine.cores import one_a_core

    base = measures.verifiers.sized(small=True).base
    results = one_a_core(train_and_measure, [(job, measures) for job in jobs], base)
    for job, (result, log) in zip(jobs, results, strict=True):
        log_training(job.cell, log)
        yield result


def log_training(cell: Cell, log: TrainingLog) -> None:
    """A child run of MLflow for a cell: its settings, learning curves and numbers."""
    from stepscale.tracking import child_run

    shown = {"arm": cell.arm.model_dump(mode="json"), "per_problem": cell.per_problem, "seed": cell.seed}
    with child_run(cell.name, {"cell": shown, **log.options.model_dump(mode="json")}) as run:
        for step, values in log.curves:
            run.on_log(step, values)
        run.metrics(log.numbers)


def train_and_measure(job: Job, measures: Measures) -> tuple[CellResult, TrainingLog]:
    """One job, here."""
    from stepscale.cost import Ledger
    from stepscale.supervision.experiment import cell_costs, measure_cell, train_cell
    from stepscale.verifiers.scores_table import score_solutions
    from stepscale.verifiers.scoring import ModelVerifier

    cell, verifiers = job.cell, measures.verifiers
    kind: Literal["prm", "orm"] = "prm" if cell.arm.supervision == "steps" else "orm"
    curves: list[tuple[int, dict[str, float]]] = []
    with TemporaryDirectory(prefix="stepscale-cell-") as name:
        trained = train_cell(
            cell,
            job.learns.solutions,
            job.learns,
            verifiers.sized(small=True).base,
            verifiers.training(kind, cell.seed, small=True),
            measures.least_steps,
            Path(name),
            lambda step, values: curves.append((step, values)),
        )
        verifier = ModelVerifier(Path(name), cell.name, **verifiers.placement.model_dump())
        points = measure_cell(cell, verifier, measures.test, measures.budgets, job.labelled, Ledger())
        more = job.scores
        scores = score_solutions(verifier, more.problems, more.solutions, Ledger()) if more else None
    costs = cell_costs(cell, job.learns.solutions, job.learns, trained)
    numbers = {key: float(value) for key, value in costs.items() if isinstance(value, int | float)}
    reached = points[["n", "accuracy"]].groupby("n")["accuracy"].mean()
    numbers |= {f"best_of_{n}": float(accuracy) for n, accuracy in reached.items()}
    return CellResult(points, scores), TrainingLog(trained.config, curves, numbers)


def with_problems(problems: pd.DataFrame, solutions: pd.DataFrame) -> TestSamples:
    """Solutions with their problems and no others."""
    return TestSamples(problems[problems["problem_id"].isin(solutions["problem_id"])], solutions)
