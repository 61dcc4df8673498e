"""Nodes of the revisions part (Snell et al. 2024, 6): a model that revises its own attempts, and its ORM, at work.

Training problems -> samples -> prompts with wrong attempts -> revision model -> its chains on training problems -> two ORMs,
with and without history; then chains on test problems, scored by both and by the run's PRM. Without ``revisions`` in the
parameters every node does nothing: shards are empty, models are empty folders.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stepscale.engine.encoding import TextFormat
from stepscale.parameters import GeneratorBlock, RevisionsBlock, SearchBlock, VerifierBlock
from stepscale.pipelines.revisions.chain_shards import ChainShards, Judge
from stepscale.pipelines.sampling import Shards, gather, manifest, open_generator, sample_shards
from stepscale.revisions.grid import PRM, WITHOUT_HISTORY, pool_lengths
from stepscale.scratch import scratch_folder
from stepscale.verifiers.aggregation import Rule

logger = logging.getLogger(__name__)

POOL, TRAIN, TEST = "revision-pool", "revision-train", "revision-test"


def sample_revision_pool(
    generator_model: Path | None,
    problems: pd.DataFrame | None,
    finished: Shards,
    generator: GeneratorBlock,
    revisions: RevisionsBlock | None,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Further samples of the training problems, if the labelled pool's are too few (the paper takes 64 a problem)."""
    from stepscale.generation.contract import Sampling

    if revisions is None or revisions.samples is None or generator_model is None or problems is None:
        yield manifest(POOL)
        return
    sampling = Sampling(**generator.sampling.model_dump() | {"temperature": revisions.temperature})
    train = problems[problems["split"] == "train"]
    model = open_generator(generator_model, generator, seed, "generator")
    yield from sample_shards(
        model, generator_model, train, revisions.samples, sampling, seed, POOL, finished, search.grading_rules
    )


def make_revision_examples(
    generator_model: Path | None,
    problems: pd.DataFrame | None,
    pool: pd.DataFrame | None,
    further: Shards,
    generator: GeneratorBlock,
    revisions: RevisionsBlock | None,
    seed: int,
) -> pd.DataFrame:
    """Right solutions after up to four wrong attempts, of training problems alone (B, 6 and H)."""
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SOLUTIONS
    from stepscale.revisions.data import revision_examples

    if revisions is None or generator_model is None or problems is None or pool is None:
        return empty(SOLUTIONS)
    train = problems[problems["split"] == "train"]
    samples = gather(further) if revisions.samples else pool[pool["problem_id"].isin(set(train["problem_id"]))]
    model = open_generator(generator_model, generator, seed, "generator")
    examples = revision_examples(train, samples, revisions.data, seed, lambda text: len(model.encode_prompt(text)))
    shown = examples["context"].map(len)
    logger.info(
        "%d revision examples of %d problems from %d samples, %.2f wrong attempts each",
        len(examples),
        examples["problem_id"].nunique(),
        len(samples),
        shown.mean(),
    )
    return examples


def train_revision_model(
    generator_model: Path | None,
    problems: pd.DataFrame | None,
    examples: pd.DataFrame,
    generator: GeneratorBlock,
    revisions: RevisionsBlock | None,
    seed: int,
) -> Path:
    """The revision model: the generator fine-tuned on the right answers that end the examples."""
    folder = scratch_folder("revision")
    if revisions is None or generator_model is None or problems is None:
        return folder
    from stepscale.generation.finetune import GeneratorTraining, fine_tune_generator
    from stepscale.tracking import child_run

    fitted = revisions.fine_tuning.model_copy(update={"seed": seed})
    layout = TextFormat(prompt=generator.template(seed))
    options = GeneratorTraining(layout=layout, validation_share=revisions.validation_share, optimization=fitted)
    with child_run("revision_model", revisions) as run:
        fit = fine_tune_generator(generator_model, problems, examples, options, folder, on_log=run.on_log)
        run.metrics({"examples": len(examples), "tokens": fit.tokens, "seconds": fit.seconds, "padding": fit.padding})
        run.folder(folder, "model")
    logger.info("revision model: %d tokens in %.0f s", fit.tokens, fit.seconds)
    return folder


