"""Nodes of the revisions part (Snell et al. 2024, 6): a model that revises its own attempts, and its ORM, at work.

Training problems -> samples -> prompts with wrong attempts -> revision model -> its chains on training problems -> two ORMs,
with and without history; then chains on test problems, scored by both. Without ``revisions`` in the parameters every node
does nothing: shards are empty, models are empty folders.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger
from stepscale.models.encoding import TextFormat
from stepscale.models.placement import Placement
from stepscale.parameters import GeneratorBlock, RevisionsBlock, SearchBlock, VerifierBlock
from stepscale.pipelines.sampling import Shards, gather, grade, make_missing, manifest, open_generator, sample_shards
from stepscale.pipelines.scratch import scratch_folder
from stepscale.search.revision_grid import WITHOUT_HISTORY, pool_lengths

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator
    from stepscale.generation.shards import Shard
    from stepscale.search.revision_chains import ProblemChains

logger = logging.getLogger(__name__)

POOL, TRAIN, TEST = "revision-pool", "revision-train", "revision-test"
_CODE = 4  # raise when the same inputs give other chains


def sample_revision_pool(
    generator_model: Path | None, problems: pd.DataFrame | None, finished: Shards, generator: GeneratorBlock,
    revisions: RevisionsBlock | None, search: SearchBlock, seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:  # fmt: skip
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
    generator_model: Path | None, problems: pd.DataFrame | None, pool: pd.DataFrame | None, further: Shards,
    generator: GeneratorBlock, revisions: RevisionsBlock | None, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """Right solutions after up to four wrong attempts, of training problems alone (B, 6 and H)."""
    from stepscale.formats.checking import empty
    from stepscale.formats.tables import SOLUTIONS
    from stepscale.search.revision_data import revision_examples

    if revisions is None or generator_model is None or problems is None or pool is None:
        return empty(SOLUTIONS)
    train = problems[problems["split"] == "train"]
    samples = gather(further) if revisions.samples else pool[pool["problem_id"].isin(set(train["problem_id"]))]
    model = open_generator(generator_model, generator, seed, "generator")
    examples = revision_examples(train, samples, revisions.data, seed, lambda text: len(model.encode_prompt(text)))
    shown = examples["context"].map(len)
    logger.info("%d revision examples of %d problems from %d samples, %.2f wrong attempts each", len(examples),
                examples["problem_id"].nunique(), len(samples), shown.mean())  # fmt: skip
    return examples


def train_revision_model(
    generator_model: Path | None, problems: pd.DataFrame | None, examples: pd.DataFrame, generator: GeneratorBlock,
    revisions: RevisionsBlock | None, seed: int,
) -> Path:  # fmt: skip
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
    revision_model: Path, problems: pd.DataFrame | None, finished: Shards, generator: GeneratorBlock,
    revisions: RevisionsBlock | None, search: SearchBlock, seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:  # fmt: skip
    """The revision model's own chains on training problems, graded: what its ORMs learn from (B, J)."""
    if revisions is None or problems is None:
        yield manifest(TRAIN)
        return
    part = revisions.training_chains
    chosen = problems[problems["split"] == "train"].head(part.problems)
    chains = _Chains(revision_model, [], [part.attempts] * part.chains, generator, revisions, search, seed)
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
    name: str, history: bool, problems: pd.DataFrame | None, chains: Shards, verifiers: VerifierBlock,
    revisions: RevisionsBlock | None, seed: int,
) -> Path:  # fmt: skip
    folder = scratch_folder(name)
    if revisions is None or problems is None:
        return folder
    from stepscale.search.revision_data import revision_orm_examples
    from stepscale.tracking import child_run
    from stepscale.verifiers.training import train_verifier

    options = verifiers.training("orm", seed)
    with child_run(name, options) as run:
        examples = revision_orm_examples(problems, gather(chains), history)
        trained = train_verifier(verifiers.base, examples, options, folder, on_log=run.on_log)
        run.metrics(trained.numbers())
        run.folder(folder, "model")
    logger.info("%s: %d examples, %d tokens in %.0f s", name, trained.n_rows, trained.fit.tokens, trained.fit.seconds)
    return folder


