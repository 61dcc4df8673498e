"""Test-time compute against a larger model that was trained on the same tokens, at equal FLOPs (Snell et al. 2024, 7).

In: the compute-optimal curves of a small model by difficulty bin, and the greedy accuracy of a model M times larger. Out: the
stars over the curves of the paper's Figure 9, and the paired difference at each star. Pretraining costs 6 P D_pre and
inference 2 P D_inf (P parameters, D tokens); the larger model multiplies both by M; the small one spends the
difference on inference. The versions of the paper differ: v1 counts the generator alone, the ICLR version counts
inference as 4 P D_inf, for a verifier as large as the generator. R = D_inf / D_pre. Beside both, the same match is made in
FLOPs as the ledger has them, what the verifier really reads included, by the policy that is chosen at equal FLOPs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.estimators.checking import Floats, checked_bins, checked_values
from stepscale.estimators.compute_optimal import ComputeOptimal
from stepscale.estimators.cost_optimal import CostOptimal
from stepscale.estimators.curve import Curve, at_nearest, by_spending
from stepscale.estimators.intervals import NOISE, Counts, Interval, interval_of

Version = Literal["v1", "iclr"]
Counted = Literal["generations", "FLOPs"]
Bins = NDArray[np.int64]
RATIOS: dict[Version, tuple[float, float, float]] = {"v1": (0.16, 0.79, 22.0), "iclr": (0.08, 0.40, 11.0)}
"""The papers' R = D_inf / D_pre: few inferences (self-improvement), about as many, many (production)."""
NEAR = 1.1  # a budget that exceeds the largest measured by a tenth at most (a seventh of a doubling) counts as measured
_GAP = ["small", "larger", "difference", "low", "high", "better"]
_SPENT = ["flops", "verifier_flops"]
COLUMNS = ["bin", "version", "r", "counted", "budget", "beyond", *_GAP, *_SPENT, "n_problems", "error"]
_PRETRAINING: dict[Version, float] = {"v1": 6 / 2, "iclr": 6 / 4}  # cost of a training token in those of inference
_GENERATION: dict[Version, float] = {"v1": 1.0, "iclr": 2.0}  # FLOPs of a generation in those of its generator
_COSTS = ("flops", "generator_flops")  # units that the count in FLOPs needs


@dataclass(frozen=True)
class InFlops:
    """What the match in FLOPs takes.

    Attributes:
        policy: Chosen at equal FLOPs.
        generation: FLOPs of the generator for one generation [problems].
        errors: Monte Carlo error of the policy's accuracy in a bin at each of its points [bins, points].
    """

    policy: CostOptimal
    generation: Floats
    errors: Floats | None = None


def budget_multiplier(size_ratio: float, r: float, version: Version) -> float:
    """By how much the small model may multiply its inference: M + 3 (M - 1) / R in v1, M + 1.5 (M - 1) / R at ICLR.

    Args:
        size_ratio: M, at least 1.
        r: D_inf / D_pre, above 0.
        version: Of the paper (Snell et al. 2024, 7).

    Raises:
        InputError: One of these is out of range.
    """
    if size_ratio < 1 or r <= 0 or version not in _PRETRAINING:
        raise InputError(f"FLOPs match needs M >= 1, R > 0, version v1 or iclr, not M={size_ratio}, R={r}, {version!r}")
    return size_ratio + _PRETRAINING[version] / r * (size_ratio - 1)


