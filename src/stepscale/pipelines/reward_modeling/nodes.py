"""Nodes of reward_modeling. Heavy libraries are imported where they are used."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.labeling.options import RolloutOptions
from stepscale.parameters import VerifierBlock
from stepscale.pipelines.supervision.nodes import of_split, without_bounds
from stepscale.scratch import scratch_folder
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.saved import Kind

logger = logging.getLogger(__name__)

_LEARNT = ("train", "valid")  # splits: of the second, the validation loss alone


def train_prm(problems: pd.DataFrame, step_labels: pd.DataFrame, config: VerifierBlock, seed: int) -> Path:
    """A process reward model: a rating after each step's last token (Lightman et al. 2023, 2.6).

    Where the labels are values alone it is a soft one: binary cross entropy on the value there (Snell et al. 2024, D).
    """
    from stepscale.verifiers.examples import holds_values, prm_examples

    options, soft = config.training("prm", seed), holds_values(step_labels)
    if soft:
        options = options.model_copy(update={"kind": "soft_prm"})
    examples = {split: prm_examples(problems, of_split(problems, step_labels, split), soft=soft) for split in _LEARNT}
    return _train("prm", config.base, options, examples)


def train_large_prm(problems: pd.DataFrame, step_labels: pd.DataFrame, config: VerifierBlock, seed: int) -> Path:
    """PRM_large of a base of its own (Lightman et al. 2023, 4.1); an empty folder where the run's PRM is PRM_large."""
    if config.large is None:
        return scratch_folder("prm_large")
    from stepscale.verifiers.examples import prm_examples

    examples = {split: prm_examples(problems, of_split(problems, step_labels, split)) for split in _LEARNT}
    return _train("prm_large", config.large.base, config.large_training(seed), examples)


def train_orm(problems: pd.DataFrame, solutions: pd.DataFrame, config: VerifierBlock, seed: int) -> Path:
    """An outcome reward model: right or not, on every token of the same solutions (Lightman et al. 2023, 2.5)."""
    from stepscale.verifiers.examples import orm_examples

    examples = {split: orm_examples(problems, of_split(problems, solutions, split)) for split in _LEARNT}
    if len(outcomes := {example.targets[-1] for example in examples["train"]}) == 1:
        logger.warning(
            "every solution that the ORM learns from is %s, so it cannot tell right from wrong: give wrong ones too "
            "(PRM800K's phase 2 holds them)",
            "right" if outcomes.pop() else "wrong",
        )
    return _train("orm", config.base, config.training("orm", seed), examples)


def _train(name: str, base: str, options: VerifierTraining, examples: dict[str, list[Any]]) -> Path:
    """The folder of a verifier fitted to the training problems' examples, its loss measured on the validation problems'."""
    from stepscale.tracking import child_run
    from stepscale.verifiers.positions import balance
    from stepscale.verifiers.training import train_verifier

    folder = scratch_folder(name)
    with child_run(name, options) as run:
        learnt, unseen = (examples[split] for split in _LEARNT)
        trained = train_verifier(base, learnt, options, folder, run.on_log, unseen)
        shares = {f"train.{key}": value for key, value in balance(options.kind, learnt).items()}
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
    large_prm_model: Path,
    soft_prm_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    config: VerifierBlock,
    rollouts: RolloutOptions | None,
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """How each verifier judges solutions of validation problems, which no training saw: metrics, calibration, step positions.

    PRMs are held against steps and their alternatives, and are to name the first errors of whole solutions. A soft PRM is
    held, at every step, against the outcome of the solution: one draw of the value that it predicts. Each is a child run with
    its metrics and tables.
    """
    from stepscale.tracking import child_run, current_run
    from stepscale.verifiers.evaluation import evaluate
    from stepscale.verifiers.examples import first_error_examples, holds_values, orm_examples, prm_examples
    from stepscale.verifiers.scoring import ModelVerifier

    labels = of_split(problems, step_labels, "valid")
    graded = orm_examples(problems, of_split(problems, solutions, "valid"))
    whole = first_error_examples(problems, solutions, labels)
    judged: list[tuple[str, Kind, Path, list[Any]]] = [("orm", "orm", orm_model, graded)]
    if holds_values(step_labels):
        judged.insert(0, ("prm", "soft_prm", prm_model, graded))
    else:
        rated = prm_examples(problems, labels)
        judged.insert(0, ("prm", "prm", prm_model, rated))
        if config.large:
            judged.append(("prm_large", "prm", large_prm_model, rated))
    if rollouts:
        judged.append(("soft_prm", "soft_prm", soft_prm_model, graded))
    numbers, all_bins, all_positions = dict[str, Any](), list[pd.DataFrame](), list[pd.DataFrame]()
    for name, kind, folder, examples in judged:
        metrics, bins, positions = evaluate(
            ModelVerifier(folder, name, **config.placement.model_dump()), kind, examples, whole
        )
        numbers[name] = metrics
        all_bins.append(bins)
        all_positions.append(positions)
        logger.info("%s on validation problems: %s", name, without_bounds(metrics))
        known = {key: value for key, value in metrics.items() if value == value}
        if parent := current_run():  # by these, runs are compared
            parent.metrics({f"{name}.{key}": value for key, value in known.items()})
        with child_run(f"{name} on validation problems", {"verifier": name, "kind": kind}) as run:
            run.metrics(known)
            run.text(bins.to_csv(index=False), "calibration.csv")
            run.text(positions.to_csv(index=False), "positions.csv")
    return numbers, pd.concat(all_bins, ignore_index=True), pd.concat(all_positions, ignore_index=True)
