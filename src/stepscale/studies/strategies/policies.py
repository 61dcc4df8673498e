"""Compute-optimal policies, what they save and what is reached at equal cost, for searches and revisions alike.

A policy is chosen at equal generations where spending is counted in generations, and at equal cost where it is counted in
tokens or FLOPs (``cost_optimal``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.estimators.compute_optimal import StrategyResults, compute_optimal
from stepscale.estimators.cost_optimal import CostOptimal, cost_optimal
from stepscale.estimators.curve import Curve, difference
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.efficiency import efficiency, efficiency_table
from stepscale.estimators.equal_cost import accuracy_at_cost
from stepscale.estimators.intervals import Interval
from stepscale.studies.strategies.curve_table import UNITS, Curves
from stepscale.studies.strategies.tables import CHOSEN


@dataclass(frozen=True)
class Policies:
    """By (unit, label): ``curves``, and ``by_cost`` what was chosen at equal cost.

    ``chosen``: a row for each kind of bins, unit, bin, half and budget of the baseline.
    """

    curves: dict[tuple[str, str], Curve]
    by_cost: dict[tuple[str, str], CostOptimal]
    chosen: pd.DataFrame


def policies(
    results: StrategyResults, bins: Mapping[str, tuple[str, Bins]], baseline: str, resamples: int, seed: int
) -> Policies:
    """The policies of ``bins``: by label the kind of bins and the bin of each problem [problems]."""
    curves: dict[tuple[str, str], Curve] = {}
    by_cost, chosen = {}, []
    for label, (kind, member) in bins.items():
        for unit, shown in UNITS.items():
            if unit is None:
                optimal = compute_optimal(results, member, resamples, seed)
                curves[shown, label] = optimal.curve
                spent = optimal.chosen["budget"].astype(float)
                choices = optimal.chosen.assign(n=optimal.chosen["budget"], cost=spent, allowed=spent)
            else:
                by_cost[shown, label] = cost_optimal(results, member, baseline, unit, resamples, seed)
                curves[shown, label] = by_cost[shown, label].curve
                choices = by_cost[shown, label].chosen
            chosen.append(choices.assign(bins=kind, unit=shown))
    return Policies(curves, by_cost, pd.concat(chosen, ignore_index=True)[list(CHOSEN.columns)])


def at_equal_cost(curves: Curves, optimal: Policies, baseline: str) -> pd.DataFrame:
    """Accuracy at the same spending, in tokens and in FLOPs, and the paired difference from the ``baseline``.

    A policy that spends less than it may keeps its accuracy up to what the baseline spends.
    """
    parts = []
    for unit in (UNITS["tokens"], UNITS["flops"]):
        in_unit = {label: curve for (shown, label), curve in curves.items() if shown == unit}
        in_unit |= {label: policy.held for (shown, label), policy in optimal.by_cost.items() if shown == unit}
        parts.append(accuracy_at_cost(in_unit, baseline).assign(unit=unit))
    return pd.concat(parts, ignore_index=True)


def savings(curves: Curves, baseline: str, labels: Sequence[str], budgets: Sequence[int]) -> pd.DataFrame:
    """How many times less than the ``baseline`` at each of its ``budgets``, in each unit (Snell et al. 2024, Figures 4 and 8).

    ``at``: what the baseline spends there, in the unit.
    """
    parts = [
        efficiency_table(curves[unit, baseline], curves[unit, label]).assign(policy=label, unit=unit, n=list(budgets))
        for label in labels
        for unit in UNITS.values()
    ]
    return pd.concat(parts, ignore_index=True)


def gain_of_bins(results: StrategyResults, bins: Bins, budget: int, resamples: int, seed: int) -> Interval:
    """Accuracy of a strategy for each bin minus that of one for all, at budget number ``budget``; both cross-validated."""
    by_bin = compute_optimal(results, bins, resamples, seed).curve
    for_all = compute_optimal(results, np.ones_like(bins), resamples, seed).curve
    gain = difference(by_bin, for_all)
    return Interval(gain.mean[budget], gain.low[budget], gain.high[budget], len(bins))


def times_fewer(
    results: StrategyResults, baseline: str, bins: Mapping[str, Bins], resamples: int, seed: int
) -> dict[str, Interval]:
    """By how much the baseline's generations exceed the compute-optimal policy's at equal accuracy, less 1.

    At the baseline's own largest budget, for each kind of ``bins``; -1 where the policy never matches it.
    """
    curve, quantities = results.curve(baseline, None, resamples, seed), {}
    for kind, member in bins.items():
        factor = efficiency(curve, compute_optimal(results, member, resamples, seed).curve).factor
        quantities[kind] = Interval(factor.mean - 1, factor.low - 1, factor.high - 1, len(member))
    return quantities
