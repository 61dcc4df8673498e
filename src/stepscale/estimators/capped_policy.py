"""Online policies that never spend more than a budget on any one problem: what a single request needs.

In: ``Outcomes`` whose costs are generations. Out: for each of several budgets the most accurate policy on these problems whose
actions always keep to it. The accuracy and cost of such a policy are measured on problems it was not chosen on. In
``online_policy`` the budget is a mean over problems; someone with a single problem has no others to save on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.cross_validation import fold_of
from stepscale.estimators.intervals import Interval, bootstrap_interval, paired_interval
from stepscale.estimators.online_comparison import cross_validated
from stepscale.estimators.online_outcomes import Outcomes
from stepscale.estimators.online_policy import (
    OnlinePolicy,
    OnlineSearchSpace,
    PolicyResult,
    at_equal_cost,
    choose_policy,
    follow,
)

At = Literal["cap", "mean spending"]


class Lead(BaseModel):
    """Accuracy of a policy minus that of ``generations`` on every problem, paired by problem, with its 95 % interval."""

    model_config = ConfigDict(extra="ignore", frozen=True)  # policies saved by earlier versions also hold an ``error``

    at: At = Field(description="what is equal: the most a problem may cost, or what problems cost on the mean")
    generations: float = Field(gt=0, description="spent on every problem by what it is compared with")
    difference: float = Field(ge=-1, le=1)
    low: float = Field(ge=-1, le=1)
    high: float = Field(ge=-1, le=1)


@dataclass(frozen=True)
class CappedPolicy:
    """The policy for a cap on what any one problem may cost, and what such a policy reaches.

    Attributes:
        budget: The cap, in generations per problem.
        policy: Chosen on all problems.
        accuracy: Expected on a problem that it was not chosen on: by policies chosen alike on the other half of the problems.
        low: Lower bound of the accuracy's 95 % interval over problems, of these policies as they were chosen.
        high: Upper bound.
        error: Monte Carlo standard error of the accuracy.
        generations: Expected on a problem that it was not chosen on.
        leads: Over spending the same on every problem.
    """

    budget: int
    policy: OnlinePolicy
    accuracy: float
    low: float
    high: float
    error: float
    generations: float
    leads: tuple[Lead, ...]


def capped_policies(
    recorded: Outcomes,
    ids: Sequence[str],
    space: OnlineSearchSpace | None = None,
    seed: int = 0,
    uniform: Mapping[int, Floats] | None = None,
) -> list[CappedPolicy]:
    """A policy for each of ``caps``, rising.

    Args:
        recorded: Outcomes whose costs are generations.
        ids: Problem ids [problems].
        space: Policies to choose from; None: the default ones.
        seed: Decides halves and resamples.
        uniform: What they are compared with: accuracy [problems] where so many generations are spent on each problem, by their
            number. Where it was not measured there is no lead.
    """
    space = space or OnlineSearchSpace()
    halves = fold_of(ids, np.ones(len(ids), np.int64), seed)
    policies = []
    for budget in caps(recorded, space):
        result = cross_validated(
            (recorded, recorded), halves, budget, lambda half, cap: policy_within(half, int(cap), space)
        )
        policy = policy_within(recorded, budget, space)
        interval = bootstrap_interval(result.accuracy, seed=seed)
        accuracy = (float(interval.mean), float(interval.low), float(interval.high))
        leads = _leads(result, budget, uniform or {}, seed)
        policies.append(CappedPolicy(budget, policy, *accuracy, result.error, float(result.cost.mean()), leads))
    return policies


def _leads(result: PolicyResult, cap: int, uniform: Mapping[int, Floats], seed: int) -> tuple[Lead, ...]:
    """Over ``uniform`` that spends all of the cap, and over one that spends as much as the policy does on average."""
    gaps: list[tuple[At, float, Interval]] = []
    if cap in uniform:
        gaps.append(("cap", cap, paired_interval(result.accuracy, uniform[cap], seed=seed)))
    spent, ns = float(result.cost.mean()), sorted(uniform)
    if ns and ns[0] <= spent <= ns[-1]:
        measured = np.stack([uniform[n] for n in ns], axis=1)
        gaps.append(("mean spending", spent, at_equal_cost(result, measured, ns, seed=seed)))
    return tuple(
        Lead(at=equal_in, generations=n, difference=float(gap.mean), low=float(gap.low), high=float(gap.high))
        for equal_in, n, gap in gaps
    )


def policy_within(recorded: Outcomes, budget: int, space: OnlineSearchSpace) -> OnlinePolicy:
    """The most accurate policy none of whose actions costs more than ``budget``; of equally accurate ones the fewest probes.

    Args:
        recorded: What a policy may meet on the problems that choose it.
        budget: Samples of one problem, the most that any of its actions may cost.
        space: Probes, actions and thresholds to choose from.

    Raises:
        InputError: No number of probes is so small.
    """
    best: tuple[float, OnlinePolicy] | None = None
    for probes in sorted(space.probes):
        if probes > budget or probes not in recorded.sample_counts:
            continue
        affordable = _affordable(recorded, probes, budget)
        policy = choose_policy(affordable, budget, space.model_copy(update={"probes": (probes,)}))
        accuracy = float(follow(affordable, policy).accuracy.mean())
        if best is None or accuracy > best[0] + 1e-12:
            best = accuracy, policy
    if best is None:
        raise InputError(f"no online policy keeps to {budget} generations; raise the budget or allow fewer probes")
    return best[1]


def caps(recorded: Outcomes, space: OnlineSearchSpace | None = None) -> list[int]:
    """Budgets, rising: 1, 2, 4, ... up to the recorded samples, and those at which a search may follow any number of probes.

    Args:
        recorded: What a policy may meet; its numbers of samples end at the recorded samples.
        space: Its numbers of probes decide the least budget; the usual space where None.

    Returns:
        Budgets in samples of one problem.
    """
    space = space or OnlineSearchSpace()
    probes = [n for n in space.probes if n in recorded.sample_counts]
    searches = {max(probes) + int(cost) for cost in recorded.run_cost.max(axis=0)}
    return sorted(n for n in {*recorded.sample_counts, *searches} if n >= min(probes))


def _affordable(recorded: Outcomes, probes: int, budget: int) -> Outcomes:
    """The same outcomes without samples and runs that would go past the budget after so many probes."""
    n_counts = sum(n <= budget for n in recorded.sample_counts)
    affordable = np.flatnonzero(probes + recorded.run_cost.max(axis=0) <= budget)
    cells = {
        name: getattr(recorded, name)[:, :, :n_counts]
        for name in ("expected_correct", "vote_share", "mean_score", "cost")
    }
    return replace(
        recorded,
        sample_counts=recorded.sample_counts[:n_counts],
        runs=tuple(recorded.runs[i] for i in affordable),
        run_cost=recorded.run_cost[:, affordable],
        run_expected_correct=recorded.run_expected_correct[:, :, :n_counts, affordable],
        **cells,
    )
