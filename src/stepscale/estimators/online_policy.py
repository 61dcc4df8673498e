"""A policy that pays for its own estimate of difficulty: draw probes, keep them, then draw more samples or switch to search.

In: ``Outcomes`` (recorded samples in random orders, and search runs). Out: a policy chosen on some problems, and what it
reaches and spends on others. It draws a few probe samples and stops if the verifier is sure of them. Else the mean score
tells a difficulty bin, and the bin an action: sample on until sure or up to n, or run a search and vote over its
candidates and the probes together. Everything counts, probes included; the budget is the mean over problems, so what easy
problems save is spent on hard ones. It never sees a gold answer when it runs. Goes past Snell et al. 2024 (8).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from stepscale.errors import InputError
from stepscale.estimators.checking import Floats
from stepscale.estimators.curve import at_nearest, curve
from stepscale.estimators.difficulty import N_BINS, bin_borders, bins_by_border
from stepscale.estimators.intervals import Interval, interval_of_rows
from stepscale.estimators.online_outcomes import Outcomes
from stepscale.estimators.resampling import resample_counts, with_estimate

_NEVER = 2.0  # a vote is never so sure


class Action(BaseModel):
    """What to do in a bin: sample on, up to ``samples`` in all (probes included), or ``run`` a search by its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    samples: int = Field(ge=1, description="samples in all, probes included; with a run: the probes")
    run: str | None = Field(None, description="search run to switch to after the probes")


class OnlinePolicy(BaseModel):
    """All that the policy knows when it meets a problem."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probes: int = Field(ge=1, description="samples drawn first")
    sure: float = Field(ge=0, description="stop when the winner's sum of scores is this share of the samples drawn")
    borders: tuple[float, ...] = Field(description="falling borders between bins, in mean score of the probes")
    actions: tuple[Action, ...] = Field(description="one per bin, easiest first")

    def bin(self, mean_score: float) -> int:
        """The bin, 1 (easiest) to ``len(borders) + 1``, of probes of this mean score in [0, 1]; unanswered ones count as 0."""
        return int(bins_by_border([mean_score], self.borders)[0])

    def action(self, mean_score: float) -> Action:
        """What to do after probes of this mean score in [0, 1]."""
        return self.actions[self.bin(mean_score) - 1]


class OnlineSearchSpace(BaseModel):
    """The policies that are tried on the problems they are chosen on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    probes: tuple[int, ...] = Field((1, 2, 4, 8), min_length=1, description="numbers of probes; powers of 2")
    sure: tuple[float, ...] = Field(
        (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, _NEVER), min_length=1, description="thresholds; above 1: never stop early"
    )
    n_bins: int = Field(N_BINS, ge=1, description="difficulty bins")


@dataclass(frozen=True)
class PolicyResult:
    """What a policy reaches.

    Attributes:
        accuracy: Expected over the orders [problems].
        cost: Likewise what it spends, in the unit of the outcomes [problems].
        error: Monte Carlo standard error of the mean accuracy.
        stopped: Share of cases in which the probes were enough.
    """

    accuracy: Floats
    cost: Floats
    error: float
    stopped: float


def follow(outcomes: Outcomes, policy: OnlinePolicy) -> PolicyResult:
    """The policy on these problems, every step as it would happen.

    Args:
        outcomes: What a policy meets after each number of probes.
        policy: Probes, threshold, and the action of each bin.

    Returns:
        Accuracy and cost of each problem [problems], means over the recorded orders.

    Raises:
        InputError: It needs what was not recorded.
    """
    index = _count_index(outcomes, policy.probes)
    bins = bins_by_border(outcomes.mean_score[:, :, index], policy.borders)
    stopped = outcomes.vote_share[:, :, index] >= policy.sure
    right, cost = outcomes.expected_correct[:, :, index].copy(), outcomes.cost[:, :, index].copy()
    for number, action in enumerate(policy.actions, 1):
        in_bin = (bins == number) & ~stopped
        if not in_bin.any():
            continue
        won, spent = _act(outcomes, index, policy.sure, action)
        right[in_bin], cost[in_bin] = won[in_bin], spent[in_bin]
    means = right.mean(axis=1)
    error = float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else 0.0
    return PolicyResult(right.mean(axis=0), cost.mean(axis=0), error, float(stopped.mean()))


