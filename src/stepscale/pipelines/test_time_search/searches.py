"""Nodes of tree search (Snell et al. 2024, 5): the run's generator searched against its PRM on the test problems.

Test problems -> one piece per (search, problems) -> search_results and search_candidates; and what it costs to draw and score N
whole samples, so that best-of-N stands on the same axes. Strategies that make the same search at a budget share its
pieces: beam search of M = sqrt(N) and of M = 4 at N = 16. In the tables each strategy has its own rows, costs included.
"""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.opened import opened
from stepscale.errors import InputError
from stepscale.parameters import SearchBlock, SearchSettings, VerifierBlock
from stepscale.pipelines.sampling import GradedSampler, gather, open_configured_generator
from stepscale.resume import Made, Piece, Recipe, ShardPlan, Shards, content_hash, model_hash
from stepscale.search.method import SearchMethod
from stepscale.search.plan import SearchPlan, check_samples

if TYPE_CHECKING:
    from stepscale.verifiers.contract import StepReader

_RESULT = "result_"  # in pieces, the columns of a search's result, on each of its candidates' rows
_KEY = ["problem_id", "strategy", "seed"]


class GatheredSearches(TypedDict):
    """A row per search, and a row per candidate of each."""

    results: pd.DataFrame
    candidates: pd.DataFrame


def choose_searched(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    search: SearchBlock,
    tree_search: SearchPlan,
) -> pd.DataFrame:
    """The test problems that are searched on, if searches can be compared with their recorded samples.

    Args:
        test_problems: The test problems, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        prm_scores: Step scores of the PRM, a row per sample.
        search: Whether samples were given.
        tree_search: How many problems are searched.

    Raises:
        InputError: There are fewer samples than budgets; they have no tokens, so that their cost is unknown; or no verifier
            "prm" scored them.
    """
    searched = test_problems[test_problems["split"] == "test"].head(tree_search.problems)
    samples = test_solutions[test_solutions["problem_id"].isin(set(searched["problem_id"]))]
    source = search.given_samples
    remedy = f"give more of them ({source.path})" if source else "draw more (search.samples.per_problem)"
    check_samples(tree_search, int(samples["sample_id"].max()) + 1 if len(samples) else 0, remedy)
    if not samples["tokens"].map(len).any():
        raise InputError(
            "tree_search: the samples have no tokens, so what they cost is unknown; give samples with tokens"
        )
    if "prm" not in set(prm_scores["verifier"]):
        raise InputError(
            "tree_search: no verifier 'prm' scored the samples, with which searches are compared; name it so, or run "
            "judge_samples in the place of samples"
        )
    return searched.reset_index(drop=True)


def run_searches(
    generator_model: Path, prm_model: Path, searched_problems: pd.DataFrame, settings: SearchSettings
) -> ShardPlan:
    """Every search of the plan once: a row per candidate, with its search's answer and costs beside it.

    Args:
        generator_model: Folder of the generator.
        prm_model: Folder of the PRM.
        searched_problems: The test problems that are searched, a row per problem.
        settings: Which searches, how tokens are drawn, grading rules, where models run, and the seed.
    """
    sampler = GradedSampler(generator_model, settings.generator, settings.seed)
    prm = model_hash(prm_model, settings.verifiers.placement.dtype)
    plan, pieces = settings.tree_search, []
    for _, _, options in plan.searches:
        for start in range(0, len(searched_problems), plan.problems_per_shard):
            part = searched_problems.iloc[start : start + plan.problems_per_shard]
            recipe = Recipe.of(
                search_part,
                *_code_of(options),
                sampler.code,
                inputs=sampler.hashes
                | {"prm": prm, "problems": content_hash(part[["problem_id", "problem", "answer"]])},
                settings=[options.search_key, settings.generator.sampling, settings.search.grading_rules],
                seed=settings.seed,
            )
            make = partial(search_part, generator_model, prm_model, part, options, settings)
            name = f"search-{options.budget:05d}-{recipe.key[:8]}-{start:06d}"
            pieces.append(Piece(name, recipe, make, len(part) * options.n))
    return ShardPlan("searching", tuple(pieces), unit="candidates", side_by_side=generator_model)


def _code_of(options: SearchMethod) -> tuple[type, ...]:
    """The class of a method that is not part of this package; ``search.methods`` imports those that are."""
    return () if type(options).__module__.startswith("stepscale.search.") else (type(options),)


