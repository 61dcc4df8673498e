"""Nodes of reward_modeling. Heavy libraries are imported where they are used."""

import logging
from pathlib import Path
from typing import Any, Literal, TypedDict

import pandas as pd

from stepscale.errors import InputError
from stepscale.formats.splits import of_split
from stepscale.parameters import FileSource, VerifierBlock
from stepscale.pipelines.judging import Judged, judge
from stepscale.scratch import scratch_folder
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.ready import ReadyPRM

logger = logging.getLogger(__name__)

_PURPOSES: dict[str, Literal["training", "validation"]] = {"train": "training", "valid": "validation"}

_SPLITS = ("train", "valid")  # splits: of the second, the validation loss alone


class VerifierQuality(TypedDict):
    """Metrics by verifier, calibration tables, and metrics by the position of the step."""

    metrics: dict[str, Any]
    calibration: pd.DataFrame
    positions: pd.DataFrame


def train_prm(problems: pd.DataFrame, step_labels: pd.DataFrame, verifiers: VerifierBlock, seed: int) -> Path:
    """A process reward model: a rating after each step's last token (Lightman et al. 2023, 2.6).

    Where the labels are values alone it is a soft one: binary cross entropy on the value there (Snell et al. 2024, D). Where
    the parameters name a ready PRM, it is that one.

    Args:
        problems: Problems of all splits, a row per problem.
        step_labels: Step labels of the pool, a row per rated step.
        verifiers: The base and how it is trained, or a ready PRM.
        seed: The run's seed.
    """
    from stepscale.verifiers.examples import holds_values, prm_examples

    if verifiers.ready_prm:
        return take_prm(verifiers)
    options, soft = verifiers.training("prm", seed), holds_values(step_labels)
    if soft:
        options = options.model_copy(update={"kind": "soft_prm"})
    examples = {
        split: prm_examples(
            problems, of_split(problems, step_labels, split), soft=soft, after_error=options.after_error
        )
        for split in _SPLITS
    }
    return _train("prm", verifiers.base, options, examples)


def take_prm(verifiers: VerifierBlock) -> Path:
    """A ready PRM, in place of one trained here.

    Args:
        verifiers: A ready PRM.

    Raises:
        InputError: The parameters name none.
    """
    from stepscale.verifiers.open_verifier import ready_prm_folder

    return ready_prm_folder(named_prm(verifiers), scratch_folder("prm"))


def named_prm(verifiers: VerifierBlock) -> ReadyPRM:
    """The PRM that is taken as it is.

    Args:
        verifiers: A ready PRM.

    Raises:
        InputError: The parameters name none.
    """
    if verifiers.ready_prm is None:
        raise InputError(
            "verifiers: no PRM is named that is ready; give verifiers.server or verifiers.public, or "
            "verifiers.generative"
        )
    return verifiers.ready_prm


def train_or_reuse_large_prm(
    prm_model: Path, problems: pd.DataFrame, step_labels: pd.DataFrame, verifiers: VerifierBlock, seed: int
) -> Path:
    """PRM_large: trained from a base of its own (Lightman et al. 2023, 4.1), or the run's PRM.

    Args:
        prm_model: Folder of the PRM.
        problems: Problems of all splits, a row per problem.
        step_labels: Step labels of the pool, a row per rated step.
        verifiers: The base of PRM_large and how it is trained; without one the PRM serves.
        seed: The run's seed.
    """
    from stepscale.verifiers.examples import prm_examples

    if verifiers.large is None:
        return prm_model
    options = verifiers.large_training(seed)
    examples = {
        split: prm_examples(problems, of_split(problems, step_labels, split), after_error=options.after_error)
        for split in _SPLITS
    }
    return _train("prm_large", verifiers.large.base, options, examples)


