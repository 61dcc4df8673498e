"""Estimators of test-time scaling: expected accuracies at a budget, their intervals, and policies for spending it.

Arrays in, arrays out: samples are [problems, samples]. Importing this package needs NumPy and pandas alone. Policies that decide
while they sample are in ``online_policy``, ``online_outcomes``, ``online_comparison`` and ``capped_policy``; the FLOPs match with
a larger model is in ``flops_match``. docs/estimators.md has the methods.
"""

from stepscale.estimators.closed_form import best_of_n, best_of_n_per_problem, pass_at_k, pass_at_k_per_problem
from stepscale.estimators.compute_optimal import ComputeOptimal, compute_optimal
from stepscale.estimators.cost_optimal import CostOptimal, cost_optimal
from stepscale.estimators.curve import Curve, curve, difference
from stepscale.estimators.difficulty import (
    oracle_easiness,
    predicted_easiness,
    probe_easiness,
    quantile_bins,
    rank_correlation,
)
from stepscale.estimators.efficiency import Efficiency, efficiency, efficiency_table
from stepscale.estimators.equal_cost import accuracy_at_cost, lead_at_own_cost
from stepscale.estimators.horizontal_shift import Shift, horizontal_shift
from stepscale.estimators.intervals import (
    Interval,
    bootstrap_interval,
    groups_interval,
    nested_interval,
    paired_interval,
)
from stepscale.estimators.over_runs import combined_interval
from stepscale.estimators.quantities import Quantity, power, quantity
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.estimators.strategy_results import StrategyResults, strategy_results
from stepscale.estimators.voting import Vote, majority, majority_per_problem, weighted, weighted_per_problem

__all__ = [
    "ComputeOptimal",
    "CostOptimal",
    "Curve",
    "Efficiency",
    "Interval",
    "Quantity",
    "SampleGrid",
    "Shift",
    "StrategyResults",
    "Vote",
    "accuracy_at_cost",
    "best_of_n",
    "best_of_n_per_problem",
    "bootstrap_interval",
    "combined_interval",
    "compute_optimal",
    "cost_optimal",
    "curve",
    "difference",
    "efficiency",
    "efficiency_table",
    "groups_interval",
    "horizontal_shift",
    "lead_at_own_cost",
    "majority",
    "majority_per_problem",
    "nested_interval",
    "oracle_easiness",
    "paired_interval",
    "pass_at_k",
    "pass_at_k_per_problem",
    "power",
    "predicted_easiness",
    "probe_easiness",
    "quantile_bins",
    "quantity",
    "rank_correlation",
    "sample_grid",
    "strategy_results",
    "weighted",
    "weighted_per_problem",
]
