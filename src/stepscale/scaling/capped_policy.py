"""Online policies that never spend more than a budget on any one problem: what a single request asks for.

In: ``Outcomes`` whose costs are generations. Out: for each of several budgets the policy that is most accurate on these
problems with actions that always keep to it, and what such a policy reaches and spends on problems it was
not chosen on. The choice is that of ``online_policy``, among the actions that are left. There the budget is a mean over
problems; who asks about one problem has no others to save on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from stepscale.errors import InputError
from stepscale.scaling.compute_optimal import fold_of
from stepscale.scaling.intervals import bootstrap_interval
from stepscale.scaling.online_comparison import cross_followed
from stepscale.scaling.online_outcomes import Outcomes
from stepscale.scaling.online_policy import OnlinePolicy, OnlineSearchSpace, choose_policy, follow


@dataclass(frozen=True)
class CappedPolicy:
    """``policy`` spends at most ``budget`` generations on a problem. ``accuracy`` and ``generations``: expected on a problem it
    was not chosen on, by policies that were chosen alike on the other half of the problems. ``low``, ``high``: the accuracy's
    95 % interval over problems, of these policies as they were chosen.
    """

    budget: int
    policy: OnlinePolicy
    accuracy: float
    low: float
    high: float
    generations: float


def capped_policies(
    met: Outcomes, ids: Sequence[str], space: OnlineSearchSpace | None = None, seed: int = 0
) -> list[CappedPolicy]:
    """A policy for 1, 2, 4, ... generations up to the recorded samples, and for each search after the most probes; rising."""
    space = space or OnlineSearchSpace()
    halves = fold_of(ids, np.ones(len(ids), np.int64), seed)
    found = []
    for budget in _budgets(met, space):
        followed = cross_followed(met, halves, budget, lambda own, cap: policy_within(own, int(cap), space))
        policy = policy_within(met, budget, space)
        told = bootstrap_interval(followed.accuracy, seed=seed)
        accuracy = (float(told.mean), float(told.low), float(told.high))
        found.append(CappedPolicy(budget, policy, *accuracy, float(followed.cost.mean())))
    return found


def policy_within(met: Outcomes, budget: int, space: OnlineSearchSpace) -> OnlinePolicy:
    """The most accurate policy none of whose actions costs more than ``budget``; of equally accurate ones the fewest probes.

    Raises InputError if no number of probes is so small.
    """
    best: tuple[float, OnlinePolicy] | None = None
    for probes in sorted(space.probes):
        if probes > budget or probes not in met.ladder:
            continue
        left = _affordable(met, probes, budget)
        policy = choose_policy(left, budget, space.model_copy(update={"probes": (probes,)}))
        accuracy = float(follow(left, policy).accuracy.mean())
        if best is None or accuracy > best[0] + 1e-12:
            best = accuracy, policy
    if best is None:
        raise InputError(f"no online policy keeps to {budget} generations; raise the budget or allow fewer probes")
    return best[1]


def _budgets(met: Outcomes, space: OnlineSearchSpace) -> list[int]:
    """The ladder's, and those at which a search becomes possible after any number of probes."""
    probes = [n for n in space.probes if n in met.ladder]
    searches = {max(probes) + int(cost) for cost in met.run_cost.max(axis=0)}
    return sorted(n for n in {*met.ladder, *searches} if n >= min(probes))


def _affordable(met: Outcomes, probes: int, budget: int) -> Outcomes:
    """The same outcomes without samples and runs that would go past the budget after so many probes."""
    rungs = sum(n <= budget for n in met.ladder)
    kept = np.flatnonzero(probes + met.run_cost.max(axis=0) <= budget)
    cells = {name: getattr(met, name)[:, :, :rungs] for name in ("right", "sure", "easy", "cost")}
    return replace(
        met, ladder=met.ladder[:rungs], runs=tuple(met.runs[i] for i in kept), run_cost=met.run_cost[:, kept],
        run_right=met.run_right[:, :, :rungs, kept], **cells,
    )  # fmt: skip
