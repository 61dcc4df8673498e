"""Nodes that train and measure the arms of the comparison (Lightman et al. 2023, Figure 4), a verifier a cell.

Every arm trains on the same labels and is measured on the same test samples; each cell (arm, size, seed) is saved as it is
finished, under a name that holds a key of all that made it.
"""

import json
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from stepscale.parameters import ExperimentBlock, VerifierBlock
from stepscale.pipelines.cells import Job, Measures, asked_of, run_cells
from stepscale.pipelines.sampling import MANIFEST, Shards
from stepscale.pipelines.supervision.nodes import of_split
from stepscale.supervision.arms import Cell, labelled_counts, plan, training_samples
from stepscale.supervision.experiment import LabelledPool
from stepscale.supervision.points import COLUMNS
from stepscale.supervision.selection import chosen


def train_arms(
    arms: str | None,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    labels: pd.DataFrame,
    selections: pd.DataFrame,
    finished: Shards,
    verifiers: VerifierBlock,
    experiment: ExperimentBlock | None,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Every cell of one arm (None: of the ablations): trained, and measured by best-of-N on the test samples.

    Cells in ``finished`` are left out; cells of a small model are trained side by side.
    """
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
    train = of_split(problems, solutions, "train")
    counts = {cell: labelled_counts(cell, selections) for cell in cells}
    n_problems = max(1, train["problem_id"].nunique())
    jobs = [
        Job(cells[i], _learnt(cells[i], taken[i], problems, train, labels), _shares(counts[cells[i]], n_problems))
        for i in missing
    ]
    test = asked_of(problems, of_split(problems, solutions, "test"))
    measures = Measures(verifiers, test, experiment.design.budgets, experiment.design.least_steps)
    with progress(f"training {arms or 'ablations'}", len(jobs), "verifiers") as bar:
        for place, found in zip(missing, run_cells(jobs, measures), strict=True):
            yield {names[place]: found.points}
            bar.update()
    yield {MANIFEST: pd.DataFrame({"shard": names})}


def _shares(counts: tuple[int, int], n_problems: int) -> tuple[float, float]:
    return counts[0] / n_problems, counts[1] / n_problems


def _taken(cell: Cell, selections: pd.DataFrame) -> pd.DataFrame:
    return selections[(selections["arm"] == cell.arm.name) & (selections["seed"] == cell.seed)]


def _learnt(
    cell: Cell, taken: pd.DataFrame, problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame
) -> LabelledPool:
    samples = training_samples(cell, solutions, taken)
    return LabelledPool(problems[problems["problem_id"].isin(samples["problem_id"])], samples, chosen(labels, samples))


def _key(
    cell: Cell,
    taken: pd.DataFrame,
    solutions: pd.DataFrame,
    labels: pd.DataFrame,
    verifiers: VerifierBlock,
    experiment: ExperimentBlock,
) -> str:
    """A key of all that makes a cell's points: base, settings, samples with their verdicts, labels, selection."""
    from stepscale.generation.shards import model_key

    settings: list[Any] = [
        cell.arm.model_dump(mode="json"),
        cell.per_problem,
        cell.seed,
        model_key(verifiers.sized(small=True).base),
        verifiers.model_dump(mode="json"),
        experiment.model_dump(mode="json"),
    ]
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