def choose_policy(outcomes: Outcomes, budget: float, space: OnlineSearchSpace | None = None) -> OnlinePolicy:
    """The most accurate policy whose mean cost on these problems is within a budget.

    For each number of probes and threshold every bin's action maximizes accuracy - price x cost, and the lowest price that keeps
    to the budget is taken.

    Args:
        outcomes: Of training or validation problems, never of those the policy is measured on.
        budget: Mean cost per problem, in the unit of the outcomes.
        space: Policies to choose from; None: the default ones.

    Raises:
        InputError: Even the cheapest policy costs more.
    """
    space = space or OnlineSearchSpace()
    best: tuple[float, OnlinePolicy] | None = None
    for probes, sure in product((n for n in space.probes if n in outcomes.sample_counts), space.sure):
        priced = _priced(outcomes, _count_index(outcomes, probes), sure, space.n_bins, budget)
        if priced is not None and (best is None or priced[0] > best[0] + 1e-12):
            best = priced
    if best is None:
        raise InputError(f"no online policy costs {budget} or less; raise the budget or allow fewer probes")
    return best[1]


def at_equal_cost(
    online: PolicyResult, per_problem: ArrayLike, x: ArrayLike, resamples: int = 2000, seed: int = 0
) -> Interval:
    """Accuracy of the online policy minus that of another at the same mean cost, paired by problem.

    The other is read off its curve at the cost that the online policy has in the same resample.

    Args:
        online: The online policy's result.
        per_problem: Accuracy of the other [problems, budgets].
        x: Its budgets [budgets], or costs [problems, budgets], in the unit of the online policy.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides the resamples.

    Raises:
        InputError: The online policy's cost lies outside of what was measured of the other.
    """
    rival, n = curve(per_problem, x, resamples, seed), len(online.cost)
    counts = with_estimate(resample_counts(n, resamples, seed))
    spent, won = counts @ online.cost / n, counts @ online.accuracy / n
    least, most = rival.x.min(), rival.x.max()
    if not least <= spent[0] <= most:
        raise InputError(f"the other policy was measured at {least:g} to {most:g}, not at {spent[0]:g}; add budgets")
    return interval_of_rows(won - at_nearest(*rival.rows, spent[:, None])[:, 0])


def _count_index(outcomes: Outcomes, n: int) -> int:
    if n not in outcomes.sample_counts:
        raise InputError(f"an online policy of {n} samples needs a number among {outcomes.sample_counts}")
    return outcomes.sample_counts.index(n)


def _act(outcomes: Outcomes, index: int, sure: float, action: Action) -> tuple[Floats, Floats]:
    """(expected correctness, cost) [orders, problems] of an action after as many probes as ``sample_counts[index]``."""
    if action.run is not None:
        if action.run not in outcomes.runs:
            raise InputError(f"the policy's run {action.run!r} was not recorded; there are {', '.join(outcomes.runs)}")
        if index >= outcomes.run_expected_correct.shape[2]:
            raise InputError(
                f"searches after {outcomes.sample_counts[index]} probes were not recorded; raise most_probes"
            )
        i = outcomes.runs.index(action.run)
        cost = outcomes.cost[:, :, index] + outcomes.run_cost[None, :, i]
        return outcomes.run_expected_correct[:, :, index, i], cost
    indexes = np.arange(index, max(_count_index(outcomes, action.samples), index) + 1)
    enough = outcomes.vote_share[:, :, indexes] >= sure
    enough[:, :, -1] = True
    end = indexes[enough.argmax(axis=2)][:, :, None]
    correct = np.take_along_axis(outcomes.expected_correct, end, 2)
    return correct[:, :, 0], np.take_along_axis(outcomes.cost, end, 2)[:, :, 0]


