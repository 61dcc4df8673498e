"""Nodes of revisions (Snell et al. 2024, 6): a model that revises its own attempts, and its ORMs, at work.

Training problems -> samples -> prompts with wrong attempts -> revision model -> its chains on training problems -> two ORMs,
with and without history. Then chains on test problems, scored by both and by the run's PRM.
"""

import logging
from pathlib import Path

import pandas as pd

from stepscale.engine.encoding import TextFormat
from stepscale.formats.splits import of_split
from stepscale.parameters import RevisionSettings
from stepscale.pipelines.early_stopping import stopped_in_time
from stepscale.pipelines.revisions.chain_pieces import Judge, plan_chains
from stepscale.pipelines.sampling import GradedSampler, gather, open_configured_generator
from stepscale.resume import Made, Piece, Recipe, ShardPlan, Shards, content_hash
from stepscale.revisions.grid import PRM, WITHOUT_HISTORY, pool_lengths
from stepscale.scratch import scratch_folder
from stepscale.verifiers.aggregation import ScoreAggregation

logger = logging.getLogger(__name__)


def sample_revision_pool(
    generator_model: Path, problems: pd.DataFrame, pool_solutions: pd.DataFrame, settings: RevisionSettings
) -> ShardPlan:
    """Samples of the training problems to make revision data from: those of the labeled pool, or as many as are asked for.

    The paper takes 64 per problem.

    Args:
        generator_model: Folder of the generator.
        problems: Problems of all splits, a row per problem.
        pool_solutions: Solutions of the labeled pool, a row per sample.
        settings: Settings that the nodes of the pipeline share.
    """
    from stepscale.generation.contract import Sampling

    revisions, generator = settings.revisions, settings.generator
    if revisions.samples is None:
        samples = of_split(problems, pool_solutions, "train")
        recipe = Recipe.of(
            sample_revision_pool, inputs={"pool": content_hash(samples)}, settings={}, seed=settings.seed
        )
        return ShardPlan("taking the labeled pool", (Piece("pool", recipe, lambda: Made(samples), len(samples)),))
    sampling = Sampling(**generator.sampling.model_dump() | {"temperature": revisions.temperature})
    train = problems[problems["split"] == "train"]
    sampler = GradedSampler(generator_model, generator, settings.seed, "generator")
    return sampler.plan("revision-pool", train, revisions.samples, sampling, settings.search.grading_rules)


def make_revision_examples(
    generator_model: Path, problems: pd.DataFrame, samples: Shards, settings: RevisionSettings
) -> pd.DataFrame:
    """Right solutions after up to four wrong attempts, of training problems alone (B, 6 and H).

    Args:
        generator_model: Folder of the generator, whose tokens bound an example.
        problems: Problems of all splits, a row per problem.
        samples: Samples of training problems by piece, each loaded when it is called.
        settings: Settings that the nodes of the pipeline share.

    Returns:
        A row per example: the problem, wrong attempts, and the right solution that ends them.
    """
    from stepscale.revisions.data import revision_examples

    train, table = problems[problems["split"] == "train"], gather(samples)
    model = open_configured_generator(generator_model, settings.generator, settings.seed, "generator")
    examples = revision_examples(
        train, table, settings.revisions.data, settings.seed, lambda text: len(model.encode_prompt(text))
    )
    logger.info(
        "%d revision examples of %d problems from %d samples, %.2f wrong attempts each",
        len(examples),
        examples["problem_id"].nunique(),
        len(table),
        examples["context"].map(len).mean(),
    )
    return examples


def train_revision_model(
    generator_model: Path, problems: pd.DataFrame, examples: pd.DataFrame, settings: RevisionSettings
) -> Path:
    """The revision model: the generator fine-tuned on the right answers that end the examples.

    Args:
        generator_model: Folder of the generator.
        problems: Problems of all splits, a row per problem.
        examples: Examples to fine-tune on, a row per example.
        settings: Settings that the nodes of the pipeline share.
    """
    from stepscale.generation.finetune import GeneratorTraining, fine_tune_generator
    from stepscale.tracking import child_run

    revisions, folder = settings.revisions, scratch_folder("revision")
    fitted = revisions.fine_tuning.model_copy(update={"seed": settings.seed})
    layout = TextFormat(prompt=settings.generator.template(settings.seed))
    options = GeneratorTraining(layout=layout, validation_share=revisions.validation_share, optimization=fitted)
    with child_run("revision_model", revisions) as run:
        run.dataset("revision_examples", examples, "training")
        fit = fine_tune_generator(generator_model, problems, examples, options, folder, on_log=run.on_log)
        run.metrics({"examples": len(examples), "tokens": fit.tokens, "seconds": fit.seconds, "padding": fit.padding})
        run.folder(folder, "model")
    logger.info("revision model: %d tokens in %.0f s", fit.tokens, fit.seconds)
    return folder