def run_training_chains(
    revision_model: Path,
    problems: pd.DataFrame | None,
    finished: Shards,
    generator: GeneratorBlock,
    revisions: RevisionsBlock | None,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """The revision model's own chains on training problems, graded: what its ORMs learn from (B, J)."""
    if revisions is None or problems is None:
        yield manifest(TRAIN)
        return
    part = revisions.training_chains
    chosen = problems[problems["split"] == "train"].head(part.problems)
    chains = ChainShards(revision_model, [], [part.attempts] * part.chains, generator, revisions, search, seed)
    yield from chains.missing(TRAIN, chosen, part.problems_per_shard, finished)


def train_orm_with_history(
    problems: pd.DataFrame | None, chains: Shards, verifiers: VerifierBlock, revisions: RevisionsBlock | None, seed: int
) -> Path:
    """The revision ORM: it reads the earlier attempts that were shown, too."""
    return _train_orm("revision_orm", True, problems, chains, verifiers, revisions, seed)


def train_orm_without_history(
    problems: pd.DataFrame | None, chains: Shards, verifiers: VerifierBlock, revisions: RevisionsBlock | None, seed: int
) -> Path:
    """The same ORM on the same attempts, each read after the bare problem."""
    return _train_orm("revision_orm_without_history", False, problems, chains, verifiers, revisions, seed)


def _train_orm(
    name: str,
    history: bool,
    problems: pd.DataFrame | None,
    chains: Shards,
    verifiers: VerifierBlock,
    revisions: RevisionsBlock | None,
    seed: int,
) -> Path:
    folder = scratch_folder(name)
    if revisions is None or problems is None:
        return folder
    from stepscale.revisions.data import revision_orm_examples
    from stepscale.tracking import child_run
    from stepscale.verifiers.training import train_verifier

    given = verifiers.training("orm", seed)
    # the settings are the run's ORM's, which has validation problems to stop by; chains are of training problems alone
    options = given.model_copy(update={"optimization": given.optimization.model_copy(update={"patience": None})})
    with child_run(name, options) as run:
        examples = revision_orm_examples(problems, gather(chains), history)
        trained = train_verifier(verifiers.base, examples, options, folder, on_log=run.on_log)
        run.metrics(trained.numbers())
        run.folder(folder, "model")
    logger.info("%s: %d examples, %d tokens in %.0f s", name, trained.n_rows, trained.fit.tokens, trained.fit.seconds)
    return folder


def run_test_chains(
    revision_model: Path,
    with_history: Path,
    without: Path,
    prm_model: Path | None,
    test_problems: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    revisions: RevisionsBlock | None,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Chains of the test problems that hold every split of every budget, graded, and scored by both ORMs and the run's PRM.

    The columns ``revision_grid.BY_VERIFIER`` are those of the ORM with history; of the others the same names with
    ``_without_history`` and ``_prm``. The PRM reads the bare problem and is aggregated as the searches over revisions are, by
    the last step where there are none.
    """
    if revisions is None:
        yield manifest(TEST)
        return
    chosen = test_problems[test_problems["split"] == "test"].head(revisions.test.problems)
    lengths = pool_lengths(max(revisions.budgets))
    place = verifiers.placement
    last: Rule = ("last", "positive")
    judges = [Judge(with_history, "", True, last, place), Judge(without, WITHOUT_HISTORY, False, last, place)]
    if prm_model is not None:
        first = revisions.search.strategies[0] if revisions.search else None
        judges.append(Judge(prm_model, PRM, False, (first.aggregation, first.neutral_is) if first else last, place))
    chains = ChainShards(revision_model, judges, lengths, generator, revisions, search, seed)
    yield from chains.missing(TEST, chosen, revisions.test.problems_per_shard, finished)


def gather_chains(shards: Shards) -> pd.DataFrame:
    """The latest test chains as one table; without their prompts, which are long and can be made again."""
    found = gather(shards)
    return found.drop(columns=["prompt"], errors="ignore")
