"""Nodes of ingestion. Heavy libraries are imported where they are used."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.parameters import FileSource, GeneratorBlock, LabProblems, ProblemSource
from stepscale.scratch import scratch_folder

if TYPE_CHECKING:
    from stepscale.formats.contract import Tables

logger = logging.getLogger(__name__)


def ingest(source: ProblemSource, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Problems of all splits, with the solutions and step labels that came with them (none from the lab)."""
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SOLUTIONS, STEP_LABELS

    if source.source == "files":
        found = _ingest_files(source, seed)
        _check_splits(found[0])
        return found
    assert source.lab, "checked when the parameters were read"
    return _lab_problems(source.lab, seed), empty(SOLUTIONS), empty(STEP_LABELS)


def _check_splits(problems: pd.DataFrame) -> None:
    """Raises InputError where nothing could be trained, before models are at work for hours."""
    from stepscale.errors import InputError

    train, valid = (int((problems["split"] == split).sum()) for split in ("train", "valid"))
    if not train or not valid:
        raise InputError(
            f"problems.train: {train} problems to learn from and {valid} for validation, and both are needed; give more that are "
            "not in the test set (problems.train.limit), or another problems.valid_share"
        )


def _lab_problems(counts: LabProblems, seed: int) -> pd.DataFrame:
    from stepscale.lab.families import HELD_OUT_FAMILY
    from stepscale.lab.problems import make_problems

    practice = make_problems(counts.train + counts.valid, "train", seed)
    # the last ones are kept aside; families and levels stay balanced because they take turns
    practice.loc[practice.index >= counts.train, "split"] = "valid"
    test = make_problems(counts.test, "test", seed)
    heldout = make_problems(counts.heldout, "test", seed, families=(HELD_OUT_FAMILY,))
    return pd.concat([practice, test, heldout], ignore_index=True)


def _ingest_files(source: ProblemSource, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    from stepscale.formats.splits import without_leaks
    from stepscale.seeds import seed_for

    assert source.train and source.test, "checked when the parameters were read"
    train, solutions, labels = _read(source.train)
    test, _, _ = _read(source.test)
    unseen = without_leaks(train, test)
    if len(unseen) < len(train):
        logger.info("%d training problems are in the test set too and are left out", len(train) - len(unseen))
    train = unseen
    aside = [seed_for(seed, "valid", pid) < source.valid_share * 2**63 for pid in train["problem_id"]]
    train = train.assign(split=["valid" if a else "train" for a in aside])
    known = set(train["problem_id"])
    problems = pd.concat([train, test.assign(split="test")], ignore_index=True)
    return problems, solutions[solutions["problem_id"].isin(known)], labels[labels["problem_id"].isin(known)]


def _read(source: FileSource) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    from stepscale.formats import read

    tables = read(source.path, source.format, **source.options)
    problems = tables.problems.head(source.limit) if source.limit else tables.problems
    solutions = _with_generated(tables) if source.format == "prm800k" else tables.solutions
    return problems, solutions, tables.step_labels


def _with_generated(tables: "Tables") -> pd.DataFrame:
    """PRM800K's records, then the whole solutions that people were shown, graded by their answers: an ORM's wrong ones."""
    from stepscale.formats.prm800k.generated import generated_solutions
    from stepscale.grading import grade_many

    known = tables.problems[tables.problems["answer"].notna()]
    golds = dict(zip(known["problem_id"], known["answer"], strict=True))
    written = generated_solutions(tables)
    written = written[written["problem_id"].isin(golds)]
    verdicts = grade_many(list(written["answer"]), [golds[problem_id] for problem_id in written["problem_id"]])
    written = written.assign(is_correct=pd.array(verdicts, dtype="boolean"))
    return pd.concat([tables.solutions, written], ignore_index=True) if len(written) else tables.solutions


def choose_examples(problems: pd.DataFrame, given: pd.DataFrame, config: GeneratorBlock, seed: int) -> pd.DataFrame:
    """Right solutions that show the step format: the base's own, or given ones (Lightman et al. 2023, 2.3)."""
    from stepscale.errors import InputError

    if config.fine_tuning is None:
        return given.head(0)
    train = problems[problems["split"] == "train"]
    if config.examples == "given":
        right = given[given["is_correct"].fillna(False) & given["problem_id"].isin(train["problem_id"])]
    else:
        right = _own_right_samples(train, config, seed)
    if right.empty:
        raise InputError(
            f"no right solution to fine-tune the generator on (generator.examples: {config.examples}); "
            "raise generator.samples_per_problem or use a base that solves some of the problems"
        )
    logger.info("%d right solutions of %d problems to fine-tune on", len(right), right["problem_id"].nunique())
    return right.reset_index(drop=True)


def _own_right_samples(train: pd.DataFrame, config: GeneratorBlock, seed: int) -> pd.DataFrame:
    from stepscale.generation.contract import Sampling
    from stepscale.generation.local import LocalGenerator
    from stepscale.pipelines.sampling import sample_all

    template = config.base_template(seed)
    generator = LocalGenerator.load(
        config.base, prompt_template=template, ends_before=config.base_ends_before, **config.placement.model_dump()
    )
    sampling = Sampling(**config.sampling.model_dump())
    samples = sample_all(generator, train, config.samples_per_problem, sampling, seed, "format")
    finished = samples["finish"] == "solution"
    return samples[samples["is_correct"].fillna(False) & finished]


def fine_tune_generator(problems: pd.DataFrame, examples: pd.DataFrame, config: GeneratorBlock, seed: int) -> Path:
    """The generator: the base fine-tuned on right solutions (format, no new skill); without ``fine_tuning`` the base itself."""
    return make_ready("generator", problems, examples, config, seed)


def make_ready(name: str, problems: pd.DataFrame, examples: pd.DataFrame, config: GeneratorBlock, seed: int) -> Path:
    """A base fine-tuned as the generator is, or left as it is, in a folder; ``name``: of the folder and the MLflow run."""
    from stepscale.engine import loading
    from stepscale.generation import finetune
    from stepscale.tracking import child_run

    folder = scratch_folder(name)
    if config.fine_tuning is None:
        loading.save(loading.load_causal_lm(config.base), loading.load_tokenizer(config.base), folder)
        return folder
    options = config.training(seed)
    with child_run(name, config) as run:
        fit = finetune.fine_tune_generator(config.base, problems, examples, options, folder, on_log=run.on_log)
        run.metrics({"tokens": fit.tokens, "seconds": fit.seconds, "padding": fit.padding})
        run.folder(folder, "model")
    return folder