def _priced(
    outcomes: Outcomes, index: int, sure: float, n_bins: int, budget: float
) -> tuple[float, OnlinePolicy] | None:
    """(accuracy, policy) of the best actions within the budget for these probes and threshold; None if all cost more."""
    # 1. difficulty bins by the mean score of the probes, and where the probes are enough
    mean_score = outcomes.mean_score[:, :, index]
    borders = bin_borders(mean_score.ravel(), n_bins)
    bins, stopped = bins_by_border(mean_score, borders), outcomes.vote_share[:, :, index] >= sure
    # 2. what every action would reach and cost in each bin
    probes = outcomes.sample_counts[index]
    actions = [Action(samples=n) for n in outcomes.sample_counts[index:]]
    if index < outcomes.run_expected_correct.shape[2]:
        actions += [Action(samples=probes, run=name) for name in outcomes.runs]
    won, spent = np.zeros((n_bins, len(actions))), np.zeros((n_bins, len(actions)))
    places = [np.flatnonzero((bins == b + 1) & ~stopped) for b in range(n_bins)]
    for i, action in enumerate(actions):
        right, cost = (values.ravel() for values in _act(outcomes, index, sure, action))
        for b, in_bin in enumerate(places):
            won[b, i], spent[b, i] = right[in_bin].sum() / stopped.size, cost[in_bin].sum() / stopped.size
    # 3. the best action of each bin, with what is left once the probes that are enough are paid
    sunk = float(outcomes.cost[:, :, index][stopped].sum() / stopped.size)
    right_at_once = float(outcomes.expected_correct[:, :, index][stopped].sum() / stopped.size)
    best = _within(won, spent, budget - sunk)
    if best is None:
        return None
    best_actions = tuple(actions[i] for i in best)
    policy = OnlinePolicy(probes=probes, sure=sure, borders=tuple(map(float, borders)), actions=best_actions)
    return right_at_once + float(won[np.arange(n_bins), best].sum()), policy


def _within(won: Floats, spent: Floats, budget: float) -> NDArray[np.int64] | None:
    """The action of each bin at the lowest price that keeps to the budget; None if even the cheapest costs more.

    The higher the price, the less is spent, so the price is found by bisection. Costs are taken as shares of the dearest
    action's: a price so small that it only breaks ties in generations would be a real one in FLOPs.
    """
    dearest = float(spent.max()) or 1.0
    spent, budget = spent / dearest, budget / dearest
    prices, rows = _prices(won, spent), np.arange(len(won))
    low, high = 0, len(prices)
    while low < high:
        middle = (low + high) // 2
        if spent[rows, _at_price(won, spent, prices[middle])].sum() <= budget * (1 + 1e-9):
            high = middle
        else:
            low = middle + 1
    return _at_price(won, spent, prices[low]) if low < len(prices) else None


def _at_price(won: Floats, spent: Floats, price: float) -> NDArray[np.int64]:
    """The best action of each bin; of equally good ones the cheapest."""
    return np.asarray((won - (price + 1e-12) * spent).argmax(axis=1))


def _prices(won: Floats, spent: Floats) -> Sequence[float]:
    """All prices at which some bin changes its action, rising from 0, each a little above: they hold every optimum."""
    gain, more = won[:, :, None] - won[:, None, :], spent[:, :, None] - spent[:, None, :]
    slopes: NDArray[np.float64] = gain[more > 1e-12] / more[more > 1e-12]
    above = slopes[slopes > 0] * (1 + 1e-9)
    return [0.0, *np.unique(above), float(above.max(initial=0.0)) * 2 + 1e-6]