def train_orm(problems: pd.DataFrame, solutions: pd.DataFrame, verifiers: VerifierBlock, seed: int) -> Path:
    """An outcome reward model: right or not, on every token of the same solutions (Lightman et al. 2023, 2.5).

    Args:
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        verifiers: The base, and how it is trained.
        seed: The run's seed.
    """
    from stepscale.verifiers.examples import orm_examples

    examples = {split: orm_examples(problems, of_split(problems, solutions, split)) for split in _SPLITS}
    if len(outcomes := {example.targets[-1] for example in examples["train"]}) == 1:
        logger.warning(
            "every solution that the ORM learns from is %s",
            "right, so it cannot tell right from wrong: give wrong ones too (PRM800K's phase 2 holds them)"
            if outcomes.pop()
            else "wrong, so it cannot tell right from wrong: draw more samples per problem (pool.train.per_problem), or give "
            "easier problems or a better prompt",
        )
    return _train("orm", verifiers.base, verifiers.training("orm", seed), examples)


def _train(name: str, base: str, options: VerifierTraining, examples: dict[str, list[Any]]) -> Path:
    """The folder of a verifier fitted to the training problems' examples, its loss measured on the validation problems'."""
    from stepscale.tracking import child_run
    from stepscale.verifiers.one_kind import tell_of_one_kind
    from stepscale.verifiers.positions import balance
    from stepscale.verifiers.training import train_verifier

    if options.kind != "orm":  # of which ``train_orm`` tells, with what to do
        for split, purpose in _PURPOSES.items():
            tell_of_one_kind(purpose, examples[split], options.kind)
    folder = scratch_folder(name)
    with child_run(name, {"base": base} | options.model_dump(mode="json")) as run:
        train, valid = (examples[split] for split in _SPLITS)
        run.dataset(f"{name}_examples", train, "training")
        run.dataset(f"{name}_validation_examples", valid, "validation")
        trained = train_verifier(base, train, options, folder, run.on_log, valid)
        shares = {f"train.{key}": value for key, value in balance(options.kind, train).items()}
        run.metrics(trained.numbers() | shares)
        run.folder(folder, "model")
    numbers = trained.fit
    logger.info(
        "%s: %d examples, %d tokens in %.0f s (%.0f tokens/s)",
        name,
        trained.n_rows,
        numbers.tokens,
        numbers.seconds,
        numbers.tokens_per_second,
    )
    return folder


def evaluate_verifiers(
    prm_model: Path,
    orm_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    verifiers: VerifierBlock,
) -> VerifierQuality:
    """How PRM and ORM judge solutions of validation problems, which no training saw: metrics, calibration, step positions.

    A PRM is tested on steps and their alternatives, and on finding the first error of whole solutions. A soft PRM is
    tested at every step against the outcome of the solution, which is one draw of the value that it predicts.

    Args:
        prm_model: Folder of the PRM.
        orm_model: Folder of the ORM.
        problems: Problems of all splits, a row per problem.
        solutions: Solutions, a row per solution.
        step_labels: Step labels of the pool, a row per rated step.
        verifiers: Where verifiers run, what neutral counts as, and where ProcessBench is.
    """
    from stepscale.verifiers.examples import holds_values, neutral_as, orm_examples, prm_examples
    from stepscale.verifiers.first_error_examples import first_error_examples

    labels = of_split(problems, step_labels, "valid")
    graded = orm_examples(problems, of_split(problems, solutions, "valid"))
    whole_solutions = first_error_examples(problems, solutions, labels)
    if holds_values(step_labels):
        prm = Judged("prm", "soft_prm", prm_model, graded)
    else:
        prm = Judged("prm", "prm", prm_model, neutral_as(prm_examples(problems, labels), verifiers.prm.neutral))
    metrics, calibration, positions = judge(
        [prm, Judged("orm", "orm", orm_model, graded)], whole_solutions, verifiers.placement
    )
    if verifiers.processbench:
        metrics["prm"] |= _on_processbench(prm_model, verifiers.processbench, verifiers)
    return {"metrics": metrics, "calibration": calibration, "positions": positions}


def _on_processbench(prm_model: Path, source: FileSource, verifiers: VerifierBlock) -> dict[str, float]:
    from stepscale.formats.read_once import read_benchmark
    from stepscale.verifiers.evaluation import evaluate_on_processbench
    from stepscale.verifiers.open_verifier import open_verifier

    verifier = open_verifier(prm_model, "prm", verifiers.placement)
    metrics = evaluate_on_processbench(verifier, read_benchmark(source.path, source.format, source.options))
    logger.info("prm on ProcessBench: mean F1 %.3f", metrics["processbench.mean_f1"])
    return metrics
