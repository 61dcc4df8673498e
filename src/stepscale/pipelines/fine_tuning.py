"""A base fine-tuned to write solutions step by step, or taken as it is: the generator, and the larger model just as it.

Right solutions are chosen, the base's own or given ones, and the base is fine-tuned on them (Lightman et al. 2023, 2.3).
"""

import logging
from pathlib import Path

import pandas as pd

from stepscale.errors import InputError
from stepscale.parameters import GeneratorBlock, ProblemSource
from stepscale.scratch import scratch_folder

logger = logging.getLogger(__name__)

_REMEDIES = {
    "own": "raise generator.samples_per_problem or use a base that solves some of the problems",
    "given": "problems.train.path holds none; name a file with solutions, or set generator.examples to own",
}


def choose_examples(
    problems: pd.DataFrame, source: ProblemSource, generator: GeneratorBlock, seed: int
) -> pd.DataFrame:
    """Right solutions of training problems to fine-tune a base on; none where it is not fine-tuned.

    Args:
        problems: The problems table, of all splits.
        source: Where the problems came from; given solutions come from there too.
        generator: The base, and how its examples are chosen.
        seed: The run's seed.

    Returns:
        A solutions table.

    Raises:
        InputError: There is no right solution, or none came with the problems.
    """
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SOLUTIONS

    if generator.is_taken_as_it_is:
        return empty(SOLUTIONS)
    train = problems[problems["split"] == "train"]
    right = _given_solutions(train, source) if generator.examples == "given" else _right_samples(train, generator, seed)
    if right.empty:
        raise InputError(
            f"no right solution to fine-tune the generator on (generator.examples: {generator.examples}); "
            + _REMEDIES[generator.examples]
        )
    logger.info("%d right solutions of %d problems to fine-tune on", len(right), right["problem_id"].nunique())
    return right.reset_index(drop=True)


def _given_solutions(train: pd.DataFrame, source: ProblemSource) -> pd.DataFrame:
    from stepscale.formats.source import read_solutions

    if source.train is None:
        raise InputError("generator.examples: given, and no solutions come with the lab's problems; set it to own")
    solutions, _ = read_solutions(source.train.path, source.train.format, source.train.options)
    if solutions.empty:
        return _reference_solutions(train)
    return solutions[solutions["is_correct"].fillna(False) & solutions["problem_id"].isin(train["problem_id"])]


def _reference_solutions(train: pd.DataFrame) -> pd.DataFrame:
    """The solutions that stand beside the problems, as in MATH's files; a line is a step."""
    from stepscale.engine.step_lines import step_lines
    from stepscale.formats import tables

    solved = train[train["solution"].notna()]
    steps = solved["solution"].map(lambda text: step_lines([text]))
    return tables.solutions(
        solved[["problem_id", "answer"]].assign(sample_id=0, steps=steps, is_correct=True, finish="solution")
    )


def _right_samples(train: pd.DataFrame, generator: GeneratorBlock, seed: int) -> pd.DataFrame:
    from stepscale.generation.contract import Sampling
    from stepscale.generation.local import LocalGenerator
    from stepscale.pipelines.sampling import sample_all

    template = generator.base_template(seed)
    assert generator.base, "checked when the parameters were read: a served model is not fine-tuned"
    base = LocalGenerator.load(
        generator.base,
        prompt_template=template,
        ends_before=generator.base_opening,
        **generator.placement.model_dump(),
    )
    sampling = Sampling(**generator.sampling.model_dump())
    samples = sample_all(base, train, generator.samples_per_problem, sampling, seed, "format")
    finished = samples["finish"] == "solution"
    return samples[samples["is_correct"].fillna(False) & finished]


def fine_tune_or_take(
    name: str, problems: pd.DataFrame, examples: pd.DataFrame, generator: GeneratorBlock, seed: int
) -> Path:
    """A base fine-tuned on examples; or where ``generator.fine_tuning`` is null, a folder that refers to it.

    Args:
        name: Of the folder and of the MLflow run.
        problems: The problems table.
        examples: Right solutions, as ``choose_examples`` gives them.
        generator: The base and its training.
        seed: The run's seed.

    Raises:
        InputError: The base is to be fine-tuned and there are no examples.
    """
    from stepscale.generation import finetune
    from stepscale.tracking import child_run

    if generator.is_taken_as_it_is:
        return as_it_is(name, generator)
    assert generator.base, "checked when the parameters were read"
    if examples.empty:
        raise InputError(f"{name}: there are no examples to fine-tune on; run the node that chooses them first")
    folder, options = scratch_folder(name), generator.training(seed)
    with child_run(name, generator) as run:
        run.dataset(f"{name}_examples", examples, "training")
        fit = finetune.fine_tune_generator(generator.base, problems, examples, options, folder, on_log=run.on_log)
        run.metrics({"tokens": fit.tokens, "seconds": fit.seconds, "padding": fit.padding})
        run.folder(folder, "model")
    return folder


def check_is_taken_as_it_is(generator: GeneratorBlock) -> None:
    """Check that nothing is to be fine-tuned.

    Args:
        generator: The base or the server.

    Raises:
        InputError: It is to be fine-tuned.
    """
    if not generator.is_taken_as_it_is:
        raise InputError(
            "generator.fine_tuning: ready_generator takes the base as it is; set it to null, or run ingestion in the place "
            "of ready_generator"
        )


def as_it_is(name: str, generator: GeneratorBlock) -> Path:
    """A folder that refers to a base, or to the server that a generator is behind.

    Args:
        name: Of the folder.
        generator: The base or the server.
    """
    from stepscale.generation.open_generator import served_folder
    from stepscale.references import refer_to_model

    folder = scratch_folder(name)
    if generator.server:
        return served_folder(generator.server, generator.base, folder)
    assert generator.base, "checked when the parameters were read"
    return refer_to_model(generator.base, folder)
