"""Nodes of reward_modeling. Heavy libraries are imported where they are used."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.parameters import VerifierBlock
from stepscale.pipelines.scratch import scratch_folder
from stepscale.verifiers.options import VerifierTraining
from stepscale.verifiers.saved import Kind

logger = logging.getLogger(__name__)


def train_prm(problems: pd.DataFrame, step_labels: pd.DataFrame, config: VerifierBlock, seed: int) -> Path:
    """A process reward model: a rating after each step's last token (Lightman et al. 2023, 2.6)."""
    from stepscale.verifiers.examples import prm_examples

    train = step_labels[step_labels["problem_id"].isin(_train_ids(problems))]
    return _train("prm", config.base, config.training("prm", seed), prm_examples(problems, train))


def train_large_prm(problems: pd.DataFrame, step_labels: pd.DataFrame, config: VerifierBlock, seed: int) -> Path:
    """PRM_large of a base of its own (Lightman et al. 2023, 4.1); an empty folder where the run's PRM is PRM_large."""
    if config.large is None:
        return scratch_folder("prm_large")
    from stepscale.verifiers.examples import prm_examples

    train = step_labels[step_labels["problem_id"].isin(_train_ids(problems))]
    return _train("prm_large", config.large.base, config.large_training(seed), prm_examples(problems, train))


def train_orm(problems: pd.DataFrame, solutions: pd.DataFrame, config: VerifierBlock, seed: int) -> Path:
    """An outcome reward model: right or not, on every token of the same solutions (Lightman et al. 2023, 2.5)."""
    from stepscale.verifiers.examples import orm_examples

    train = solutions[solutions["problem_id"].isin(_train_ids(problems))]
    return _train("orm", config.base, config.training("orm", seed), orm_examples(problems, train))


def _train_ids(problems: pd.DataFrame) -> set[str]:
    return set(problems.loc[problems["split"] == "train", "problem_id"])


def _train(name: str, base: str, options: VerifierTraining, examples: list[Any]) -> Path:
    from stepscale.tracking import child_run
    from stepscale.verifiers.positions import balance
    from stepscale.verifiers.training import train_verifier

    folder = scratch_folder(name)
    with child_run(name, options) as run:
        trained = train_verifier(base, examples, options, folder, on_log=run.on_log)
        shares = {f"train.{key}": value for key, value in balance(options.kind, examples).items()}
        run.metrics(trained.numbers() | shares)
        run.folder(folder, "model")
    numbers = trained.fit
    logger.info("%s: %d examples, %d tokens in %.0f s (%.0f tokens/s)", name, trained.n_rows, numbers.tokens, numbers.seconds,
                numbers.tokens_per_second)  # fmt: skip
    return folder


def evaluate_verifiers(
    prm_model: Path,
    orm_model: Path,
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    step_labels: pd.DataFrame,
    config: VerifierBlock,
) -> tuple[dict[str, Any], pd.DataFrame, pd.DataFrame]:
    """How each verifier judges solutions of validation problems, which no training saw: metrics, calibration, step positions."""
    from stepscale.tracking import current_run
    from stepscale.verifiers.evaluation import evaluate
    from stepscale.verifiers.examples import orm_examples, prm_examples
    from stepscale.verifiers.scoring import ModelVerifier

    valid = set(problems.loc[problems["split"] == "valid", "problem_id"])
    labels = step_labels[step_labels["problem_id"].isin(valid)]
    graded = solutions[solutions["problem_id"].isin(valid)]
    examples: dict[Kind, list[Any]] = {"prm": prm_examples(problems, labels), "orm": orm_examples(problems, graded)}
    folders: dict[Kind, Path] = {"prm": prm_model, "orm": orm_model}
    where = config.placement.model_dump()
    found = {kind: evaluate(ModelVerifier(folders[kind], kind, **where), kind, examples[kind]) for kind in folders}
    run = current_run()
    for kind, (metrics, _, _) in found.items():
        logger.info("%s on validation problems: %s", kind, ", ".join(f"{k} {v:.3f}" for k, v in metrics.items()))
        if run:
            run.metrics({f"{kind}.{name}": value for name, value in metrics.items() if value == value})
    bins = pd.concat([table for _, table, _ in found.values()], ignore_index=True)
    positions = pd.concat([table for _, _, table in found.values()], ignore_index=True)
    return {kind: metrics for kind, (metrics, _, _) in found.items()}, bins, positions
