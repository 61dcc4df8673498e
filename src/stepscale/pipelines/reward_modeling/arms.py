"""Nodes that train and measure the arms of the comparison (Lightman et al. 2023, Figure 4), a verifier a cell.

Every arm trains on the same labels and is measured on the same test samples; each cell (arm, size, seed) is saved as it is
finished, under a name that holds a key of all that made it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from stepscale.labeling.arms import Cell, Experiment, plan
from stepscale.parameters import ExperimentBlock, VerifierBlock
from stepscale.pipelines.reward_modeling.supervision import of_split
from stepscale.pipelines.sampling import MANIFEST, Shards
from stepscale.scaling.points import COLUMNS
from stepscale.verifiers.options import VerifierTraining

if TYPE_CHECKING:
    from stepscale.labeling.experiment import LabelledPool, TestSamples


def train_arms(
    arms: str | None, problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, selections: pd.DataFrame,
    finished: Shards, verifiers: VerifierBlock, experiment: ExperimentBlock | None, seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:  # fmt: skip
    """Every cell of one arm (None: of the ablations): trained, and measured by best-of-N on the test samples.

    Cells in ``finished`` are left out; cells of a small model are trained side by side.
    """
    from stepscale.models.cores import one_a_core
    from stepscale.progress import progress

    if experiment is None or solutions.empty:
        yield {MANIFEST: pd.DataFrame({"shard": []}, dtype="str")}
        return
    wanted = {arm.name for arm in experiment.design.ablations} if arms is None else {arms}
    cells = [cell for cell in plan(experiment.design, seed) if cell.arm.name in wanted]
    taken = [_taken(cell, selections) for cell in cells]
    names = [
        f"{cell.name}-{_key(cell, own, solutions, labels, verifiers, experiment)}"
        for cell, own in zip(cells, taken, strict=True)
    ]
    missing = [place for place, name in enumerate(names) if name not in finished]
    train, test = of_split(problems, solutions, "train"), _test_samples(problems, solutions)
    tasks = [
        (cells[i], _pool_of(cells[i], taken[i], problems, train, labels), test, verifiers, experiment.design)
        for i in missing
    ]
    with progress(f"training {arms or 'ablations'}", len(missing), "verifiers") as bar:
        done = one_a_core(_measured, tasks, verifiers.sized(small=True).base)
        for place, (points, told) in zip(missing, done, strict=True):
            told.track(cells[place].name)
            yield {names[place]: points}
            bar.update()
    yield {MANIFEST: pd.DataFrame({"shard": names})}


def _taken(cell: Cell, selections: pd.DataFrame) -> pd.DataFrame:
    return selections[(selections["arm"] == cell.arm.name) & (selections["seed"] == cell.seed)]


@dataclass
class _Told:
    """What a cell tells MLflow, which runs in the process that began the run: settings, curves, numbers at the end."""

    options: VerifierTraining
    curves: list[tuple[int, dict[str, float]]]
    numbers: dict[str, float]

    def track(self, name: str) -> None:
        """As a child run."""
        from stepscale.tracking import child_run

        with child_run(name, self.options) as run:
            for step, values in self.curves:
                run.on_log(step, values)
            run.metrics(self.numbers)


def _pool_of(
    cell: Cell, taken: pd.DataFrame, problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame
) -> "LabelledPool":
    """What a cell trains on and no more, for it travels to another process."""
    from stepscale.labeling.arms import training_samples
    from stepscale.labeling.experiment import LabelledPool
    from stepscale.labeling.selection import chosen

    samples = training_samples(cell, solutions, taken)
    return LabelledPool(problems[problems["problem_id"].isin(samples["problem_id"])], samples, chosen(labels, samples))


def _test_samples(problems: pd.DataFrame, solutions: pd.DataFrame) -> "TestSamples":
    from stepscale.labeling.experiment import TestSamples

    tested = of_split(problems, solutions, "test")
    return TestSamples(problems[problems["problem_id"].isin(tested["problem_id"])], tested)


def _measured(
    cell: Cell, pool: "LabelledPool", test: "TestSamples", verifiers: VerifierBlock, design: Experiment
) -> tuple[pd.DataFrame, _Told]:
    """A cell's points, and what it tells."""
    from stepscale.cost import Ledger
    from stepscale.labeling.experiment import cell_costs, measure_cell, train_cell
    from stepscale.verifiers.scoring import ModelVerifier

    kind: Literal["prm", "orm"] = "prm" if cell.arm.supervision == "steps" else "orm"
    told = _Told(verifiers.training(kind, cell.seed, small=True), [], {})
    with TemporaryDirectory(prefix="stepscale-arm-") as name:
        base, folder = verifiers.sized(small=True).base, Path(name)
        trained = train_cell(
            cell, pool.solutions, pool, base, told.options, design.least_steps, folder,
            lambda step, values: told.curves.append((step, values)),
        )  # fmt: skip
        verifier = ModelVerifier(folder, cell.name, **verifiers.placement.model_dump())
        points = measure_cell(cell, verifier, test, design.budgets, Ledger())
    used = {k: v for k, v in cell_costs(cell, pool.solutions, pool, trained).items() if isinstance(v, int | float)}
    best = float(points.loc[points["n"] == design.budgets[-1], "accuracy"].mean())
    told.numbers = {**used, "best_of_n": best}
    return points, told


def _key(
    cell: Cell, taken: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, verifiers: VerifierBlock,
    experiment: ExperimentBlock,
) -> str:  # fmt: skip
    """A key of all that makes a cell's points: base, settings, samples with their verdicts, labels, selection."""
    from stepscale.generation.shards import model_key

    settings: list[Any] = [
        cell.arm.model_dump(mode="json"), cell.per_problem, cell.seed, model_key(verifiers.sized(small=True).base),
        verifiers.model_dump(mode="json"), experiment.model_dump(mode="json"),
    ]  # fmt: skip
    digest = blake2b(json.dumps(settings).encode(), digest_size=8)
    shown = solutions[["problem_id", "sample_id", "is_correct"]].astype(str)
    rated = labels[["problem_id", "sample_id", "step", "rating"]].astype(str)
    texts = solutions["steps"].map("\n".join).to_frame()
    for table in (shown, texts, rated, taken[["problem_id", "sample_id", "per_problem"]].astype(str)):
        digest.update(np.ascontiguousarray(pd.util.hash_pandas_object(table, index=False).to_numpy()).tobytes())
    return digest.hexdigest()


def gather_points(*arms: Shards) -> pd.DataFrame:
    """The points of all arms' latest cells; an empty table without an experiment."""
    parts = [arm[name]() for arm in arms for name in arm[MANIFEST]()["shard"]]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
