"""Test-time compute against a larger model that was trained on the same tokens, at equal FLOPs (Snell et al. 2024, 7).

In: the compute-optimal curves of a small model by difficulty bin, and the greedy accuracy of a model M times larger. Out: the
stars over the curves of the paper's Figure 9, and the paired difference at each star. Pretraining costs 6 P D_pre and inference
2 P D_inf (P parameters, D tokens); R = D_inf / D_pre. The larger model multiplies both by M; the small one spends the difference
on inference. The paper's v1 counts the generator alone; the ICLR version counts inference as 4 P D_inf, for a verifier as large.
Beside both, the match is made in FLOPs as the ledger has them, by the policy that is chosen at equal FLOPs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_bins, checked_number, checked_values
from stepscale.estimators.compute_optimal import ComputeOptimal
from stepscale.estimators.cost_optimal import CostOptimal
from stepscale.estimators.curve import Curve, at_nearest
from stepscale.estimators.intervals import Interval, interval_of_rows, verdict
from stepscale.estimators.resampling import Counts, with_estimate

Version = Literal["v1", "iclr"]
Counted = Literal["generations", "FLOPs"]
Bins = NDArray[np.int64]
RATIOS: dict[Version, tuple[float, float, float]] = {"v1": (0.16, 0.79, 22.0), "iclr": (0.08, 0.40, 11.0)}
"""The papers' R = D_inf / D_pre: few inferences (self-improvement), about as many, many (production)."""
NEAR = 1.1  # a budget that exceeds the largest measured by a tenth at most (a seventh of a doubling) counts as measured
_GAP = ["small", "larger", "difference", "low", "high", "better"]
_SPENT = ["flops", "verifier_flops"]
COLUMNS = ["bin", "version", "r", "counted", "budget", "beyond", *_GAP, *_SPENT, "n_problems"]
_PRETRAINING: dict[Version, float] = {"v1": 6 / 2, "iclr": 6 / 4}  # cost of a training token in those of inference
_GENERATION: dict[Version, float] = {"v1": 1.0, "iclr": 2.0}  # FLOPs of a generation in those of its generator
_COSTS = ("flops", "generator_flops")  # units that the count in FLOPs needs


@dataclass(frozen=True)
class InFlops:
    """What the match in FLOPs takes.

    Attributes:
        policy: Chosen at equal FLOPs.
        generation: FLOPs of the generator for one generation [problems].
    """

    policy: CostOptimal
    generation: Floats


def budget_multiplier(size_ratio: float, r: float, version: Version) -> float:
    """By how much the small model may multiply its inference: M + 3 (M - 1) / R in v1, M + 1.5 (M - 1) / R at ICLR.

    Args:
        size_ratio: M, at least 1.
        r: D_inf / D_pre, above 0.
        version: Of the paper (Snell et al. 2024, 7).

    Raises:
        InputError: One of these is out of range.
    """
    times, rate = checked_number(size_ratio, "M"), checked_number(r, "R")
    if times < 1 or rate <= 0 or version not in list(_PRETRAINING):
        raise InputError(
            f"FLOPs match needs M >= 1, R > 0, version v1 or iclr, not M={times:g}, R={rate:g}, {version!r}"
        )
    return times + _PRETRAINING[version] / rate * (times - 1)


