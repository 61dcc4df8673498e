"""Compute-optimal policies beside a baseline, for searches and revisions alike: their curves, what they chose, what they save.

Against generations a policy is chosen at equal generations, against tokens and FLOPs at equal cost with the baseline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import StrategyResults, compute_optimal
from stepscale.estimators.cost_optimal import CostOptimal, cost_optimal
from stepscale.estimators.curve import Curve
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.efficiency import efficiency_table
from stepscale.estimators.equal_cost import COLUMNS, accuracy_at_cost
from stepscale.studies.search.curve_table import UNITS

Curves = Mapping[tuple[str, str], Curve]  # by (unit, label), units as they are shown
CHOSEN = [
    "bins",
    "unit",
    "bin",
    "fold",
    "budget",
    "strategy",
    "n",
    "chosen_on",
    "measured",
    "cost",
    "allowed",
    "n_problems",
]
SAVINGS = ["policy", "unit", "n", "at", "accuracy", "error", "factor", "low", "high", "status", "matched"]
AT_COST = ["unit", *COLUMNS]


@dataclass(frozen=True)
class Policies:
    """By (unit, label): ``curves``, and ``by_cost`` what was chosen at equal cost.

    ``chosen``: a row a (kind of bins, unit, bin, half, budget of the baseline).
    """

    curves: dict[tuple[str, str], Curve]
    by_cost: dict[tuple[str, str], CostOptimal]
    chosen: pd.DataFrame


def policies(
    results: StrategyResults, bins: Mapping[str, tuple[str, Bins]], baseline: str, resamples: int, seed: int
) -> Policies:
    """The policies of ``bins``: by label the kind of bins and the bin of each problem."""
    curves: dict[tuple[str, str], Curve] = {}
    by_cost, chosen = {}, []
    for label, (kind, member) in bins.items():
        for unit, shown in UNITS.items():
            if unit is None:
                optimal = compute_optimal(results, member, resamples, seed)
                curves[shown, label] = optimal.curve
                own = optimal.chosen
                told = own.assign(
                    n=own["budget"], cost=own["budget"].astype(float), allowed=own["budget"].astype(float)
                )
            else:
                by_cost[shown, label] = cost_optimal(results, member, baseline, unit, resamples, seed)
                curves[shown, label] = by_cost[shown, label].curve
                told = by_cost[shown, label].chosen
            chosen.append(told.assign(bins=kind, unit=shown))
    return Policies(curves, by_cost, pd.concat(chosen, ignore_index=True)[CHOSEN])


def at_cost(
    curves: Curves, found: Policies, baseline: str, errors: Mapping[tuple[str, str], Floats] | None = None
) -> pd.DataFrame:
    """Accuracy at the same spending, in tokens and in FLOPs, and the paired difference from the ``baseline``.

    A policy that spends less than it may keeps its accuracy up to what the baseline spends. ``errors``: Monte Carlo standard
    error [points] by (unit, label).
    """
    parts = []
    for unit in (UNITS["tokens"], UNITS["flops"]):
        own = {label: curve for (shown, label), curve in curves.items() if shown == unit}
        own |= {label: optimal.held for (shown, label), optimal in found.by_cost.items() if shown == unit}
        known = {label: error for (shown, label), error in (errors or {}).items() if shown == unit}
        parts.append(accuracy_at_cost(own, baseline, errors=known).assign(unit=unit))
    return pd.concat(parts, ignore_index=True)[AT_COST]


def savings(
    curves: Curves, baseline: str, labels: Sequence[str], budgets: Sequence[int], errors: Floats | None = None
) -> pd.DataFrame:
    """How many times less than the ``baseline`` at each of its ``budgets``, in each unit (Snell et al. 2024, Figures 4 and 8).

    ``at``: what the baseline spends there, in the unit. ``errors`` [budgets]: the Monte Carlo error of the accuracy to match.
    """
    error = np.full(len(budgets), np.nan) if errors is None else errors
    parts = [
        efficiency_table(curves[unit, baseline], curves[unit, label]).assign(
            policy=label, unit=unit, n=list(budgets), error=error
        )
        for label in labels
        for unit in UNITS.values()
    ]
    return pd.concat(parts, ignore_index=True)[SAVINGS]
