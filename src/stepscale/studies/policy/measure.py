"""The policy that the searches teach (docs/serving.md), as settings that can be served.

It is chosen on all problems that were searched. What is said of it (accuracy, generations) was measured by policies chosen alike,
each on the half of the problems that it was not chosen on. Beside it stands best-of-N weighted at the same cap and at equal
mean spending.
"""

from dataclasses import asdict
from typing import Any

import pandas as pd

from stepscale.estimators.capped_policy import capped_policies, caps
from stepscale.estimators.online_comparison import ORDERS
from stepscale.estimators.online_outcomes import outcomes
from stepscale.estimators.voting import weighted_per_problem
from stepscale.grading import Rules
from stepscale.parameters import GeneratorBlock, VerifierBlock
from stepscale.search.plan import SearchPlan
from stepscale.serving.policy import ServedPolicy
from stepscale.studies.search.recorded import recorded_pool, recorded_runs
from stepscale.studies.strategies.samples import SEARCH, scored_grid


def learn_policy(
    samples: pd.DataFrame,
    candidates: pd.DataFrame,
    generator: GeneratorBlock,
    verifiers: VerifierBlock,
    plan: SearchPlan,
    seed: int,
    rules: Rules = "prm800k",
) -> dict[str, Any]:
    """The settings of the policy that keeps to a budget on every problem, for each budget.

    Args:
        samples: ``SCORED_SAMPLES`` of the test problems.
        candidates: What each search wrote for each problem.
        generator: Prompt, sampling and placement to serve with.
        verifiers: Placement of the PRM.
        plan: The searches that were run.
        seed: Of the run.
        rules: Grading rules of the run, by which answers are equal in a vote.
    """
    # 1. what the policies may do: draw recorded samples, or take a recorded search
    ids = list(candidates["problem_id"].unique())
    scored = scored_grid(samples, ids, SEARCH)
    runs = recorded_runs(candidates, plan, ids)
    recorded = outcomes(ids, recorded_pool(scored.grid, scored.prm), runs, ORDERS, seed, rules=rules)
    # 2. best-of-N weighted, which spends the same on every problem
    ns = [n for n in caps(recorded) if n <= scored.grid.mask.shape[1]]
    votes = weighted_per_problem(scored.grid.answers, scored.prm, scored.grid.correct, ns, scored.grid.mask)
    uniform = dict(zip(ns, votes.per_problem.T, strict=True))
    # 3. the policies, and the searches that they use
    learned = capped_policies(recorded, ids, seed=seed, uniform=uniform)
    used = {action.run for capped in learned for action in capped.policy.actions}
    methods = dict(zip(runs, (method for _, _, method in plan.scored_searches), strict=True))
    policy = ServedPolicy.model_validate(
        {
            "seed": seed,
            "prompt": generator.template(seed),
            "ends_before": generator.opening,
            "sampling": generator.sampling.model_dump(),
            "aggregation": plan.score_aggregation.aggregation,
            "neutral_is": plan.score_aggregation.neutral_is,
            "grading_rules": rules,
            "generator": generator.placement,
            "verifier": verifiers.placement,
            "runs": {name: methods[name] for name in runs if name in used},
            "budgets": [asdict(capped) for capped in learned],
            "chosen_on": len(ids),
        }
    )
    return policy.model_dump(mode="json")
