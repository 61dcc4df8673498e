"""What settles claims A2 and A5 on the recorded samples: quantities that should all lie above their thresholds.

"Close" cannot be shown of a difference without saying what is small: the margin here, in shares of the problems. A1 is in
``comparison``, A6 in ``quintiles``.
"""

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import TypeVar

import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.quantities import Quantity, quantity
from stepscale.estimators.samples import SampleGrid
from stepscale.studies.best_of_n.leads import deciding_budget, leads_at
from stepscale.verifiers.aggregation import ScoreAggregation, aggregate

_Part = TypeVar("_Part")
CLOSE = 0.02  # A2: two points; the paper's four rules lie within 0.8 points
NEAR_BEST = 0.01  # A2: one point, by which product with neutral as positive may be behind the best

PAPER_ACCURACIES: dict[ScoreAggregation, float] = {
    ScoreAggregation("product", "positive"): 0.782,
    ScoreAggregation("product", "negative"): 0.774,
    ScoreAggregation("min", "positive"): 0.776,
    ScoreAggregation("min", "negative"): 0.778,
}
"""Lightman et al. 2023, Table 4: best-of-1860."""
PAPER_AGGREGATIONS: tuple[ScoreAggregation, ...] = tuple(PAPER_ACCURACIES)
PAPER_HELD_OUT = {"PRM - ORM": 0.091, "PRM - Majority": 0.116}
"""Lightman et al. 2023, Table 1: 72.9 / 63.8 / 61.3 at N = 100."""


def best_of_n_by_aggregation(
    grid: SampleGrid, steps: pd.DataFrame, aggregations: Sequence[ScoreAggregation], n: int
) -> dict[ScoreAggregation, Floats]:
    """Best-of-n accuracy of a PRM under each way to make one score of its step scores.

    Args:
        grid: Answers and correctness [problems, samples].
        steps: Step scores, a row per sample.
        aggregations: The ways.
        n: Samples to choose from.

    Returns:
        Accuracies [problems] by aggregation.
    """
    scores = aggregated_scores(grid, steps, aggregations)
    return {
        aggregation: best_of_n_per_problem(values, grid.correct, [n], grid.mask)[:, 0]
        for aggregation, values in scores.items()
    }


def a2_quantities(values: Mapping[ScoreAggregation, Floats], resamples: int, seed: int) -> dict[str, Quantity]:
    """Table 4's aggregations are within ``CLOSE`` of one another, product with neutral as positive ``NEAR_BEST`` to the best.

    Lightman et al. 2023, F. An equivalence: the difference of two aggregations must lie above minus the margin either way round
    (two one-sided tests). Product with neutral as positive is no worse than the best if it is no worse than any.

    Args:
        values: Accuracies [problems] by aggregation.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    quantities = {}
    for first, second in permutations(PAPER_AGGREGATIONS, 2):
        margin = NEAR_BEST if first == PAPER_AGGREGATIONS[0] else CLOSE
        difference = bootstrap_interval(values[first] - values[second], resamples, seed)
        quantities[f"{_name(first)} - {_name(second)}"] = quantity(
            difference, PAPER_ACCURACIES[first] - PAPER_ACCURACIES[second], -margin
        )
    return quantities


def a5_quantities(values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int) -> dict[str, Quantity]:
    """The PRM's lead on problems unlike those it was trained on (A, 5), at ``deciding_budget``.

    Args:
        values: Accuracy [problems, len(ns)] by label.
        ns: Samples per problem.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    n = deciding_budget(ns)
    return {
        f"{name}, held-out problems": quantity(
            bootstrap_interval(lead, resamples, seed), PAPER_HELD_OUT[name.split(" at")[0]]
        )
        for name, lead in leads_at(values, ns, n).items()
        if name.startswith("PRM")
    }


def joined(by_verifier: Mapping[str, Mapping[str, _Part]]) -> dict[str, _Part]:
    """The quantities of all verifiers in one mapping, since a claim covers all of them.

    Args:
        by_verifier: By verifier, its quantities by name.

    Returns:
        By name; where there are several verifiers, a name begins with that of its own.
    """
    several = len(by_verifier) > 1
    return {
        f"{verifier}: {name}" if several else name: part
        for verifier, quantities in by_verifier.items()
        for name, part in quantities.items()
    }


def _name(score_aggregation: ScoreAggregation) -> str:
    aggregation, neutral_is = score_aggregation
    return f"{aggregation}, neutral {'+' if neutral_is == 'positive' else '-'}"


def aggregated_scores(
    grid: SampleGrid, steps: pd.DataFrame, aggregations: Sequence[ScoreAggregation]
) -> dict[ScoreAggregation, Floats]:
    """The score of each sample under each aggregation.

    Args:
        grid: Which samples there are [problems, samples].
        steps: Step scores, a row per sample.
        aggregations: Ways to make one score of them.

    Returns:
        Scores [problems, samples] by aggregation.
    """
    return {
        aggregation: grid.place(aggregate(list(steps["negative"]), list(steps["neutral"]), *aggregation))
        for aggregation in aggregations
    }