def flops_match(
    optimal: ComputeOptimal,
    bins: ArrayLike,
    larger: ArrayLike,
    size_ratio: float,
    version: Version,
    ratios: Sequence[float] | None = None,
    errors: ArrayLike | None = None,
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
        errors: Greatest Monte Carlo error of the policy's accuracy in a bin at each budget [bins, budgets].
        in_flops: With it there are rows counted in FLOPs too. The budget is then what the formula grants in FLOPs, spent by
            generator and verifier together. It may be more than the most accurate choice costs: then less is spent.

    Returns:
        Columns bin, version, r, counted, budget (per problem, in generations or FLOPs: what equals the larger model), beyond,
        small, larger, difference (small - larger), low, high, better, flops, verifier_flops, n_problems, error. ``beyond``: the
        budget is more than was measured, and the largest measured one stands in; that is to the small model's disadvantage if
        its curve still rises. ``better``: "small", "larger" or "inconclusive" by the interval; never "larger" where beyond.
        ``flops``: what the small model spends there, verifier included; ``verifier_flops``: the verifier's part (NaN without
        costs). ``error``: the greatest Monte Carlo error of small and difference; NaN where it is not known.

    Raises:
        InputError: The lengths differ, or ``larger`` is not within [0, 1].
    """
    member, right = checked_bins(bins, len(np.asarray(bins))), checked_values(larger, "answers of the larger model")
    if right.ndim != 1 or not ((right >= 0) & (right <= 1)).all():
        raise InputError(
            "larger must lie in [0, 1] for each problem: whether the larger model's greedy answer is right"
        )
    if not len(member) == len(right) == optimal.counts.shape[1]:
        raise InputError(
            f"the larger model has {len(right)} answers for {optimal.counts.shape[1]} problems; run it on all"
        )
    match = _Match(optimal, member, right, None if errors is None else np.asarray(errors, float), in_flops)
    rows: list[dict[str, Any]] = []
    for r in ratios or RATIOS[version]:
        budget = budget_multiplier(size_ratio, r, version)
        for number in range(len(optimal.by_bin) + 1):
            named = {"bin": number, "version": version, "r": r}
            rows.append({**named, **match.row(number, "generations", np.full(len(member), budget))})
            if in_flops is not None:
                granted = budget * in_flops.generation * _GENERATION[version]
                rows.append({**named, **match.row(number, "FLOPs", granted)})
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(["counted", "bin"], ascending=[False, True], kind="stable")


def matched_difference(
    optimal: ComputeOptimal, bins: Bins, larger: Floats, chosen: Sequence[int], budgets: ArrayLike
) -> Interval:
    """Small model at ``budgets`` generations (the mean over several) minus the larger one, over the problems of the
    ``chosen`` bins; paired by problem.
    """
    granted = np.tile(np.atleast_1d(np.asarray(budgets, float)), (len(bins), 1))
    return _matched(optimal.by_bin, optimal.counts, bins, larger, chosen, granted)


def within(optimal: ComputeOptimal, budget: float) -> bool:
    """Whether so many generations were measured, or as good as (``NEAR``)."""
    return budget <= NEAR * max(optimal.budgets)


class _Match:
    """Rows of the table for one policy and one larger model."""

    def __init__(
        self, optimal: ComputeOptimal, bins: Bins, larger: Floats, errors: Floats | None, in_flops: InFlops | None
    ) -> None:
        self.bins, self.larger, self.counts = bins, larger, optimal.counts
        self.curves: dict[Counted, Sequence[Curve]] = {"generations": optimal.by_bin}
        self.errors, self.spent = {"generations": errors}, {"generations": optimal.spent}
        self.axis = np.asarray(optimal.budgets, float)
        if in_flops is not None:
            in_bins = in_flops.errors
            self.curves["FLOPs"], self.spent["FLOPs"] = in_flops.policy.held_by_bin, in_flops.policy.spent
            self.errors["FLOPs"] = (
                None if in_bins is None else np.column_stack([in_bins, in_bins[:, -1]])
            )  # as the curves are held

    def row(self, number: int, counted: Counted, granted: Floats) -> dict[str, Any]:
        """One bin (0: all) where every problem is granted a budget [problems] in generations or FLOPs."""
        curves = self.curves[counted]
        chosen = list(range(1, len(curves) + 1)) if number == 0 else [number]
        inside = np.isin(self.bins, chosen)
        budgets = {b: granted[self.bins == b].mean(keepdims=True) for b in chosen}
        beyond = any(budgets[b][0] > NEAR * curves[b - 1].x.max() for b in chosen)
        gap = _matched(curves, self.counts, self.bins, self.larger, chosen, granted[:, None])
        base, lead = float(self.larger[inside].mean()), float(gap.mean)
        return {
            "counted": counted,
            "budget": float(granted[inside].mean()),
            "beyond": beyond,
            "small": lead + base,
            "larger": base,
            "difference": lead,
            "low": float(gap.low),
            "high": float(gap.high),
            "better": _better(gap, beyond),
            **self._spent(inside, counted, float(granted[inside].mean())),
            "n_problems": int(inside.sum()),
            "error": self._error(counted, budgets),
        }

    def _error(self, counted: Counted, budgets: Mapping[int, Floats]) -> float:
        """Monte Carlo error at the bins' budgets: between two points no more than theirs in the same proportions."""
        errors, total = self.errors[counted], 0.0
        if errors is None:
            return float("nan")
        for b, budget in budgets.items():
            x, at_points = by_spending(self.curves[counted][b - 1].x[None], errors[b - 1][None])
            total += float((self.bins == b).sum() * np.interp(np.log(budget[0]), np.log(x[0]), at_points[0])) ** 2
        return float(np.sqrt(total) / np.isin(self.bins, list(budgets)).sum())

    def _spent(self, inside: NDArray[np.bool_], counted: Counted, budget: float) -> dict[str, float]:
        """FLOPs per problem at the budget, linear between the measured ones; what lies beyond is not extrapolated."""
        spent = self.spent[counted]
        if not set(_COSTS) <= set(spent):
            return dict.fromkeys(("flops", "verifier_flops"), float("nan"))
        whole, writing = (spent[unit][inside].mean(axis=0) for unit in _COSTS)
        axis = self.axis if counted == "generations" else whole
        order = np.argsort(axis, kind="stable")
        flops, read = (float(np.interp(budget, axis[order], part[order])) for part in (whole, whole - writing))
        return {"flops": flops, "verifier_flops": read}


