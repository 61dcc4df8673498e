"""What settles claims B8 and B9 of a PRM of rollouts: quantities that should all lie above their thresholds.

"At least as good" cannot be shown of a difference without saying what is small: the margin here, in shares of the problems.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.quantities import ASSUMED, Quantity, growth_of, quantity
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote, weighted_per_problem
from stepscale.studies.best_of_n.claims import aggregated_scores
from stepscale.studies.best_of_n.leads import at_budget, deciding_budget, growth
from stepscale.verifiers.aggregation import Aggregation, ScoreAggregation

NOT_WORSE = 0.01  # B8: one point


def votes_by_aggregation(
    grid: SampleGrid, steps: pd.DataFrame, aggregations: Sequence[ScoreAggregation], ns: Sequence[int]
) -> dict[ScoreAggregation, Vote]:
    """Accuracy of a PRM under each aggregation at ``ns`` samples by best-of-N weighted (Snell et al. 2024, E).

    Args:
        grid: The test samples.
        steps: Scores of their steps.
        aggregations: Ways to aggregate them.
        ns: Budgets in samples per problem.

    Returns:
        By aggregation, accuracies [problems, budgets].
    """
    scores = aggregated_scores(grid, steps, aggregations)
    return {
        aggregation: weighted_per_problem(grid.answers, values, grid.correct, ns, grid.mask)
        for aggregation, values in scores.items()
    }


def b8_quantities(values: Mapping[ScoreAggregation, Floats], resamples: int, seed: int) -> dict[str, Quantity]:
    """A soft-label PRM's last step is no worse than minimum and product, to within ``NOT_WORSE`` (B, E and Fig. 13).

    Args:
        values: By aggregation, accuracy at the deciding budget [problems].
        resamples: Number of bootstrap resamples over problems.
        seed: Decides them.

    Returns:
        By name, what the claim rests on.
    """
    last = values[ScoreAggregation("last", "positive")]
    others: tuple[Aggregation, ...] = ("min", "product")
    leads = {
        aggregation: bootstrap_interval(last - values[ScoreAggregation(aggregation, "positive")], resamples, seed)
        for aggregation in others
    }
    return {f"last - {aggregation}": quantity(lead, 0.0, -NOT_WORSE) for aggregation, lead in leads.items()}


def b9_quantities(
    prm: Floats, orm: Floats, ns: Sequence[int], resamples: int, seed: int, equal: bool = True
) -> dict[str, Quantity]:
    """A PRM of rollouts over an ORM of the same solutions, and the growth of its lead (B, F and Fig. 14).

    The lead is taken at ``deciding_budget``; its growth is per doubling of N, from 2 up to it.

    Args:
        prm: Accuracies [problems, len(ns)] by best-of-N weighted, by its last step.
        orm: Those of the ORM.
        ns: Budgets.
        resamples: Bootstrap resamples.
        seed: Of the resamples.
        equal: Whether both learned from the same solutions; where they did not, the comparison says nothing about the kind of
            verifier.

    Raises:
        InputError: As ``growth`` does.
    """
    lead, n = np.asarray(prm - orm), deciding_budget(ns)
    unmet = "" if equal else "the ORM learned from other solutions than the PRM"
    parts = {
        f"PRM - ORM at N={n}": (at_budget(lead, ns, n), ASSUMED),
        "growth of PRM - ORM per doubling of N": (growth(lead, ns, n), growth_of(ASSUMED, n)),
    }
    return {
        name: quantity(bootstrap_interval(values, resamples, seed), effect, unmet=unmet)
        for name, (values, effect) in parts.items()
    }
