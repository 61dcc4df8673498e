"""Nodes of the search part (Snell et al. 2024, 5): the run's generator searched against its PRM on the test problems.

Test problems -> one shard a (search, problems) -> search_results and search_candidates; and what it costs to draw and score N
whole samples, so that best-of-N stands on the same axes. Strategies that are one search at a budget (beam search of M = sqrt(N)
and of M = 4 at N = 16) share its shards, and each has rows of its own, costs included, in the tables. Without ``tree_search`` in
the parameters every node gives empty tables.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger
from stepscale.errors import InputError
from stepscale.parameters import GeneratorBlock, ReportBlock, SearchBlock, VerifierBlock
from stepscale.pipelines.sampling import Shards, gather, make_missing, manifest, open_generator
from stepscale.search.method import SearchMethod
from stepscale.search.plan import SearchPlan, check_samples

if TYPE_CHECKING:
    from stepscale.generation.shards import Shard
    from stepscale.search.results import Problem
    from stepscale.verifiers.scoring import ModelVerifier

PURPOSE = "search"
_CODE = 1  # raise when the same inputs give other results
_RESULT = "result_"  # in shards, the columns of a search's result, on each of its candidates' rows
_KEY = ["problem_id", "strategy", "seed"]


def run_searches(
    generator_model: Path | None,
    prm_model: Path | None,
    test_problems: pd.DataFrame,
    finished: Shards,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    tree_search: SearchPlan | None,
    search: SearchBlock,
    seed: int,
) -> Iterator[dict[str, pd.DataFrame]]:
    """Every search of the plan once, shard by shard: a row a candidate, with its search's answer and costs beside it."""
    if tree_search is None or generator_model is None or prm_model is None:
        yield manifest(PURPOSE)
        return
    chosen = searched(test_problems, tree_search)
    searches = _Searches(generator_model, prm_model, generator, verifiers, search, seed)
    shards, options = [], {}
    for _, _, own in tree_search.searches:
        for start in range(0, len(chosen), tree_search.problems_per_shard):
            shard = searches.shard(own, chosen.iloc[start : start + tree_search.problems_per_shard], start)
            shards.append(shard)
            options[shard.name] = own
    make = partial(searches.make, options)
    yield from make_missing(PURPOSE, shards, finished, make, "candidates", side_by_side=generator_model)


def searched(test_problems: pd.DataFrame, plan: SearchPlan) -> pd.DataFrame:
    """The test problems that are searched on."""
    return test_problems[test_problems["split"] == "test"].head(plan.problems)


def check_recorded(test_problems: pd.DataFrame, solutions: pd.DataFrame, plan: SearchPlan, remedy: str) -> int:
    """Samples a problem among ``solutions`` of the problems that are searched on. Raises InputError as ``check_samples`` does."""
    ids = set(searched(test_problems, plan)["problem_id"])
    numbers = solutions.loc[solutions["problem_id"].isin(ids), "sample_id"]
    per_problem = int(numbers.max()) + 1 if len(numbers) else 0
    check_samples(plan, per_problem, remedy)
    return per_problem


