"""The policy that the searches teach, saved so that it can be served (docs/serving.md); empty where nothing was searched.

It is chosen on all problems that were searched; what is told of it (accuracy, generations) was measured by policies chosen alike,
each on the half of them that it was not chosen on; beside best-of-N weighted at the same cap and at equal mean spending.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from stepscale.estimators.capped_policy import capped_policies, caps
from stepscale.estimators.online_comparison import ORDERS
from stepscale.estimators.online_outcomes import outcomes
from stepscale.parameters import GeneratorBlock, VerifierBlock
from stepscale.scratch import scratch_folder
from stepscale.search.plan import SearchPlan
from stepscale.studies.search.measure import WEIGHTED, sample_votes, scored_samples
from stepscale.studies.search.recorded import recorded_pool, recorded_run


def learn_policy(
    test_problems: pd.DataFrame,
    test_solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    search_results: pd.DataFrame,
    search_candidates: pd.DataFrame,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    tree_search: SearchPlan | None,
    seed: int,
) -> dict[str, Any]:
    """The settings of the policy that keeps to a budget on every problem, for each budget; {} without searches."""
    from stepscale.serving.policy import ServedPolicy

    if tree_search is None or search_results.empty:
        return {}
    ids = list(search_results["problem_id"].unique())
    scored = scored_samples(test_problems, test_solutions, prm_scores, ids, tree_search.rule)
    options = {f"{name} at {budget}": (own, budget) for name, budget, own in tree_search.searches}
    runs = {name: recorded_run(search_candidates, own.strategy, ids, budget) for name, (own, budget) in options.items()}
    met = outcomes(ids, recorded_pool(scored.grid, scored.scores["prm"]), runs, ORDERS, seed)
    ns = [n for n in caps(met) if n <= scored.grid.mask.shape[1]]
    votes = sample_votes(scored, ns)[WEIGHTED]
    uniform, errors = (dict(zip(ns, values, strict=True)) for values in (votes.per_problem.T, votes.error.tolist()))
    learned = capped_policies(met, ids, seed=seed, uniform=uniform, errors=errors)
    used = {action.run for own in learned for action in own.policy.actions}
    policy = ServedPolicy.model_validate(
        {
            "seed": seed,
            "prompt": generator.template(seed),
            "ends_before": generator.ends_before,
            "sampling": generator.sampling.model_dump(),
            "aggregation": tree_search.rule[0],
            "neutral_is": tree_search.rule[1],
            "generator": generator.placement,
            "verifier": verifiers.placement,
            "runs": {name: own for name, (own, _) in options.items() if name in used},
            "budgets": [asdict(own) for own in learned],
            "chosen_on": len(ids),
        }
    )
    return policy.model_dump(mode="json")


def save_policy(generator_model: Path | None, prm_model: Path | None, served_policy: dict[str, Any]) -> Path:
    """An MLflow model of the policy with the generator and the PRM in it; an empty folder if there is no policy."""
    folder = scratch_folder("policy")
    if served_policy and generator_model is not None and prm_model is not None:
        from stepscale.serving.packaging import save_model
        from stepscale.serving.policy import ServedPolicy

        settings = scratch_folder("settings") / "policy.json"
        ServedPolicy.model_validate(served_policy).write(settings)
        save_model(folder, settings, generator_model, prm_model)
    return folder


def log_policy(policy: Path) -> None:
    """A copy of it in the MLflow run, as a model that can be served from there."""
    if any(policy.iterdir()):
        from stepscale.serving.packaging import log_model

        log_model(policy)