def _matched(
    curves: Sequence[Curve], counts: Counts, bins: Bins, larger: Floats, chosen: Sequence[int], budgets: Floats
) -> Interval:
    """Over the problems of the ``chosen`` bins; ``budgets`` [problems, several]: a bin has the mean of its own in a resample."""
    ones = np.ones((1, len(bins)), np.int64)
    estimate = _difference(curves, ones, bins, larger, chosen, budgets, resampled=False)
    rows = _difference(curves, counts, bins, larger, chosen, budgets, resampled=True)
    interval = interval_of(estimate[0], np.where(np.isnan(rows), estimate, rows))
    return replace(interval, n_problems=int(np.isin(bins, list(chosen)).sum()))


def _difference(
    curves: Sequence[Curve],
    counts: Counts,
    bins: Bins,
    larger: Floats,
    chosen: Sequence[int],
    budgets: Floats,
    resampled: bool,
) -> Floats:
    """Difference of the means [rows]; NaN for a resample that has none of these problems."""
    total, size = np.zeros(len(counts)), np.zeros(len(counts))
    for number in chosen:
        in_bin = counts[:, bins == number]
        n = in_bin.sum(axis=1)
        granted = in_bin @ budgets[bins == number] / np.maximum(n, 1)[:, None]
        total += n * _at(curves[number - 1], granted, resampled) - in_bin @ larger[bins == number]
        size += n
    return np.where(size > 0, total / np.maximum(size, 1), np.nan)


def _at(curve: Curve, budgets: Floats, resampled: bool) -> Floats:
    """Mean accuracy over the budgets [rows, several]; outside of what was measured its nearest end stands in."""
    if not resampled:
        within_curve = curve.at(np.clip(budgets[0], curve.x.min(), curve.x.max())).mean
        return np.array([within_curve.mean()])
    return np.asarray(at_nearest(curve.x_resampled, curve.resampled, budgets).mean(axis=1))


def _better(difference: Interval, beyond: bool) -> str:
    if difference.low > NOISE:
        return "small"
    return "larger" if difference.high < -NOISE and not beyond else "inconclusive"
