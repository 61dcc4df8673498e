"""Chains of revisions made and read shard by shard, as the nodes of training and of test problems need them.

In: a revision model, the lengths of a problem's chains, and the verifiers that read them. Out: tables of graded attempts, a shard
at a time; a shard's name holds all that it is made of.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.placement import Placement
from stepscale.parameters import GeneratorBlock, RevisionsBlock, SearchBlock
from stepscale.pipelines.sampling import Shards, grade, make_missing, open_generator
from stepscale.verifiers.aggregation import Rule

if TYPE_CHECKING:
    from stepscale.generation.local import LocalGenerator
    from stepscale.generation.shards import Shard
    from stepscale.revisions.chains import ProblemChains

_CODE = 4  # raise when the same inputs give other chains


@dataclass(frozen=True)
class Judge:
    """A verifier of attempts: its folder, the name its columns end in ("" for none), and how it is read."""

    folder: Path
    name: str
    history: bool
    rule: Rule
    placement: Placement

    def read(self, found: "list[ProblemChains]", model: "LocalGenerator", ledger: Ledger) -> pd.DataFrame:
        """Its columns of the chains table; opened afresh, so that a shard does not depend on what was scored before."""
        from stepscale.revisions.chains import score_chains
        from stepscale.revisions.table import judged
        from stepscale.verifiers.scoring import ModelVerifier

        how, neutral_is = self.rule
        verifier = ModelVerifier(self.folder, self.folder.name, **self.placement.model_dump())
        scored = score_chains(found, model, verifier, self.history, how, ledger, neutral_is)
        table = judged(scored, verifier.encoder.encode, self.history)
        return table.add_suffix(f"_{self.name}") if self.name else table


class ChainShards:
    """Shards of chains by the revision model, read by ``judges``."""

    def __init__(
        self,
        model: Path,
        judges: Sequence[Judge],
        lengths: Sequence[int],
        generator: GeneratorBlock,
        revisions: RevisionsBlock,
        search: SearchBlock,
        seed: int,
    ) -> None:
        from stepscale.generation.shards import model_key

        self.model, self.generator = model, generator
        self.lengths, self.layout, self.seed = list(lengths), revisions.data.layout, seed
        self.rules, self.judges = search.grading_rules, judges
        keys = [[model_key(judge.folder, judge.placement.dtype), judge.rule] for judge in judges]
        self._made_of = [
            _CODE,
            model_key(model, generator.placement.dtype),
            generator.template(seed),
            keys,
            self.lengths,
            self.layout.model_dump(),
            generator.sampling.model_dump(),
            seed,
            self.rules,
        ]

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
        from stepscale.revisions.chains import run_chains
        from stepscale.revisions.table import chains_table
        from stepscale.search.results import Problem

        model = open_generator(self.model, self.generator, self.seed, "revision")
        sampling = Sampling(**self.generator.sampling.model_dump())
        problems = [
            Problem(i, text) for i, text in zip(shard.problems["problem_id"], shard.problems["problem"], strict=True)
        ]
        found = run_chains(
            problems,
            model,
            self.lengths,
            self.layout,
            sampling,
            run_seed=self.seed,
            ledger=ledger,
            problems_at_once=len(problems),
        )
        table = chains_table(found, model.name)
        for judge in self.judges:
            read = judge.read(found, model, ledger)
            table = table.assign(**{str(name): read[name] for name in read})
        return grade(table, shard.problems, self.rules)
