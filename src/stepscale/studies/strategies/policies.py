"""Compute-optimal policies, what they save and what is reached at equal cost, for searches and revisions alike.

A policy is chosen at equal generations where spending is counted in generations, and at equal cost where it is counted in
tokens or FLOPs (``cost_optimal``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from stepscale.estimators.compute_optimal import compute_optimal
from stepscale.estimators.cost_optimal import CostOptimal, cost_optimal
from stepscale.estimators.curve import Curve, difference
from stepscale.estimators.difficulty import Bins
from stepscale.estimators.efficiency import efficiency_table
from stepscale.estimators.equal_cost import accuracy_at_cost
from stepscale.estimators.horizontal_shift import Shift, horizontal_shift
from stepscale.estimators.intervals import Interval
from stepscale.estimators.quantities import REQUIRED, Quantity, quantity
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.studies.strategies.curve_table import UNITS, Curves
from stepscale.studies.strategies.tables import CHOSEN

FACTOR = 4.0
"""B3 and B6: times fewer generations, as the paper prints it (Snell et al. 2024, 5.3 and 6.2: up to 4)."""


@dataclass(frozen=True)
class Policies:
    """Compute-optimal policies.

    Attributes:
        curves: By (unit, label), accuracy against spending.
        by_cost: By (unit, label), what was chosen at equal cost.
        chosen: A row for each kind of bins, unit, bin, half and budget of the baseline.
    """

    curves: dict[tuple[str, str], Curve]
    by_cost: dict[tuple[str, str], CostOptimal]
    chosen: pd.DataFrame


def policies(
    results: StrategyResults, bins: Mapping[str, tuple[str, Bins]], baseline: str, resamples: int, seed: int
) -> Policies:
    """The compute-optimal policies, one for each kind of bins.

    Args:
        results: Accuracy of every strategy at every budget.
        bins: By label the kind of bins and the bin of each problem [problems].
        baseline: Name of the strategy that sets what may be spent.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    curves: dict[tuple[str, str], Curve] = {}
    by_cost, chosen = {}, []
    for label, (kind, member) in bins.items():
        for unit, axis in UNITS.items():
            if unit is None:
                optimal = compute_optimal(results, member, resamples, seed)
                curves[axis, label] = optimal.curve
                spent = optimal.chosen["budget"].astype(float)
                choices = optimal.chosen.assign(n=optimal.chosen["budget"], cost=spent, allowed=spent)
            else:
                by_cost[axis, label] = cost_optimal(results, member, baseline, unit, resamples, seed)
                curves[axis, label] = by_cost[axis, label].curve
                choices = by_cost[axis, label].chosen
            chosen.append(choices.assign(bins=kind, unit=axis))
    return Policies(curves, by_cost, pd.concat(chosen, ignore_index=True)[list(CHOSEN.columns)])


def at_equal_cost(curves: Curves, optimal: Policies, baseline: str) -> pd.DataFrame:
    """Accuracy at the same spending, in tokens and in FLOPs, and the paired difference from the baseline.

    A policy that spends less than it may keeps its accuracy up to what the baseline spends.

    Args:
        curves: By unit and label.
        optimal: The policies.
        baseline: Name of the strategy that sets what is spent.
    """
    parts = []
    for unit in (UNITS["tokens"], UNITS["flops"]):
        in_unit = {label: curve for (axis, label), curve in curves.items() if axis == unit}
        in_unit |= {label: policy.held for (axis, label), policy in optimal.by_cost.items() if axis == unit}
        parts.append(accuracy_at_cost(in_unit, baseline).assign(unit=unit))
    return pd.concat(parts, ignore_index=True)


def savings(curves: Curves, baseline: str, labels: Sequence[str], budgets: Sequence[int]) -> pd.DataFrame:
    """How many times less than the baseline spends, in each unit (Snell et al. 2024, Figures 4 and 8).

    The column ``at`` is what the baseline spends, in the unit.

    Args:
        curves: By unit and label.
        baseline: Name of the strategy that is compared with.
        labels: Names of the others.
        budgets: The baseline's, in generations.
    """
    parts = [
        efficiency_table(curves[unit, baseline], curves[unit, label]).assign(policy=label, unit=unit, n=list(budgets))
        for label in labels
        for unit in UNITS.values()
    ]
    return pd.concat(parts, ignore_index=True)


def gain_of_bins(results: StrategyResults, bins: Bins, budget: int, resamples: int, seed: int) -> Interval:
    """Accuracy of a strategy for each bin minus that of one for all; both cross-validated.

    Args:
        results: Accuracy of every strategy at every budget.
        bins: Difficulty bin of each problem [problems].
        budget: Number of the budget among those of ``results``.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    by_bin = compute_optimal(results, bins, resamples, seed).curve
    for_all = compute_optimal(results, np.ones_like(bins), resamples, seed).curve
    return replace(difference(by_bin, for_all)[budget], n_problems=len(bins))


def generations_saved(
    results: StrategyResults,
    baseline: Curve,
    named: str,
    budgets: Sequence[int],
    bins: Mapping[str, Bins],
    resamples: int,
    seed: int,
) -> dict[str, Quantity]:
    """The doublings by which a baseline spends more than the compute-optimal policy at equal accuracy (B, 5.3 and 6.2).

    They must be more than the share ``REQUIRED`` of the paper's two (``FACTOR``).

    Args:
        results: What every strategy reaches.
        baseline: Made with the same problems, resamples and seed; its budgets should reach ``ROOM`` times those compared.
        named: What the baseline is, for the quantity's name.
        budgets: Those at which the policy has something to choose from.
        bins: By kind the bin of each problem [problems].
        resamples: Bootstrap resamples.
        seed: Of the resamples and of the halves.
    """
    quantities = {}
    for kind, member in bins.items():
        policy = compute_optimal(results, member, resamples, seed).curve
        name = f"log2 of the times fewer generations than {named}, {kind} bins"
        quantities[name] = doublings_saved(baseline, policy, budgets, len(member))
    return quantities


def doublings_saved(baseline: Curve, policy: Curve, budgets: Sequence[int], n_problems: int) -> Quantity:
    """The horizontal shift of a policy's curve before a baseline's, in doublings, against the paper's two.

    Args:
        baseline: The baseline's curve.
        policy: The policy's curve.
        budgets: The baseline's, at which the shift is measured.
        n_problems: How many both rest on.
    """
    doublings = float(np.log2(FACTOR))
    shift = horizontal_shift(baseline, policy, budgets, n_problems)
    return quantity(
        shift.log2,
        effect=doublings,
        above=REQUIRED * doublings,
        unmet="" if shift.compared else "not matched, for one of the curves is flat",
        note="; ".join((*_each_budget(shift), *shift.notes)),
    )


def _each_budget(shift: Shift) -> list[str]:
    pairs = zip(shift.compared, shift.matched, strict=True)
    return [f"{n} as accurate as {spent:.1f} ({spent / n:.2f}x)" for n, spent in pairs]