def run_training_chains(revision_model: Path, problems: pd.DataFrame, settings: RevisionSettings) -> ShardPlan:
    """The revision model's own chains on training problems, graded: what its ORMs learn from (B, J).

    Args:
        revision_model: Folder of the revision model.
        problems: Problems of all splits, a row per problem.
        settings: Settings that the nodes of the pipeline share.
    """
    chains = settings.revisions.training_chains
    train = problems[problems["split"] == "train"].head(chains.problems)
    lengths = [chains.attempts] * chains.chains
    return plan_chains(revision_model, train, lengths, [], settings, "revision-train", chains.problems_per_shard)


def train_orm_with_history(problems: pd.DataFrame, chains: Shards, settings: RevisionSettings) -> Path:
    """The revision ORM: it reads the earlier attempts that were shown, too.

    Args:
        problems: Problems of all splits, a row per problem.
        chains: Chains of training problems by piece, each loaded when it is called.
        settings: Settings that the nodes of the pipeline share.

    Returns:
        Folder of the verifier.
    """
    return _train_orm("revision_orm", True, problems, chains, settings)


def train_orm_without_history(problems: pd.DataFrame, chains: Shards, settings: RevisionSettings) -> Path:
    """The same ORM on the same attempts, each read after the bare problem.

    Args:
        problems: Problems of all splits, a row per problem.
        chains: Chains of training problems by piece, each loaded when it is called.
        settings: Settings that the nodes of the pipeline share.

    Returns:
        Folder of the verifier.
    """
    return _train_orm("revision_orm_without_history", False, problems, chains, settings)


def _train_orm(name: str, history: bool, problems: pd.DataFrame, chains: Shards, settings: RevisionSettings) -> Path:
    from stepscale.revisions.data import revision_orm_examples
    from stepscale.tracking import child_run
    from stepscale.verifiers.training import train_verifier

    verifiers, orms, folder = settings.verifiers, settings.revisions.orms, scratch_folder(name)
    of_the_run, attempts = verifiers.training("orm", settings.seed), gather(chains)
    of_the_run = of_the_run.model_copy(
        update={"optimization": of_the_run.optimization.model_copy(update={"epochs": orms.epochs})}
    )
    options = stopped_in_time(
        of_the_run, attempts["problem_id"], orms.validation_share, orms.patience, settings.seed, "revisions.orms"
    )
    with child_run(name, {"base": verifiers.base} | options.model_dump(mode="json")) as run:
        examples = revision_orm_examples(problems, attempts, history)
        run.dataset(f"{name}_examples", examples, "training")
        trained = train_verifier(verifiers.base, examples, options, folder, on_log=run.on_log)
        run.metrics(trained.numbers())
        run.folder(folder, "model")
    logger.info("%s: %d examples, %d tokens in %.0f s", name, trained.n_rows, trained.fit.tokens, trained.fit.seconds)
    return folder


def run_test_chains(
    revision_model: Path,
    orm_with_history: Path,
    orm_without_history: Path,
    prm_model: Path,
    test_problems: pd.DataFrame,
    settings: RevisionSettings,
) -> ShardPlan:
    """Chains of the test problems that hold every split of every budget, graded, and scored by both ORMs and the run's PRM.

    The columns ``revisions.grid.BY_VERIFIER`` are those of the ORM with history; of the others the same names with
    ``_without_history`` and ``_prm``. The PRM reads the bare problem and is aggregated as the searches over revisions are.

    Args:
        revision_model: Folder of the revision model.
        orm_with_history: Folder of the ORM that reads earlier attempts.
        orm_without_history: Folder of the ORM that does not.
        prm_model: Folder of the PRM.
        test_problems: The test problems, a row per problem.
        settings: Settings that the nodes of the pipeline share.
    """
    revisions, placement = settings.revisions, settings.verifiers.placement
    tested = test_problems[test_problems["split"] == "test"].head(revisions.test.problems)
    last = ScoreAggregation("last", "positive")
    first = revisions.search.strategies[0]
    judges = [
        Judge(orm_with_history, "", True, last, placement),
        Judge(orm_without_history, WITHOUT_HISTORY, False, last, placement),
        Judge(prm_model, PRM, False, ScoreAggregation(first.aggregation, first.neutral_is), placement),
    ]
    lengths, per_piece = pool_lengths(max(revisions.budgets)), revisions.test.problems_per_shard
    return plan_chains(revision_model, tested, lengths, judges, settings, "revision-test", per_piece)


def gather_chains(shards: Shards) -> pd.DataFrame:
    """The test chains as one table; without their prompts, which are long and can be made again.

    Args:
        shards: The pieces by name, each loaded when it is called.
    """
    return gather(shards).drop(columns=["prompt"])