def gather_searches(shards: Shards, tree_search: SearchPlan | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """search_results and search_candidates of the latest run, with rows for every strategy; empty where nothing was searched.

    Raises InputError if a strategy of the plan has no search among the shards.
    """
    from stepscale.formats.checking import empty
    from stepscale.search.table import SEARCH_CANDIDATES, SEARCH_RESULTS

    rows = gather(shards)
    if rows.empty or tree_search is None:
        return empty(SEARCH_RESULTS), empty(SEARCH_CANDIDATES)
    rows = _by_strategy(rows, tree_search)
    of_result = [name for name in rows if str(name).startswith(_RESULT)]
    results = rows.loc[rows["slot"] == 0, [*_KEY, *of_result]].rename(columns=lambda name: name.removeprefix(_RESULT))
    return results.reset_index(drop=True), rows.drop(columns=of_result)


def _by_strategy(rows: pd.DataFrame, plan: SearchPlan) -> pd.DataFrame:
    """The rows of each strategy's search under the strategy's own name; shards name the search alone."""
    made = dict(tuple(rows.groupby("strategy", sort=False)))
    served = {options.strategy: options.search_key for _, _, options in plan.runs}
    absent = [strategy for strategy, key in served.items() if key not in made]
    if absent:
        raise InputError(f"search {absent[0]!r} was not run ({len(absent)} were not); run test_time_search again")
    return pd.concat([made[key].assign(strategy=name) for name, key in served.items()], ignore_index=True)


def price_samples(
    generator_model: Path | None,
    prm_model: Path | None,
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    tree_search: SearchPlan | None,
    report: ReportBlock,
    seed: int,
) -> pd.DataFrame:
    """What N of the recorded samples cost to draw and to score: a row a (problem, N), in expectation over which N."""
    from stepscale.studies.search.sample_costs import sample_costs

    if tree_search is None or generator_model is None or prm_model is None:
        return sample_costs({}, pd.DataFrame(), (), 0, 0)
    per_problem = check_recorded(test_problems, test_solutions, tree_search, "draw more (search.samples.per_problem)")
    chosen = searched(test_problems, tree_search)
    samples = test_solutions[test_solutions["problem_id"].isin(set(chosen["problem_id"]))]
    budgets = sorted(n for n in {*report.budgets, *tree_search.budgets} if n <= per_problem)
    model, verifier = open_generator(generator_model, generator, seed), _verifier(prm_model, verifiers)
    texts = dict(zip(chosen["problem_id"], chosen["problem"], strict=True))
    written, read = ({i: len(one.encode_prompt(t)) for i, t in texts.items()} for one in (model, verifier.encoder))
    judged = verifier.encoder.encode(
        (texts[i], steps) for i, steps in zip(samples["problem_id"], samples["steps"], strict=True)
    )
    ends = pd.Series(
        [[end - own.prompt_length for end in own.step_ends] for own in judged], samples.index, dtype=object
    )
    samples = samples.assign(read_ends=ends)
    return sample_costs(written, samples, budgets, model.parameters, verifier.parameters, read)


class _Searches:
    """Shards of searches with one generator and one PRM."""

    def __init__(
        self,
        generator_model: Path,
        prm_model: Path,
        generator: GeneratorBlock,
        verifiers: VerifierBlock,
        search: SearchBlock,
        seed: int,
    ) -> None:
        from stepscale.generation.shards import model_key

        self.model, self.generator = generator_model, generator
        self.prm, self.verifiers = prm_model, verifiers
        self.rules, self.seed = search.grading_rules, seed
        self._made_of = [
            _CODE,
            model_key(generator_model, generator.placement.dtype),
            generator.template(seed),
            model_key(prm_model, verifiers.placement.dtype),
            generator.sampling.model_dump(),
            self.rules,
            seed,
        ]

    def shard(self, options: SearchMethod, problems: pd.DataFrame, start: int) -> "Shard":
        """The shard of one search on these problems, the first of which is number ``start``; named by what is searched alone."""
        from stepscale.generation.shards import Shard, shard_name

        texts = [list(problems[name].astype(str)) for name in ("problem_id", "problem", "answer")]
        name = shard_name(f"search-{options.budget:05d}", start, [*self._made_of, options.search_key, texts])
        return Shard(name, problems, len(problems) * options.n)

    def make(self, options: Mapping[str, SearchMethod], shard: "Shard", ledger: Ledger) -> pd.DataFrame:
        """Search by the shard's own of ``options``; with models opened for it, that remember nothing of other shards."""
        from stepscale.generation.contract import Sampling
        from stepscale.search.methods import search
        from stepscale.search.table import candidates_table, results_table

        own = options[shard.name]
        model, verifier = open_generator(self.model, self.generator, self.seed), _verifier(self.prm, self.verifiers)
        sampling = Sampling(**self.generator.sampling.model_dump())
        found = search(
            _problems(shard.problems),
            model,
            verifier,
            own,
            sampling,
            run_seed=self.seed,
            ledger=ledger,
            problems_at_once=len(shard.problems),
        )
        found = [replace(result, strategy=own.search_key) for result in found]
        golds = dict(zip(shard.problems["problem_id"], shard.problems["answer"], strict=True))
        results = results_table(found, self.seed, golds, self.rules).set_index(_KEY).add_prefix(_RESULT)
        return candidates_table(found, self.seed, golds, self.rules).merge(
            results.reset_index(), on=_KEY, validate="m:1"
        )


def _problems(table: pd.DataFrame) -> "list[Problem]":
    from stepscale.search.results import Problem

    return [Problem(i, text) for i, text in zip(table["problem_id"], table["problem"], strict=True)]


def _verifier(folder: Path, verifiers: VerifierBlock) -> "ModelVerifier":
    from stepscale.verifiers.scoring import ModelVerifier

    return ModelVerifier(folder, "prm", **verifiers.placement.model_dump())
