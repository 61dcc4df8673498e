"""Nodes of PRM search over revisions (past Snell et al. 2024, 8): the revision model's proposals searched against the run's PRM.

Test problems -> a chain of attempts each -> a search that goes on from it, judged by the PRM after the bare problem -> one
shard a (strategy, budget, problems), a row a problem with its answer and all it cost. The chain's attempts are those of the
recorded chains: draws are named alike. Without ``revisions.search`` in the parameters the table is empty.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger
from stepscale.parameters import GeneratorBlock, RevisionsBlock, SearchBlock, VerifierBlock
from stepscale.pipelines.sampling import Shards, gather, make_missing, manifest, open_generator
from stepscale.search.method import SearchMethod
from stepscale.search.plan import RevisionSearchPlan

if TYPE_CHECKING:
    from stepscale.generation.shards import Shard
    from stepscale.search.results import SearchResult

PURPOSE = "revision-search"
_CODE = 2  # raise when the same inputs give other results


def run_revision_searches(
    revision_model: Path,
    prm_model: Path | None,
    test_problems: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    revisions: RevisionsBlock | None,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Every strategy at every budget, shard by shard: a row a problem, graded."""
    if revisions is None or revisions.search is None or prm_model is None:
        yield manifest(PURPOSE)
        return
    chosen = test_problems[test_problems["split"] == "test"].head(revisions.test.problems)
    searches = _Searches(revision_model, prm_model, generator, verifiers, revisions, revisions.search, search, seed)
    shards, runs = [], {}
    for name, budget, options in revisions.search.runs:
        for start in range(0, len(chosen), revisions.test.problems_per_shard):
            part = chosen.iloc[start : start + revisions.test.problems_per_shard]
            shard = searches.shard(budget, options, part, start)
            shards.append(shard)
            runs[shard.name] = (name, options)
    make = partial(searches.make, runs)
    yield from make_missing(PURPOSE, shards, finished, make, "problems", side_by_side=revision_model)


def gather_revision_searches(shards: Shards) -> pd.DataFrame:
    """revision_search_results of the latest run, with the strategies' shown names; empty where nothing was searched."""
    from stepscale.formats.checking import empty
    from stepscale.search.table import SEARCH_RESULTS

    rows = gather(shards)
    return empty(SEARCH_RESULTS).assign(label=pd.Series(dtype="str")) if rows.empty else rows


class _Searches:
    """Shards of searches with one revision model and one PRM."""

    def __init__(
        self,
        revision_model: Path,
        prm_model: Path,
        generator: GeneratorBlock,
        verifiers: VerifierBlock,
        revisions: RevisionsBlock,
        plan: RevisionSearchPlan,
        search: SearchBlock,
        seed: int,
    ) -> None:
        from stepscale.generation.shards import model_key

        self.model, self.generator = revision_model, generator
        self.prm, self.verifiers, self.plan = prm_model, verifiers, plan
        self.layout, self.rules, self.seed = revisions.data.layout, search.grading_rules, seed
        self._made_of = [
            _CODE,
            model_key(revision_model, generator.placement.dtype),
            generator.template(seed),
            model_key(prm_model, verifiers.placement.dtype),
            plan.after,
            self.layout.model_dump(),
            generator.sampling.model_dump(),
            self.rules,
            seed,
        ]

    def shard(self, budget: int, options: SearchMethod, problems: pd.DataFrame, start: int) -> "Shard":
        """The shard of one strategy at one budget on these problems, the first of which is number ``start``."""
        from stepscale.generation.shards import Shard, shard_name

        texts = [list(problems[name].astype(str)) for name in ("problem_id", "problem", "answer")]
        name = shard_name(f"{options.method}-{budget:05d}", start, [*self._made_of, options.strategy, texts])
        return Shard(name, problems, len(problems))

    def make(self, runs: Mapping[str, tuple[str, SearchMethod]], shard: "Shard", ledger: Ledger) -> pd.DataFrame:
        """Chains, then the search, the shard's own of ``runs``; with models opened for it, that remember nothing of others."""
        from stepscale.search.table import results_table

        label, options = runs[shard.name]
        found = self._found(shard.problems, options, ledger)
        golds = dict(zip(shard.problems["problem_id"], shard.problems["answer"], strict=True))
        return results_table(found, self.seed, golds, self.rules).assign(label=label)

    def _found(self, table: pd.DataFrame, options: SearchMethod, ledger: Ledger) -> "list[SearchResult]":
        from stepscale.generation.contract import Sampling
        from stepscale.revisions.chains import run_chains, score_chains
        from stepscale.revisions.search import search_revisions
        from stepscale.search.results import Problem
        from stepscale.verifiers.scoring import ModelVerifier

        problems = [Problem(i, text) for i, text in zip(table["problem_id"], table["problem"], strict=True)]
        model = open_generator(self.model, self.generator, self.seed, "revision")
        prm = ModelVerifier(self.prm, "prm", **self.verifiers.placement.model_dump())
        sampling = Sampling(**self.generator.sampling.model_dump())
        chains = run_chains(
            problems,
            model,
            [self.plan.after],
            self.layout,
            sampling,
            run_seed=self.seed,
            ledger=ledger,
            problems_at_once=len(problems),
        )
        scored = score_chains(chains, model, prm, False, options.aggregation, ledger, options.neutral_is)
        return search_revisions(
            scored, model, prm, options, self.layout, sampling, history=False, run_seed=self.seed, ledger=ledger
        )
