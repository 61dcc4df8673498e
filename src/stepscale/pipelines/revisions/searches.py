"""Nodes of PRM search over revisions (past Snell et al. 2024, 8): the revision model's proposals searched against the run's PRM.

Test problems -> a chain of attempts each -> a search that goes on from it -> one piece per (strategy, budget, problems).
The PRM judges after the bare problem. A piece has a row per problem, with its answer and all it cost. The chain's attempts
are those of the recorded chains: draws are named alike.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stepscale.cost import Ledger
from stepscale.engine.opened import opened
from stepscale.parameters import RevisionSettings
from stepscale.pipelines.sampling import GradedSampler, open_configured_generator
from stepscale.resume import Made, Piece, Recipe, ShardPlan, content_hash, model_hash
from stepscale.search.method import SearchMethod

if TYPE_CHECKING:
    from stepscale.search.results import SearchResult


def run_revision_searches(
    revision_model: Path, prm_model: Path, test_problems: pd.DataFrame, settings: RevisionSettings
) -> ShardPlan:
    """Every strategy at every budget: a row per problem, graded.

    Args:
        revision_model: Folder of the revision model.
        prm_model: Folder of the PRM.
        test_problems: The test problems, a row per problem.
        settings: Settings that the nodes of the pipeline share.
    """
    revisions, plan = settings.revisions, settings.revisions.search
    tested = test_problems[test_problems["split"] == "test"].head(revisions.test.problems)
    hashes = GradedSampler(revision_model, settings.generator, settings.seed, "revision").hashes
    hashes |= {"prm": model_hash(prm_model, settings.verifiers.placement.dtype)}
    made_of = [plan.after, revisions.data.layout, settings.generator.sampling, settings.search.grading_rules]
    pieces = []
    for label, budget, options in plan.runs:
        for start in range(0, len(tested), revisions.test.problems_per_shard):
            part = tested.iloc[start : start + revisions.test.problems_per_shard]
            recipe = Recipe.of(
                search_revised,
                type(options),
                "stepscale.generation.local",
                inputs=hashes | {"problems": content_hash(part[["problem_id", "problem", "answer"]])},
                settings=[*made_of, label, options],
                seed=settings.seed,
            )
            make = partial(search_revised, revision_model, prm_model, part, (label, options), settings)
            name = f"{options.method}-{budget:05d}-{recipe.key[:8]}-{start:06d}"
            pieces.append(Piece(name, recipe, make, len(part)))
    return ShardPlan("searching revisions", tuple(pieces), unit="problems", side_by_side=revision_model)


def search_revised(
    revision_model: Path,
    prm_model: Path,
    problems: pd.DataFrame,
    strategy: tuple[str, SearchMethod],
    settings: RevisionSettings,
) -> Made:
    """Chains of a few problems, then the search, with models whose caches hold nothing of other pieces.

    Args:
        revision_model: Folder of the revision model.
        prm_model: Folder of the PRM.
        problems: Some rows of the problems table.
        strategy: The name it is shown by, and its options.
        settings: Settings that the nodes of the pipeline share.

    Returns:
        A row per problem, with the tokens spent.
    """
    from stepscale.search.table import results_table

    (label, options), ledger = strategy, Ledger()
    results = _search(revision_model, prm_model, problems, options, settings, ledger)
    golds = dict(zip(problems["problem_id"], problems["answer"], strict=True))
    table = results_table(results, settings.seed, golds, settings.search.grading_rules)
    return Made(table.assign(label=label), ledger)


def _search(
    revision_model: Path,
    prm_model: Path,
    problems: pd.DataFrame,
    options: SearchMethod,
    settings: RevisionSettings,
    ledger: Ledger,
) -> "list[SearchResult]":
    from stepscale.generation.contract import Sampling
    from stepscale.revisions.chains import run_chains, score_chains
    from stepscale.revisions.search import search_revisions
    from stepscale.search.results import problems_of_table
    from stepscale.verifiers.open_verifier import open_verifier

    model = opened(open_configured_generator, revision_model, settings.generator, settings.seed, "revision")
    prm = open_verifier(prm_model, "prm", settings.verifiers.placement)
    sampling = Sampling(**settings.generator.sampling.model_dump())
    chains = run_chains(
        problems_of_table(problems),
        model,
        [settings.revisions.search.after],
        settings.revisions.data.layout,
        sampling,
        run_seed=settings.seed,
        ledger=ledger,
        problems_at_once=len(problems),
    )
    scored = score_chains(chains, model, prm, False, options.aggregation, ledger, options.neutral_is)
    return search_revisions(
        scored,
        model,
        prm,
        options,
        settings.revisions.data.layout,
        sampling,
        history=False,
        run_seed=settings.seed,
        ledger=ledger,
        rules=settings.search.grading_rules,
    )
