"""Estimators of test-time scaling: expected accuracies at a budget, their intervals, and the claims they settle."""

from stepscale.estimators.closed_form import best_of_n, best_of_n_per_problem, pass_at_k, pass_at_k_per_problem
from stepscale.estimators.intervals import Interval, bootstrap_interval, paired_interval
from stepscale.estimators.voting import Vote, majority, majority_per_problem, weighted, weighted_per_problem

__all__ = [
    "Interval",
    "Vote",
    "best_of_n",
    "best_of_n_per_problem",
    "bootstrap_interval",
    "majority",
    "majority_per_problem",
    "paired_interval",
    "pass_at_k",
    "pass_at_k_per_problem",
    "weighted",
    "weighted_per_problem",
]