def flops_match(
    optimal: ComputeOptimal,
    bins: ArrayLike,
    larger: ArrayLike,
    size_ratio: float,
    version: Version,
    ratios: Sequence[float] | None = None,
    in_flops: InFlops | None = None,
) -> pd.DataFrame:
    """The stars of Figure 9: a row per bin (0: all problems) and R, for one version of the formula.

    Args:
        optimal: The small model's compute-optimal policy.
        bins: Those that ``optimal`` was made with [problems].
        larger: 1 where the larger model's greedy answer is right, else 0; or a share of several answers [problems].
        size_ratio: How many times more parameters the larger model has.
        version: Of the paper's formula.
        ratios: R = D_inf / D_pre; None: the paper's three.
        in_flops: With it there are rows counted in FLOPs too. The budget is then what the formula grants in FLOPs, spent by
            generator and verifier together. It may be more than the most accurate choice costs: then less is spent.

    Returns:
        Columns bin, version, r, counted, budget (per problem, in generations or FLOPs: what equals the larger model), beyond,
        small, larger, difference (small - larger), low, high, better, flops, verifier_flops, n_problems. ``beyond``: the
        budget is more than was measured, and the largest measured one stands in; that is to the small model's disadvantage if
        its curve still rises. ``better``: "small", "larger" or "inconclusive" by the interval; never "larger" where beyond.
        ``flops``: what the small model spends there, verifier included; ``verifier_flops``: the verifier's part (NaN without
        costs).

    Raises:
        InputError: The lengths differ, or ``larger`` is not within [0, 1].
    """
    budget_multiplier(size_ratio, 1.0, version)  # refuses what no match can be made of
    member, right = (
        checked_bins(bins, optimal.counts.shape[1]),
        checked_values(larger, "answers of the larger model"),
    )
    if right.ndim != 1 or not ((right >= 0) & (right <= 1)).all():
        raise InputError(
            "larger must lie in [0, 1]: for each problem whether the larger model's greedy answer is right"
        )
    if len(right) != len(member):
        raise InputError(
            f"the larger model has {len(right)} answers for {optimal.counts.shape[1]} problems; run it on all"
        )
    shared = (optimal.counts, member, right)
    axis = np.asarray(optimal.budgets, float)
    matches = [_Match("generations", optimal.by_bin, optimal.spent, np.ones(len(member)), axis, *shared)]
    if in_flops is not None:
        policy, price = in_flops.policy, in_flops.generation * _GENERATION[version]
        matches.append(_Match("FLOPs", policy.held_by_bin, policy.spent, price, None, *shared))
    rows = [
        {"bin": number, "version": version, "r": r, **match.row(number, budget_multiplier(size_ratio, r, version))}
        for r, number, match in product(ratios or RATIOS[version], range(len(optimal.by_bin) + 1), matches)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(["counted", "bin"], ascending=[False, True], kind="stable")


def matched_difference(
    optimal: ComputeOptimal, bins: Bins, larger: Floats, chosen: Sequence[int], budgets: ArrayLike
) -> Interval:
    """The small model's accuracy minus the larger one's over the problems of some bins, paired by problem.

    Args:
        optimal: The small model's compute-optimal accuracies.
        bins: Difficulty bin of each problem, from 1 [problems].
        larger: The larger model's accuracy [problems].
        chosen: Bins whose problems count.
        budgets: Generations that the small model may spend; the mean is taken over several.
    """
    granted = np.tile(np.atleast_1d(np.asarray(budgets, float)), (len(bins), 1))
    return _matched(optimal.by_bin, optimal.counts, bins, larger, chosen, granted)


def within(optimal: ComputeOptimal, budget: float) -> bool:
    """Whether a budget was measured, or one as good as it (``NEAR``).

    Args:
        optimal: The compute-optimal results.
        budget: Generations per problem.
    """
    return budget <= NEAR * max(optimal.budgets)


@dataclass(frozen=True)
class _Match:
    """One policy and one larger model, counted in one unit.

    Attributes:
        counted: The unit.
        curves: The policy's by bin.
        spent: By unit of cost what it spends on each problem [problems, budgets].
        price: Of one generation in the unit [problems].
        axis: Budgets of ``spent`` [budgets]; None: its FLOPs.
        counts: How often each problem is in each resample [resamples, problems].
        bins: Of the problems [problems].
        larger: Whether the larger model is right [problems].
    """

    counted: Counted
    curves: Sequence[Curve]
    spent: Mapping[str, Floats]
    price: Floats
    axis: Floats | None
    counts: Counts
    bins: Bins
    larger: Floats

    def row(self, number: int, multiplier: float) -> dict[str, Any]:
        """The comparison in one bin, over its problems.

        Args:
            number: Of the bin, from 1; 0: all problems.
            multiplier: Generations granted to each problem; times ``price`` this is the budget.

        Returns:
            Its columns of ``COLUMNS``, without bin, version and r.
        """
        granted = multiplier * self.price
        chosen = list(range(1, len(self.curves) + 1)) if number == 0 else [number]
        inside = np.isin(self.bins, chosen)
        budgets = {b: float(granted[self.bins == b].mean()) for b in chosen}
        beyond = any(budget > NEAR * self.curves[b - 1].x.max() for b, budget in budgets.items())
        gap = _matched(self.curves, self.counts, self.bins, self.larger, chosen, granted[:, None])
        base, lead, budget = float(self.larger[inside].mean()), float(gap.mean), float(granted[inside].mean())
        outcome = verdict(float(gap.low), float(gap.high), int(inside.sum()))
        better = "small" if outcome == "wins" else "larger" if outcome == "loses" and not beyond else "inconclusive"
        compared = (lead + base, base, lead, float(gap.low), float(gap.high), better)
        return {
            "counted": self.counted,
            "budget": budget,
            "beyond": beyond,
            **dict(zip(_GAP, compared, strict=True)),
            **dict(zip(_SPENT, self._flops(inside, budget), strict=True)),
            "n_problems": int(inside.sum()),
        }

    def _flops(self, inside: NDArray[np.bool_], budget: float) -> tuple[float, float]:
        """FLOPs per problem at the budget, linear between the measured ones and never beyond; and the verifier's part."""
        if not set(_COSTS) <= set(self.spent):
            return float("nan"), float("nan")
        total, writing = (self.spent[unit][inside].mean(axis=0) for unit in _COSTS)
        axis = total if self.axis is None else self.axis
        order = np.argsort(axis, kind="stable")
        flops, reading = (float(np.interp(budget, axis[order], part[order])) for part in (total, total - writing))
        return flops, reading


def _matched(
    curves: Sequence[Curve], counts: Counts, bins: Bins, larger: Floats, chosen: Sequence[int], budgets: Floats
) -> Interval:
    """Small minus larger over the problems of the ``chosen`` bins, at the mean over several budgets [problems, several].

    A bin has the mean budget of its problems in a resample; outside of what was measured the nearest end of its curve stands
    in. A resample that has none of these problems keeps the estimate.
    """
    counts = with_estimate(counts)
    total, size = np.zeros(len(counts)), np.zeros(len(counts))
    for number in chosen:
        in_bin = counts[:, bins == number]
        n = in_bin.sum(axis=1)
        granted = in_bin @ budgets[bins == number] / np.maximum(n, 1)[:, None]
        total += n * at_nearest(*curves[number - 1].rows, granted).mean(axis=1) - in_bin @ larger[bins == number]
        size += n
    means = total / np.maximum(size, 1)
    interval = interval_of_rows(np.where(size > 0, means, means[0]))
    return replace(interval, n_problems=int(np.isin(bins, list(chosen)).sum()))
