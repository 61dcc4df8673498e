"""Small verifiers trained and measured, several at once: what the arms of the comparison and the rounds of the loop share.

In: cells, each with what it learns from. Out: a plan of their points (``plan_cells``), or their points and scores of further
samples, in order (``run_cells``). Cells of a small model are trained one per core; MLflow's child runs are written in the
process that began the run.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from stepscale.parameters import VerifierBlock
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash, model_hash
from stepscale.supervision.cells import Cell
from stepscale.supervision.experiment import LabeledPool, TestSamples
from stepscale.supervision.trained_cells import CellLog, CellWork, TrainedCell, train_and_measure


class CellJob(NamedTuple):
    """A cell, all that it learns from (and no more: it may travel to another process), and further solutions to score.

    ``labeled``: samples per problem that were labeled for it, and further ones for its selector.
    """

    cell: Cell
    training_data: LabeledPool
    labeled: tuple[float, float]
    solutions_to_score: TestSamples | None = None


class CellSettings(NamedTuple):
    """What all jobs have in common: the verifiers' settings, the test samples, budgets, optimizer steps at the least."""

    verifiers: VerifierBlock
    test: TestSamples
    budgets: tuple[int, ...]
    least_steps: int

    @property
    def base(self) -> str:
        """The model that every cell trains."""
        return self.verifiers.sized(small=True).base

    def work(self, job: CellJob) -> CellWork:
        """All that makes one job's points.

        Args:
            job: Settings of one training.

        Returns:
            What a worker needs, in one object.
        """
        return CellWork(
            cell=job.cell,
            base=self.base,
            training=self.verifiers.training(job.cell.arm.kind, job.cell.seed, small=True),
            placement=self.verifiers.placement,
            training_data=job.training_data,
            labeled=job.labeled,
            least_steps=self.least_steps,
            test=self.test,
            budgets=self.budgets,
            solutions_to_score=job.solutions_to_score,
        )


def plan_cells(jobs: Sequence[CellJob], settings: CellSettings, purpose: str) -> ShardPlan:
    """The jobs as pieces, one per cell, whose rows are its points; each cell that is trained is a child run.

    Args:
        jobs: One per cell.
        settings: The base that every cell is trained from, and the test samples that every cell is measured on.
        purpose: What the cells are for, in the log.
    """
    test = settings.test
    rated = [] if test.right_steps is None else [pd.DataFrame({"right_steps": test.right_steps})]
    common = {"base": model_hash(settings.base), "test": content_hash(test.problems, test.solutions, *rated)}
    pieces = []
    for job in jobs:
        work = settings.work(job)
        data = job.training_data
        learned_from = content_hash(data.problems, data.solutions, data.step_labels)
        recipe = Recipe.of(
            train_and_measure,
            inputs=common | {"learns": learned_from},
            settings=[
                _settings_of(job.cell),
                work.training,
                work.placement,
                work.labeled,
                work.budgets,
                work.least_steps,
            ],
            seed=job.cell.seed,
        )
        when_made = partial(_log_cell, job.cell, settings.base)
        pieces.append(Piece(job.cell.name, recipe, partial(_points_of, work), when_made=when_made))
    return ShardPlan(purpose, tuple(pieces), unit="verifiers", side_by_side=Path(settings.base))


def run_cells(jobs: Sequence[CellJob], settings: CellSettings) -> Iterator[TrainedCell]:
    """Each job's cell, in the order of the jobs, as soon as it is trained; each is a child run.

    Args:
        jobs: Which trainings.
        settings: How each is trained and measured.
    """
    from stepscale.engine.tasks import run_tasks

    results = run_tasks(train_and_measure, [(settings.work(job),) for job in jobs], settings.base)
    for job, trained in zip(jobs, results, strict=True):
        _log_cell(job.cell, settings.base, trained.log)
        yield trained


def _points_of(work: CellWork) -> Made:
    trained = train_and_measure(work)
    return Made(trained.points, note=trained.log)


def _log_cell(cell: Cell, base: str, log: CellLog) -> None:
    from stepscale.tracking import child_run

    settings = {"base": base, "cell": _settings_of(cell), **log.options.model_dump(mode="json")}
    with child_run(cell.name, settings) as run:
        for step, values in log.curves:
            run.on_log(step, values)
        run.metrics(log.numbers)


def _settings_of(cell: Cell) -> dict[str, Any]:
    return {"arm": cell.arm.model_dump(mode="json"), "per_problem": cell.per_problem, "seed": cell.seed}


def with_problems(problems: pd.DataFrame, solutions: pd.DataFrame) -> TestSamples:
    """Solutions with their problems and no others.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
    """
    return TestSamples(problems[problems["problem_id"].isin(solutions["problem_id"])], solutions)