def search_part(
    generator_model: Path, prm_model: Path, problems: pd.DataFrame, options: SearchMethod, settings: SearchSettings
) -> Made:
    """One search on a few problems, with models whose caches hold nothing of other pieces.

    Args:
        generator_model: Folder of the generator.
        prm_model: Folder of the PRM.
        problems: A few problems.
        options: The search method and its settings.
        settings: Where models run, and the seed.
    """
    from stepscale.generation.contract import Sampling
    from stepscale.search.methods import search
    from stepscale.search.results import problems_of_table
    from stepscale.search.table import candidates_table, results_table

    generator, seed, ledger = settings.generator, settings.seed, Ledger()
    model, prm = (
        opened(open_configured_generator, generator_model, generator, seed),
        opened(_open_prm, prm_model, settings.verifiers),
    )
    results = search(
        problems_of_table(problems),
        model,
        prm,
        options,
        Sampling(**generator.sampling.model_dump()),
        run_seed=seed,
        ledger=ledger,
        problems_at_once=len(problems),
        rules=settings.search.grading_rules,
    )
    results = [replace(result, strategy=options.search_key) for result in results]
    golds = dict(zip(problems["problem_id"], problems["answer"], strict=True))
    rules = settings.search.grading_rules
    of_search = results_table(results, seed, golds, rules).set_index(_KEY).add_prefix(_RESULT)
    rows = candidates_table(results, seed, golds, rules).merge(of_search.reset_index(), on=_KEY, validate="m:1")
    return Made(rows, ledger)


def _open_prm(folder: Path, verifiers: VerifierBlock) -> "StepReader":
    from stepscale.verifiers.open_verifier import open_verifier

    return open_verifier(folder, "prm", verifiers.placement)


def gather_searches(shards: Shards, tree_search: SearchPlan) -> GatheredSearches:
    """search_results and search_candidates, with rows for every strategy.

    Args:
        shards: The pieces by name, each loaded when it is called.
        tree_search: Which searches were run.

    Raises:
        InputError: A strategy of the plan has no search among the pieces.
    """
    rows = _by_strategy(gather(shards), tree_search)
    of_result = [name for name in rows if str(name).startswith(_RESULT)]
    results = rows.loc[rows["slot"] == 0, [*_KEY, *of_result]].rename(columns=lambda name: name.removeprefix(_RESULT))
    return {"results": results.reset_index(drop=True), "candidates": rows.drop(columns=of_result)}


def _by_strategy(rows: pd.DataFrame, plan: SearchPlan) -> pd.DataFrame:
    """The rows of each strategy's search under the strategy's own name; pieces name the search alone."""
    searches = dict(tuple(rows.groupby("strategy", sort=False)))
    keys = {options.strategy: options.search_key for _, _, options in plan.runs}
    absent = [strategy for strategy, key in keys.items() if key not in searches]
    if absent:
        raise InputError(f"search {absent[0]!r} was not run ({len(absent)} were not); run test_time_search again")
    return pd.concat([searches[key].assign(strategy=name) for name, key in keys.items()], ignore_index=True)


def price_samples(
    generator_model: Path,
    prm_model: Path,
    searched_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    settings: SearchSettings,
) -> pd.DataFrame:
    """What N of the recorded samples cost to draw and to score: a row per (problem, N), in expectation over which N.

    Args:
        generator_model: Folder of the generator.
        prm_model: Folder of the PRM.
        searched_problems: The test problems that are searched, a row per problem.
        test_solutions: Graded samples of the test problems, a row per sample.
        settings: Budgets, the prompt, where models run, and the seed.
    """
    from stepscale.studies.search.sample_costs import sample_costs
    from stepscale.verifiers.contract import Trajectory

    samples = test_solutions[test_solutions["problem_id"].isin(set(searched_problems["problem_id"]))]
    per_problem = int(samples["sample_id"].max()) + 1
    budgets = sorted(n for n in {*settings.report.budgets, *settings.tree_search.budgets} if n <= per_problem)
    model = open_configured_generator(generator_model, settings.generator, settings.seed)
    prm = _open_prm(prm_model, settings.verifiers)
    texts = dict(zip(searched_problems["problem_id"], searched_problems["problem"], strict=True))
    prompt_tokens = {i: len(model.encode_prompt(text)) for i, text in texts.items()}
    prompts = prm.encode([Trajectory(text, ()) for text in texts.values()])
    read = {i: prompt.prompt_length for i, prompt in zip(texts, prompts, strict=True)}
    encoded = prm.encode(
        [Trajectory(texts[i], tuple(s)) for i, s in zip(samples["problem_id"], samples["steps"], strict=True)]
    )
    ends = [[end - solution.prompt_length for end in solution.step_ends] for solution in encoded]
    samples = samples.assign(read_ends=pd.Series(ends, samples.index, dtype=object))
    return sample_costs(prompt_tokens, samples, budgets, model.parameters, prm.parameters, read)
