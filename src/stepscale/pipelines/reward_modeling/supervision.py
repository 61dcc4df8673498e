"""Nodes that compare ways to supervise (Lightman et al. 2023, 4): PRM_large labels, small reward models learn.

PRM_large is ``verifiers.large``, or the PRM of the run; those that learn from its labels are the ``verifiers.small`` ones.
Every arm trains on the same labels and is measured on the same test samples; each cell (arm, size, seed) is saved as it is
finished, under a name that holds a key of all that made it.
"""

import json
import logging
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from stepscale.labeling.arms import Cell, plan
from stepscale.parameters import ExperimentBlock, VerifierBlock
from stepscale.pipelines.sampling import MANIFEST, Shards
from stepscale.scaling.points import COLUMNS

logger = logging.getLogger(__name__)


def label_by_large_prm(
    prm_model: Path, large_prm_model: Path, problems: pd.DataFrame, solutions: pd.DataFrame, verifiers: VerifierBlock
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Step labels of the experiment's pool by PRM_large, and how far they agree with the symbolic labeler where it can judge."""
    from stepscale.cost import Ledger
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import STEP_LABELS
    from stepscale.labeling.agreement import agreement
    from stepscale.labeling.by_verifier import VerifierLabeler
    from stepscale.labeling.symbolic import label_solutions
    from stepscale.verifiers.scoring import ModelVerifier

    pool = _of_split(problems, solutions, "train")
    if pool.empty:
        return empty(STEP_LABELS), {}
    folder = large_prm_model if verifiers.large else prm_model
    large = ModelVerifier(folder, "prm_large", **verifiers.placement.model_dump())
    labels = VerifierLabeler(large).label(problems, pool, Ledger())
    from_lab = pool["problem_id"].str.startswith("lab-")
    if not from_lab.any():
        return labels, {}
    found = agreement(labels, label_solutions(problems, pool[from_lab]))
    found |= {"n_parameters_large": float(large.parameters), "n_parameters_small": float(_small_parameters(verifiers))}
    logger.info("PRM_large against the symbolic labeler: %s", ", ".join(f"{k} {v:.3f}" for k, v in found.items()))
    return labels, found


def _small_parameters(verifiers: VerifierBlock) -> int:
    from stepscale.models.loading import load_tokenizer
    from stepscale.verifiers.training import load_head

    base = verifiers.sized(small=True).base
    small = load_head(base, load_tokenizer(base), verifiers.training("prm", 0, small=True))
    return sum(parameter.numel() for parameter in small.parameters())


def choose_labelled(
    problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, verifiers: VerifierBlock,
    experiment: ExperimentBlock | None, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """What every arm's selection takes of the pool at every size: arm, seed, problem_id, sample_id, per_problem.

    The selector is trained on one labelled sample a problem (4.2); it scores the whole pool for selections that ask for it.
    """
    from stepscale.labeling.arms import select_all
    from stepscale.labeling.selection import KEY

    if experiment is None or solutions.empty:
        return pd.DataFrame(columns=["arm", "seed", *KEY, "per_problem"])
    pool, repeats = _of_split(problems, solutions, "train"), range(seed, seed + experiment.design.seeds)
    scores = {repeat: _selector_scores(problems, pool, labels, verifiers, repeat) for repeat in repeats}
    return select_all(experiment.design, pool, scores, seed)


def _selector_scores(
    problems: pd.DataFrame, pool: pd.DataFrame, labels: pd.DataFrame, verifiers: VerifierBlock, seed: int
) -> pd.DataFrame:
    """Scores of the pool by PRM_selector, which has seen the labels of one sample a problem."""
    from stepscale.cost import Ledger
    from stepscale.labeling.selection import Uniform, candidates, chosen
    from stepscale.pipelines.scratch import scratch_folder
    from stepscale.tracking import child_run
    from stepscale.verifiers.examples import prm_examples
    from stepscale.verifiers.scores_table import score_solutions
    from stepscale.verifiers.scoring import ModelVerifier
    from stepscale.verifiers.training import train_verifier

    one = chosen(labels, Uniform().select(candidates(pool), 1, seed))
    options, folder = verifiers.training("prm", seed, small=True), scratch_folder("selector")
    with child_run("prm_selector", options) as run:
        base = verifiers.sized(small=True).base
        trained = train_verifier(base, prm_examples(problems, one), options, folder, on_log=run.on_log)
        run.metrics(trained.numbers())
    selector = ModelVerifier(folder, "prm_selector", **verifiers.placement.model_dump())
    return score_solutions(selector, problems, pool, Ledger())


def train_arms(
    arms: str | None, problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame, selections: pd.DataFrame,
    finished: Shards, verifiers: VerifierBlock, experiment: ExperimentBlock | None, seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:  # fmt: skip
    """Every cell of one arm (None: of the ablations): trained, and measured by best-of-N on the test samples.

    Cells in ``finished`` are left out.
    """
    from stepscale.progress import progress

    if experiment is None or solutions.empty:
        yield {MANIFEST: pd.DataFrame({"shard": []}, dtype="str")}
        return
    wanted = {arm.name for arm in experiment.design.ablations} if arms is None else {arms}
    cells = [cell for cell in plan(experiment.design, seed) if cell.arm.name in wanted]
    names = []
    with progress(f"training {arms or 'ablations'}", len(cells), "verifiers") as bar:
        for cell in cells:
            taken = selections[(selections["arm"] == cell.arm.name) & (selections["seed"] == cell.seed)]
            name = f"{cell.name}-{_key(cell, taken, solutions, labels, verifiers, experiment)}"
            if name not in finished:
                yield {name: _points(cell, taken, problems, solutions, labels, verifiers, experiment)}
            names.append(name)
            bar.update()
    yield {MANIFEST: pd.DataFrame({"shard": names})}


def _points(
    cell: Cell, taken: pd.DataFrame, problems: pd.DataFrame, solutions: pd.DataFrame, labels: pd.DataFrame,
    verifiers: VerifierBlock, experiment: ExperimentBlock,
) -> pd.DataFrame:  # fmt: skip
    from stepscale.cost import Ledger
    from stepscale.labeling.arms import training_samples
    from stepscale.labeling.experiment import LabelledPool, TestSamples, cell_costs, measure_cell, train_cell
    from stepscale.pipelines.scratch import scratch_folder
    from stepscale.tracking import child_run
    from stepscale.verifiers.scoring import ModelVerifier

    pool = LabelledPool(problems, _of_split(problems, solutions, "train"), labels)
    tested = _of_split(problems, solutions, "test")
    test = TestSamples(problems[problems["problem_id"].isin(set(tested["problem_id"]))], tested)
    samples = training_samples(cell, pool.solutions, taken)
    kind: Literal["prm", "orm"] = "prm" if cell.arm.supervision == "steps" else "orm"
    options, folder = verifiers.training(kind, cell.seed, small=True), scratch_folder("arm")
    design = experiment.design
    with child_run(cell.name, options) as run:
        base = verifiers.sized(small=True).base
        trained = train_cell(cell, samples, pool, base, options, design.least_steps, folder, run.on_log)
        verifier = ModelVerifier(folder, cell.name, **verifiers.placement.model_dump())
        points = measure_cell(cell, verifier, test, design.budgets, Ledger())
        used = {k: v for k, v in cell_costs(cell, samples, pool, trained).items() if isinstance(v, int | float)}
        run.metrics({**used, "best_of_n": float(points.loc[points["n"] == design.budgets[-1], "accuracy"].mean())})
    return points


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


def _of_split(problems: pd.DataFrame, solutions: pd.DataFrame, split: str) -> pd.DataFrame:
    ids = set(problems.loc[problems["split"] == split, "problem_id"])
    return solutions[solutions["problem_id"].isin(ids)].reset_index(drop=True)
