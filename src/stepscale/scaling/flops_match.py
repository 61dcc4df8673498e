"""Test-time compute against a larger model that was trained on the same tokens, at equal FLOPs (Snell et al. 2024, 7).

In: the compute-optimal curves of a small model by difficulty bin, and the greedy accuracy of a model M times larger. Out: the
stars over the curves of the paper's Figure 9, and the paired difference at each star. Pretraining costs 6 P D_pre and
inference 2 P D_inf (P parameters, D tokens); the larger model multiplies both by M; the small one spends the
difference on inference. The versions of the paper differ: v1 counts the generator alone, the ICLR version counts
inference as 4 P D_inf, for a verifier as large as the generator. R = D_inf / D_pre.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from stepscale.errors import InputError
from stepscale.scaling.closed_form import Floats
from stepscale.scaling.compute_optimal import ComputeOptimal
from stepscale.scaling.curve import Curve, interval_of
from stepscale.scaling.intervals import Interval

Version = Literal["v1", "iclr"]
RATIOS: dict[Version, tuple[float, float, float]] = {"v1": (0.16, 0.79, 22.0), "iclr": (0.08, 0.40, 11.0)}
"""The papers' R = D_inf / D_pre: few inferences (self-improvement), about as many, many (production)."""
_PRETRAINING: dict[Version, float] = {"v1": 6 / 2, "iclr": 6 / 4}  # cost of a training token in those of inference


def budget_multiplier(size_ratio: float, r: float, version: Version) -> float:
    """By how much the small model may multiply its inference: M + 3 (M - 1) / R in v1, M + 1.5 (M - 1) / R at ICLR.

    ``size_ratio``: M, at least 1; ``r``: D_inf / D_pre, above 0. Raises InputError.
    """
    if size_ratio < 1 or r <= 0 or version not in _PRETRAINING:
        raise InputError(f"FLOPs match needs M >= 1, R > 0, version v1 or iclr, not M={size_ratio}, R={r}, {version!r}")
    return size_ratio + _PRETRAINING[version] / r * (size_ratio - 1)


def flops_match(
    optimal: ComputeOptimal, bins: ArrayLike, larger: ArrayLike, size_ratio: float, version: Version,
    ratios: Sequence[float] | None = None,
) -> pd.DataFrame:  # fmt: skip
    """The stars: a row a bin (0: all problems) and R, for one version of the formula.

    ``bins`` [problems]: those ``optimal`` was made with. ``larger`` [problems]: 1 where the larger model's greedy answer
    is right. Columns: bin, version, r, budget (generations of the small model that cost as much), beyond (more than
    was measured: the largest measured budget stands in, to the small model's disadvantage if its curve still rises), small,
    larger, difference (small - larger) with low and high, better ("small", "larger", "inconclusive" from the interval),
    n_problems. Raises InputError if the lengths differ.
    """
    member, right = np.asarray(bins, np.int64), np.asarray(larger, float)
    if not len(member) == len(right) == optimal.counts.shape[1]:
        raise InputError(
            f"the larger model has {len(right)} answers for {optimal.counts.shape[1]} problems; run it on all"
        )
    rows: list[dict[str, Any]] = []
    for number in range(len(optimal.by_bin) + 1):
        chosen = tuple(range(1, len(optimal.by_bin) + 1)) if number == 0 else (number,)
        inside = np.isin(member, chosen)
        for r in ratios or RATIOS[version]:
            budget = budget_multiplier(size_ratio, r, version)
            found = matched_difference(optimal, member, right, chosen, budget)
            base = float(right[inside].mean())
            rows.append(
                {
                    "bin": number, "version": version, "r": r, "budget": budget, "beyond": budget > max(optimal.budgets),
                    "small": float(found.mean) + base, "larger": base, "difference": float(found.mean),
                    "low": float(found.low), "high": float(found.high), "better": _better(found),
                    "n_problems": int(inside.sum()),
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def matched_difference(
    optimal: ComputeOptimal, bins: NDArray[np.int64], larger: Floats, chosen: Sequence[int], budget: float
) -> Interval:
    """Small model at ``budget`` generations minus the larger one, over the problems of the ``chosen`` bins; paired."""
    ones = np.ones((1, len(bins)), np.int64)
    estimate = _difference(optimal, bins, larger, chosen, budget, ones, resampled=False)
    rows = _difference(optimal, bins, larger, chosen, budget, optimal.counts, resampled=True)
    return interval_of(estimate[0], np.where(np.isnan(rows), estimate, rows))


def _difference(
    optimal: ComputeOptimal, bins: NDArray[np.int64], larger: Floats, chosen: Sequence[int], budget: float,
    counts: NDArray[np.int64], resampled: bool,
) -> Floats:  # fmt: skip
    """Difference of the means [rows]; NaN for a resample that has none of these problems."""
    total, size = np.zeros(len(counts)), np.zeros(len(counts))
    for number in chosen:
        own = counts[:, bins == number]
        n = own.sum(axis=1)
        total += n * _at(optimal.by_bin[number - 1], budget, resampled) - own @ larger[bins == number]
        size += n
    return np.where(size > 0, total / np.maximum(size, 1), np.nan)


def _at(curve: Curve, budget: float, resampled: bool) -> Floats:
    within = np.clip(budget, curve.x[0], curve.x[-1])
    return curve.resampled_at(within)[:, 0] if resampled else np.asarray(curve.at(within).mean)


def _better(difference: Interval) -> str:
    if difference.low > 0:
        return "small"
    return "larger" if difference.high < 0 else "inconclusive"
