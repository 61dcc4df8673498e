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
from stepscale.verifiers.aggregation import Rule, aggregate

_Part = TypeVar("_Part")
CLOSE = 0.02  # A2: two points; the paper's four rules lie within 0.8 points
NEAR_BEST = 0.01  # A2: one point, by which product with neutral as positive may be behind the best

PAPER_RULES: dict[Rule, float] = {
    ("product", "positive"): 0.782,
    ("product", "negative"): 0.774,
    ("min", "positive"): 0.776,
    ("min", "negative"): 0.778,
}
"""Lightman et al. 2023, Table 4: best-of-1860."""
RULES: tuple[Rule, ...] = tuple(PAPER_RULES)
PAPER_HELD_OUT = {"PRM - ORM": 0.091, "PRM - Majority": 0.116}
"""Lightman et al. 2023, Table 1: 72.9 / 63.8 / 61.3 at N = 100."""


def rule_values(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule], n: int) -> dict[Rule, Floats]:
    """Best-of-n accuracy of a PRM under each way to make one score of its step scores.

    Args:
        grid: Answers and correctness [problems, samples].
        steps: Step scores, a row per sample.
        rules: The ways.
        n: Samples to choose from.

    Returns:
        Accuracies [problems] by rule.
    """
    scores = rule_scores(grid, steps, rules)
    return {rule: best_of_n_per_problem(values, grid.correct, [n], grid.mask)[:, 0] for rule, values in scores.items()}


def a2_quantities(values: Mapping[Rule, Floats], resamples: int, seed: int) -> dict[str, Quantity]:
    """Table 4's rules are within ``CLOSE`` of one another, product with neutral as positive ``NEAR_BEST`` to the best (A, F).

    An equivalence: the difference of two rules must lie above minus the margin either way round (two one-sided tests). Product
    with neutral as positive is no worse than the best if it is no worse than any.

    Args:
        values: Accuracies [problems] by rule.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    quantities = {}
    for first, second in permutations(RULES, 2):
        margin = NEAR_BEST if first == RULES[0] else CLOSE
        difference = bootstrap_interval(values[first] - values[second], resamples, seed)
        quantities[f"{_name(first)} - {_name(second)}"] = quantity(
            difference, PAPER_RULES[first] - PAPER_RULES[second], -margin
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


def _name(rule: Rule) -> str:
    how, neutral = rule
    return f"{how}, neutral {'+' if neutral == 'positive' else '-'}"


def rule_scores(grid: SampleGrid, steps: pd.DataFrame, rules: Sequence[Rule]) -> dict[Rule, Floats]:
    """The score of each sample under each rule.

    Args:
        grid: Which samples there are [problems, samples].
        steps: Step scores, a row per sample.
        rules: Ways to make one score of them.

    Returns:
        Scores [problems, samples] by rule.
    """
    return {rule: grid.place(aggregate(list(steps["negative"]), list(steps["neutral"]), *rule)) for rule in rules}
