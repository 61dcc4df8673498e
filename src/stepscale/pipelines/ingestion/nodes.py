"""Nodes of ingestion. Heavy libraries are imported where they are used."""

import logging
from functools import partial
from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.parameters import GeneratorBlock, ProblemSource
from stepscale.pipelines import fine_tuning

logger = logging.getLogger(__name__)


def ingest(source: ProblemSource, seed: int) -> pd.DataFrame:
    """Problems of all splits: train, valid, test, and heldout in the lab.

    Args:
        source: Where problems come from.
        seed: Decides splits and, in the lab, problems.

    Raises:
        InputError: Nothing could be trained, or a file is not there or not readable.
    """
    problems = _problems_of_files(source, seed) if source.source == "files" else _lab_problems(source, seed)
    _check_splits(problems)
    return problems


def _check_splits(problems: pd.DataFrame) -> None:
    """Raises InputError where nothing could be trained, before models are at work for hours."""
    train, valid = (int((problems["split"] == split).sum()) for split in ("train", "valid"))
    if not train or not valid:
        raise InputError(
            f"problems.train: {train} problems to learn from and {valid} for validation, and both are needed; give more that are "
            "not in the test set (problems.train.limit), or another problems.valid_share"
        )


def _lab_problems(source: ProblemSource, seed: int) -> pd.DataFrame:
    from stepscale.lab.problems import make_problems
    from stepscale.lab.stories import HELD_OUT_FAMILIES

    assert source.lab, "checked when the parameters were read"
    counts = source.lab
    make = partial(make_problems, run_seed=seed, levels=counts.levels, level_shares=counts.level_shares)
    practice = make(counts.train + counts.valid, "train")
    # the last ones are set apart; families and levels stay balanced because they take turns
    practice.loc[practice.index >= counts.train, "split"] = "valid"
    test = make(counts.test, "test")
    heldout = make(counts.heldout, "test", families=HELD_OUT_FAMILIES)
    return pd.concat([practice, test, heldout], ignore_index=True)


def _problems_of_files(source: ProblemSource, seed: int) -> pd.DataFrame:
    from stepscale.formats.source import read_problems
    from stepscale.formats.splits import without_leaks
    from stepscale.seeds import seed_for

    assert source.train and source.test, "checked when the parameters were read"
    train, test = (
        read_problems(file.path, file.format, file.options, file.limit) for file in (source.train, source.test)
    )
    unseen = without_leaks(train, test)
    if len(unseen) < len(train):
        logger.info("%d training problems are in the test set too and are left out", len(train) - len(unseen))
    # as many as the share says, one at the least, and one is left to learn from; which ones, the seed says
    by_seed = sorted(unseen["problem_id"], key=lambda problem_id: seed_for(seed, "valid", problem_id))
    n_valid = max(1, round(source.valid_share * len(by_seed)))
    aside = set(by_seed[: min(n_valid, len(by_seed) - 1)])
    train = unseen.assign(split=["valid" if problem_id in aside else "train" for problem_id in unseen["problem_id"]])
    return pd.concat([train, test.assign(split="test")], ignore_index=True)


def choose_examples(
    problems: pd.DataFrame, source: ProblemSource, generator: GeneratorBlock, seed: int
) -> pd.DataFrame:
    """Right solutions that show the step format: the base's own, or given ones (Lightman et al. 2023, 2.3).

    Args:
        problems: Problems of all splits.
        source: Where they came from, or the file of given examples.
        generator: Settings of the base that writes them.
        seed: Decides which are chosen.
    """
    return fine_tuning.choose_examples(problems, source, generator, seed)


def fine_tune_generator(problems: pd.DataFrame, examples: pd.DataFrame, generator: GeneratorBlock, seed: int) -> Path:
    """The generator: the base fine-tuned on right solutions (format, no new skill); without ``fine_tuning`` the base itself.

    Args:
        problems: Problems of all splits, a row per problem.
        examples: Examples to fine-tune on, a row per example.
        generator: The base, and how it is fine-tuned.
        seed: The run's seed.
    """
    return fine_tuning.fine_tune_or_take("generator", problems, examples, generator, seed)


def take_generator(generator: GeneratorBlock) -> Path:
    """The generator as it is, here or behind a server: a folder that refers to it.

    Args:
        generator: The base or the server; it is not fine-tuned.

    Raises:
        InputError: It is to be fine-tuned.
    """
    fine_tuning.check_is_taken_as_it_is(generator)
    return fine_tuning.as_it_is("generator", generator)