def run_test_chains(
    revision_model: Path, with_history: Path, without: Path, test_problems: pd.DataFrame, finished: Shards,
    generator: GeneratorBlock, verifiers: VerifierBlock, revisions: RevisionsBlock | None, search: SearchBlock, seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:  # fmt: skip
    """Chains of the test problems that hold every split of every budget, graded, and scored by both ORMs.

    The columns ``revision_grid.BY_VERIFIER`` are those of the ORM with history; of the other the same names with
    ``_without_history``.
    """
    if revisions is None:
        yield manifest(TEST)
        return
    chosen = test_problems[test_problems["split"] == "test"].head(revisions.test.problems)
    lengths = pool_lengths(max(revisions.budgets))
    judges = [
        _Judge(with_history, "", True, verifiers.placement),
        _Judge(without, WITHOUT_HISTORY, False, verifiers.placement),
    ]
    chains = _Chains(revision_model, judges, lengths, generator, revisions, search, seed)
    yield from chains.missing(TEST, chosen, revisions.test.problems_per_shard, finished)


def gather_chains(shards: Shards) -> pd.DataFrame:
    """The latest test chains as one table; without their prompts, which are long and can be made again."""
    found = gather(shards)
    return found.drop(columns=["prompt"], errors="ignore")


class _Chains:
    """Shards of chains by the revision model, read by ``judges``."""

    def __init__(
        self, model: Path, judges: "Sequence[_Judge]", lengths: Sequence[int], generator: GeneratorBlock,
        revisions: RevisionsBlock, search: SearchBlock, seed: int,
    ) -> None:  # fmt: skip
        from stepscale.generation.shards import model_key

        self.model, self.generator = model, generator
        self.lengths, self.layout, self.seed = list(lengths), revisions.data.layout, seed
        self.rules, self.judges = search.grading_rules, judges
        keys = [model_key(judge.folder) for judge in judges]
        self._made_of = [
            _CODE, model_key(model), generator.template(seed), keys, self.lengths,
            self.layout.model_dump(), generator.sampling.model_dump(), seed, self.rules,
        ]  # fmt: skip

    def missing(
        self, purpose: str, problems: pd.DataFrame, problems_per_shard: int, finished: Shards
    ) -> Iterator[dict[str, pd.DataFrame]]:
        """The shards that are not finished, one after another, and the names of all."""
        from stepscale.generation.shards import Shard, shard_name

        shards = []
        for start in range(0, len(problems), problems_per_shard):
            part = problems.iloc[start : start + problems_per_shard]
            texts = [list(part[name].astype(str)) for name in ("problem_id", "problem", "answer")]
            name = shard_name(purpose, start, [*self._made_of, purpose, texts])
            shards.append(Shard(name, part, len(part) * sum(self.lengths)))
        yield from make_missing(purpose, shards, finished, self._make, "attempts", side_by_side=self.model)

    def _make(self, shard: "Shard", ledger: Ledger) -> pd.DataFrame:
        from stepscale.generation.contract import Sampling
        from stepscale.search.results import Problem
        from stepscale.search.revision_chains import run_chains
        from stepscale.search.revision_table import chains_table

        model = open_generator(self.model, self.generator, self.seed, "revision")
        sampling = Sampling(**self.generator.sampling.model_dump())
        problems = [
            Problem(i, text) for i, text in zip(shard.problems["problem_id"], shard.problems["problem"], strict=True)
        ]
        found = run_chains(
            problems, model, self.lengths, self.layout, sampling, run_seed=self.seed, ledger=ledger,
            problems_at_once=len(problems),
        )  # fmt: skip
        table = chains_table(found, model.name)
        for judge in self.judges:
            read = judge.read(found, model, ledger)
            table = table.assign(**{str(name): read[name] for name in read})
        return grade(table, shard.problems, self.rules)


@dataclass(frozen=True)
class _Judge:
    """A verifier of attempts: its folder, the name its columns end in ("" for none), and how it is read."""

    folder: Path
    name: str
    history: bool
    placement: Placement

    def read(self, found: "list[ProblemChains]", model: "LocalGenerator", ledger: Ledger) -> pd.DataFrame:
        """Its columns of the chains table; opened afresh, so that a shard does not depend on what was scored before."""
        from stepscale.search.revision_chains import score_chains
        from stepscale.search.revision_table import judged
        from stepscale.verifiers.scoring import ModelVerifier

        verifier = ModelVerifier(self.folder, self.folder.name, **self.placement.model_dump())
        scored = score_chains(found, model, verifier, self.history, "last", ledger)
        table = judged(scored, verifier.encoder.encode, self.history)
        return table.add_suffix(f"_{self.name}") if self.name else table
