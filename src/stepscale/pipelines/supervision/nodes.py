"""Nodes that compare ways to supervise (Lightman et al. 2023, 4): PRM_large labels, small reward models learn.

PRM_large is ``verifiers.large``, or the PRM of the run; those that learn from its labels are the ``verifiers.small`` ones.
This file makes the labels and chooses which of them every arm gets; ``arms`` trains.
"""

import logging
from pathlib import Path
from typing import Any, TypedDict

import pandas as pd

from stepscale.formats.splits import of_split
from stepscale.parameters import ExperimentBlock, VerifierBlock
from stepscale.pipelines.judging import Judged, judge, without_bounds

logger = logging.getLogger(__name__)


class LabelsByLarge(TypedDict):
    """Step labels by PRM_large, and how far they agree with others, by measure."""

    labels: pd.DataFrame
    agreement: dict[str, float]


def label_by_large_prm(
    large_prm_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    pool_solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    verifiers: VerifierBlock,
) -> LabelsByLarge:
    """Step labels of the experiment's pool by PRM_large; how far it agrees with the labeler it learned from, and its noise.

    Agreement is that on the validation problems of the labeled pool, none of which it learned from. The noise is that of
    final answers as outcome labels of the experiment's pool, PRM_large's verdicts being the truth.

    Args:
        large_prm_model: Folder of PRM_large.
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        pool_solutions: Solutions of the labeled pool, a row per sample.
        step_labels: Step labels of the pool, a row per rated step.
        verifiers: Where PRM_large runs, and the base of the small verifiers.
    """
    from stepscale.cost import Ledger
    from stepscale.labeling.agreement import agreement, with_final_errors
    from stepscale.labeling.by_verifier import VerifierLabeler
    from stepscale.supervision.outcomes import judged_by_steps, outcome_noise
    from stepscale.tracking import child_run
    from stepscale.verifiers.open_verifier import open_verifier

    pool = of_split(problems, solutions, "train")
    large, ledger = open_verifier(large_prm_model, "prm_large", verifiers.placement), Ledger()
    labeler = VerifierLabeler(large)
    labels = labeler.label(problems, pool, ledger)
    unseen, reference = with_final_errors(
        of_split(problems, pool_solutions, "valid"), of_split(problems, step_labels, "valid")
    )
    measured = agreement(labeler.label(problems, unseen, ledger), reference) if len(reference) else {}
    noise = outcome_noise(pool, judged_by_steps(pool, labels))
    measured |= {f"final_answer_{name}": value for name, value in noise.items()}
    measured |= {
        "n_parameters_large": float(large.parameters),
        "n_parameters_small": float(_small_parameters(verifiers)),
    }
    with child_run("labels by PRM_large", {"threshold": labeler.threshold}) as run:
        run.metrics({name: value for name, value in measured.items() if value == value} | {"tokens": ledger.tokens})
    logger.info("PRM_large on problems it never saw: %s", without_bounds(measured))
    return {"labels": labels, "agreement": measured}


def _small_parameters(verifiers: VerifierBlock) -> int:
    from stepscale.engine.loading import load_tokenizer
    from stepscale.verifiers.heads import load_head

    base = verifiers.sized(small=True).base
    small = load_head(base, load_tokenizer(base), verifiers.training("prm", 0, small=True))
    return sum(parameter.numel() for parameter in small.parameters())


def evaluate_large_prm(
    large_prm_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    verifiers: VerifierBlock,
) -> dict[str, Any]:
    """How PRM_large judges steps of validation problems, which it has not learned from.

    Args:
        large_prm_model: Folder of PRM_large.
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        step_labels: Step labels of the pool, a row per rated step.
        verifiers: Where PRM_large runs.
    """
    from stepscale.verifiers.examples import prm_examples
    from stepscale.verifiers.first_error_examples import first_error_examples

    labels = of_split(problems, step_labels, "valid")
    prm_large = Judged("prm_large", "prm", large_prm_model, prm_examples(problems, labels))
    metrics, _, _ = judge([prm_large], first_error_examples(problems, solutions, labels), verifiers.placement)
    return metrics


def choose_labeled(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    labels: pd.DataFrame,
    verifiers: VerifierBlock,
    experiment: ExperimentBlock,
    seed: int,
) -> pd.DataFrame:
    """What every arm's selection takes of the pool at every size: arm, seed, problem_id, sample_id, per_problem.

    The selector is trained on one labeled sample per problem (4.2), like that cell of the process arm. It scores the whole pool
    for selections that need scores.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        labels: Step labels, a row per rated step.
        verifiers: How the selector is trained.
        experiment: Arms, sizes, seeds, and the least number of optimizer steps.
        seed: The run's seed.
    """
    from stepscale.supervision.cells import select_all

    pool, repeats = of_split(problems, solutions, "train"), range(seed, seed + experiment.design.seeds)
    least = experiment.design.least_steps
    scores = {repeat: _selector_scores(problems, pool, labels, verifiers, least, repeat) for repeat in repeats}
    return select_all(experiment.design, pool, scores, seed)


def _selector_scores(
    problems: pd.DataFrame,
    pool: pd.DataFrame,
    labels: pd.DataFrame,
    verifiers: VerifierBlock,
    least_steps: int,
    seed: int,
) -> pd.DataFrame:
    """Scores of the pool by PRM_selector, which has seen the labels of one sample per problem."""
    from stepscale.cost import Ledger
    from stepscale.scratch import scratch_folder
    from stepscale.supervision.cells import selector_cell, selector_samples
    from stepscale.supervision.experiment import LabeledPool, cell_training, train_cell
    from stepscale.supervision.selection import candidates, chosen
    from stepscale.tracking import child_run
    from stepscale.verifiers.open_verifier import open_verifier
    from stepscale.verifiers.scores_table import score_solutions

    cell, keys = selector_cell(seed), selector_samples(candidates(pool), seed)
    samples, options = chosen(pool, keys), verifiers.training("prm", seed, small=True)
    folder = scratch_folder("selector")
    learns = LabeledPool(problems, pool, chosen(labels, keys))
    base, training = verifiers.sized(small=True).base, cell_training(cell, options, len(samples), least_steps)
    with child_run("prm_selector", {"base": base} | training.model_dump(mode="json")) as run:
        run.dataset("prm_selector_labels", learns.step_labels, "training")
        trained = train_cell(cell, samples, learns, base, options, least_steps, folder, run.on_log)
        run.metrics(trained.numbers())
    selector = open_verifier(folder, "prm_selector", verifiers.placement)
    return score_solutions(selector, problems, pool, Ledger())
