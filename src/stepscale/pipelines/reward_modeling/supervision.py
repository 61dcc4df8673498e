"""Nodes that compare ways to supervise (Lightman et al. 2023, 4): PRM_large labels, small reward models learn.

PRM_large is ``verifiers.large``, or the PRM of the run; those that learn from its labels are the ``verifiers.small`` ones. Here
the labels are made, and what every arm takes of them is chosen; ``arms`` trains.
"""

import logging
from pathlib import Path

import pandas as pd

from stepscale.parameters import ExperimentBlock, VerifierBlock

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

    pool = of_split(problems, solutions, "train")
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
    pool, repeats = of_split(problems, solutions, "train"), range(seed, seed + experiment.design.seeds)
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


def of_split(problems: pd.DataFrame, solutions: pd.DataFrame, split: str) -> pd.DataFrame:
    """The solutions of one split's problems."""
    ids = set(problems.loc[problems["split"] == split, "problem_id"])
    return solutions[solutions["problem_id"].isin(ids)].reset_index(drop=True)
