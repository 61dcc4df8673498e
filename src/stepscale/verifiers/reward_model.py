"""One call that trains a reward model on labeled steps of a file or a hub data set, and measures it.

In: a base model, a data set of a known format, how to train. Out: a folder that transformers, StepScale and others load,
with a card that says how well it judges. TRL's PRMTrainer did this up to TRL 1.13 (docs/how_to/move_from_trl.md).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats import ReadableFormat, Tables, read, tables
from stepscale.formats.output import checked_output, make_folder
from stepscale.formats.source import with_generated
from stepscale.formats.source_files import Source
from stepscale.opening import checked_folder
from stepscale.training.callbacks import OnLog
from stepscale.training.fit import is_first_process
from stepscale.verifiers.evaluation import evaluate, evaluate_on_processbench
from stepscale.verifiers.examples import Example, holds_values, neutral_as, orm_examples, prm_examples
from stepscale.verifiers.one_kind import tell_of_one_kind
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.scoring import ModelVerifier
from stepscale.verifiers.training import TrainedVerifier, fit_verifier


@dataclass(frozen=True)
class RewardModel:
    """A trained reward model.

    Attributes:
        folder: Where it was saved; ``stepscale.load_verifier`` and transformers open it.
        trained: What the training learned from and cost.
        metrics: How well it judges the validation examples, and each part of ProcessBench; by name.
    """

    folder: Path
    trained: TrainedVerifier
    metrics: dict[str, float]


def train_reward_model(
    base: str | Path,
    data: Source | Tables,
    output: str | Path,
    training: VerifierTraining,
    *,
    format: ReadableFormat = "trl_stepwise",
    reader_options: Mapping[str, Any] | None = None,
    validation: Source | Tables | None = None,
    processbench: Source | Tables | None = None,
    on_log: OnLog | None = None,
) -> RewardModel:
    """Train a process or an outcome reward model.

    Under ``accelerate launch`` every process calls this; the first one saves and measures.

    Args:
        base: Folder or hub name of any causal language model that transformers classifies tokens with.
        data: A file, a folder, ``hf://owner/name``, or tables that are read already.
        output: Folder to save into.
        training: Kind, layout, which weights, optimization. ``training.validation_share`` of the problems is kept from
            training where no ``validation`` is given.
        format: How ``data`` and ``validation`` are written: ``trl_stepwise``, ``prm800k``, ``math_shepherd``, ...
        reader_options: Options of that format, such as ``{"split": "train"}``.
        validation: Further examples in the same format, for the validation loss and the metrics.
        processbench: Solutions with their first wrong step (Zheng et al. 2024); the model names it.
        on_log: Receives the learning curves as (step, numbers).

    Returns:
        The model's folder, with what it learned from and how well it judges.

    Raises:
        InputError: The data cannot be read or hold no label of this kind or labels of both kinds; the base does not fit the
            settings, or ``output`` cannot be written to.
    """
    if not isinstance(training, VerifierTraining):
        raise InputError(f"training is a {type(training).__name__}; give a stepscale.verifiers.VerifierTraining")
    if not isinstance(reader_options, Mapping | None) or not all(
        isinstance(name, str) for name in reader_options or ()
    ):
        raise InputError(f"reader_options is {reader_options!r:.60}; give a mapping, such as {{'split': 'train'}}")
    if on_log is not None and not callable(on_log):
        raise InputError(f"on_log is {on_log!r:.60}; give a function of a step and its numbers")
    base = checked_folder(base)
    folder, options = _output_folder(output, base), dict(reader_options or {})
    benchmark = None if processbench is None else _tables(processbench, "processbench", {})
    share = training.validation_share if validation is None else 0.0
    training = training.model_copy(update={"validation_share": share})
    examples = _examples(data, format, options, training)
    further = [] if validation is None else _examples(validation, format, options, training)
    tell_of_one_kind("training", examples, training.kind)
    trained = fit_verifier(base, examples, training, folder, on_log, further)
    if not is_first_process():
        return RewardModel(folder, trained, {})
    tell_of_one_kind("validation", trained.validation, training.kind)
    verifier = ModelVerifier(folder)
    metrics = _judged(verifier, trained)
    if benchmark is not None:
        metrics |= evaluate_on_processbench(verifier, benchmark)
    trained.write_card(base, metrics)
    return RewardModel(folder, trained, metrics)


def _output_folder(output: str | Path, base: str | Path) -> Path:
    """The folder to save into, made before the training begins."""
    folder = checked_output(output)
    if os.path.exists(folder) and os.path.exists(base) and os.path.samefile(folder, base):
        raise InputError(f"{folder}: the trained model would overwrite its base; give another folder to save into")
    make_folder(folder, str(folder), "give the name of a folder to save into")
    return folder


def _tables(source: Source | Tables, format: ReadableFormat, options: Mapping[str, Any]) -> Tables:
    if not isinstance(source, Tables):
        return read(source, format, **options)
    return replace(
        source,
        problems=tables.problems(source.problems),
        solutions=tables.solutions(source.solutions),
        step_labels=tables.step_labels(source.step_labels),
    )


def _examples(
    source: Source | Tables, format: ReadableFormat, options: Mapping[str, Any], training: VerifierTraining
) -> list[Example]:
    tables = _tables(source, format, options)
    if training.kind == "orm":
        # records of PRM800K alone end before their errors
        to_first_error = format == "prm800k" and not isinstance(source, Tables)
        solutions = with_generated(tables) if to_first_error else tables.solutions
        return orm_examples(tables.problems, solutions)
    soft = training.kind == "soft_prm"
    _check_labels(tables.step_labels, soft)
    return prm_examples(tables.problems, tables.step_labels, soft=soft, after_error=training.after_error)


def _check_labels(step_labels: pd.DataFrame, soft: bool) -> None:
    """Refuse labels of the other kind, which the training would leave out silently."""
    if not soft and holds_values(step_labels):
        raise InputError("the labels are values and no ratings; train kind: soft_prm on them")
    if soft and step_labels["value"].isna().all():
        raise InputError("the labels are ratings and no values; train kind: prm on them")
    learned, ignored = ("value", "rating") if soft else ("rating", "value")
    n_other = int((step_labels[learned].isna() & step_labels[ignored].notna()).sum())
    if n_other:
        raise InputError(
            f"{n_other} of {len(step_labels)} steps have a {ignored} and no {learned}; give every label as a {learned}, or leave "
            "those solutions out"
        )


def _judged(verifier: ModelVerifier, trained: TrainedVerifier) -> dict[str, float]:
    if not trained.validation:
        return {}
    examples = trained.validation
    if trained.config.kind == "prm":
        examples = neutral_as(examples, trained.config.neutral)
    metrics, _, _ = evaluate(verifier, trained.config.kind, examples)
    return metrics
