"""What settles claims B8 and B9 of a PRM of rollouts: quantities that should all lie above zero, each with its interval.

"At least as good" cannot be shown of a difference without saying what is small: the margin here, in shares of the problems.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote, weighted_per_problem
from stepscale.studies.best_of_n.claims import rule_scores
from stepscale.studies.best_of_n.comparison import growth
from stepscale.verifiers.aggregation import How, Rule

NOT_WORSE = 0.01  # B8: one point


def rule_votes(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule], ns: Sequence[int]) -> dict[Rule, Vote]:
    """Accuracy of a PRM under each rule at ``ns`` samples by best-of-N weighted (Snell et al. 2024, E)."""
    scores = rule_scores(grid, steps, rules)
    return {
        rule: weighted_per_problem(grid.answers, values, grid.correct, ns, grid.mask) for rule, values in scores.items()
    }


def b8_quantities(values: Mapping[Rule, Floats], resamples: int, seed: int) -> dict[str, Interval]:
    """A soft-label PRM's last step is no worse than minimum and product, to within ``NOT_WORSE`` (B, E and Fig. 13)."""
    last = values["last", "positive"]
    others: tuple[How, ...] = ("min", "product")
    return {
        f"last - {how} + {NOT_WORSE}": bootstrap_interval(last - values[how, "positive"] + NOT_WORSE, resamples, seed)
        for how in others
    }


def b9_quantities(prm: Floats, orm: Floats, ns: Sequence[int], resamples: int, seed: int) -> dict[str, Interval]:
    """A PRM of rollouts over the ORM at the largest N, and the lead's growth per doubling of N (B, F and Fig. 14).

    Accuracies [problems, len(ns)] by best-of-N weighted, the PRM's by its last step.

    Raises:
        InputError: As ``growth`` does.
    """
    lead = np.asarray(prm - orm)
    return {
        f"PRM - ORM at N={max(ns)}": bootstrap_interval(lead[:, int(np.argmax(ns))], resamples, seed),
        "growth of PRM - ORM per doubling of N": bootstrap_interval(growth(lead, ns), resamples, seed),
    }
