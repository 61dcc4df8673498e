"""Nodes of the data loop that label: by the lab, by people, by rollouts of the generator, or by PRM_large.

To choose and to label are nodes of their own, so that people can label between two commands; ``loop.labeler`` says who rates.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.labeling.contract import Labeler
from stepscale.parameters import LoopSettings
from stepscale.pipelines.active_learning.labelers import open_for_loop
from stepscale.supervision.selection import chosen

logger = logging.getLogger(__name__)

NO_LABELS = pd.DataFrame(columns=[*SOLUTION_KEY])
"""Empty label table that round 0 starts from."""


def label(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    samples: pd.DataFrame,
    generator_model: Path,
    settings: LoopSettings,
    labels: pd.DataFrame = NO_LABELS,
) -> pd.DataFrame:
    """The step labels so far with those of ``samples``, by the lab, people or rollouts; none is labeled twice.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        samples: The samples to label, a row per sample.
        generator_model: Folder of the generator.
        settings: The labeler of the loop, and the generator that rollouts need.
        labels: The step labels so far, a row per rated step.
    """
    return _with_new(labels, problems, chosen(solutions, samples), lambda: open_for_loop(generator_model, settings))


def label_by_prm(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    samples: pd.DataFrame,
    large_prm_model: Path,
    settings: LoopSettings,
    labels: pd.DataFrame = NO_LABELS,
) -> pd.DataFrame:
    """As ``label``, by PRM_large.

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        samples: The samples to label, a row per sample.
        large_prm_model: Folder of PRM_large.
        settings: Where PRM_large runs, and how its scores become ratings.
        labels: The step labels so far, a row per rated step.
    """
    return _with_new(labels, problems, chosen(solutions, samples), lambda: _large_prm(large_prm_model, settings))


def _large_prm(folder: Path, settings: LoopSettings) -> Labeler:
    from stepscale.labeling.by_verifier import VerifierLabeler
    from stepscale.labeling.options import ByLargePRM
    from stepscale.verifiers.open_verifier import open_verifier

    labeler = settings.loop.labeler
    if not isinstance(labeler, ByLargePRM):
        raise InputError(
            f"loop.labeler: {labeler.kind} labels in the pipeline data_loop; run it in the place of data_loop_by_prm, or set "
            "loop.labeler to prm_large"
        )
    verifier = open_verifier(folder, labeler.kind, settings.verifiers.placement)
    return VerifierLabeler(verifier, labeler.threshold)


def _with_new(
    labels: pd.DataFrame, problems: pd.DataFrame, samples: pd.DataFrame, open_labeler: Callable[[], Labeler]
) -> pd.DataFrame:
    """The labels, and after them those of the samples; the labeler is opened only if there are any."""
    from stepscale.cost import Ledger

    if samples.empty:
        return labels
    ledger, labeler = Ledger(), open_labeler()
    new_labels = _one_voice(labeler.label(problems, samples.reset_index(drop=True), ledger)).reset_index(drop=True)
    logger.info(
        "the loop: %s labeled %d of %d more samples, %d steps, %d tokens read or written",
        labeler.name,
        len(new_labels[SOLUTION_KEY].drop_duplicates()),
        len(samples),
        len(new_labels),
        ledger.tokens,
    )
    return new_labels if labels.empty else pd.concat([labels, new_labels], ignore_index=True)


def _one_voice(labels: pd.DataFrame) -> pd.DataFrame:
    """Of several people who labeled a solution the first: a sample counts as one label, and its verdict is one labeler's."""
    names = labels["labeler"].fillna("")
    first = names.groupby([labels[name] for name in SOLUTION_KEY]).transform("first")
    return labels[names == first]
