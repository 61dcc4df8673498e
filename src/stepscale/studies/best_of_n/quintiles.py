"""Accuracy against N by difficulty: quintiles of the generator's pass rate (Lightman et al. 2023, G and Figure 6).

In: a grid of samples and per-problem accuracies by method. Out: one curve a quintile and method, and what settles claim A6.
Quintile 1 is the easiest fifth of the problems.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.difficulty import Bins, oracle_easiness, quantile_bins
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.quantities import ASSUMED, Quantity, growth_of, quantity
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote
from stepscale.seeds import seed_for
from stepscale.studies.best_of_n.leads import PAPER_LEADS, at_budget, deciding_budget, slope_weights

BEHIND = 0.02  # two points, by which the PRM may be behind in a quintile and still not lose there


def quintiles(grid: SampleGrid) -> Bins:
    """The quintile of each problem [problems], 1 (easiest) to 5, by the share of its samples that are right.

    Args:
        grid: Correctness [problems, samples].

    Raises:
        InputError: There are fewer than five problems.
    """
    return quantile_bins(oracle_easiness(grid.correct, grid.mask), grid.ids)


def by_quintile(
    bins: Bins, votes: Mapping[str, Vote], labels: Iterable[str], ns: Sequence[int], resamples: int, seed: int
) -> pd.DataFrame:
    """Figure 6: accuracy against N in each quintile of difficulty.

    Args:
        bins: Quintile of each problem, 1 the easiest [problems].
        votes: Accuracy [problems, len(ns)] by label, with its error.
        labels: Those to take, where they are there.
        ns: Samples per problem.
        resamples: Bootstrap resamples of a quintile's problems.
        seed: Decides them.

    Returns:
        quintile, label, n, accuracy, low, high (95 % over the quintile's problems), n_problems, error (Monte Carlo, of the
        quintile's accuracy).
    """
    parts, names = [], [name for name in labels if name in votes]
    for quintile in np.unique(bins).tolist():
        inside = bins == quintile
        for label in names:
            accuracy = bootstrap_interval(votes[label].per_problem[inside], resamples, seed).cells("accuracy")
            curve = pd.DataFrame({"quintile": quintile, "label": label, "n": list(ns), **accuracy})
            parts.append(curve.assign(n_problems=int(inside.sum()), error=votes[label].error_among(inside)))
    return pd.concat(parts, ignore_index=True)


def a6_quantities(
    bins: Bins, values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int
) -> dict[str, Quantity]:
    """What claim A6 says: the PRM leads ORM and majority, is behind in no quintile, and the ORM loses on the easiest.

    The leads are at ``deciding_budget``: their mean over the quintiles is above zero, and in each quintile they are above minus
    ``BEHIND``, for an easy one may be saturated. The loss is a slope over all budgets, N = 1 too, unlike the ``growth`` of a
    lead: a lead is zero there whatever the verifiers do. But the accuracy of a single sample is measured, and the claim
    is that choosing by the ORM loses against it.

    Args:
        bins: Quintile of each problem [problems], 1 the easiest.
        values: Accuracies [problems, len(ns)] by method: "PRM", "ORM" and "Majority".
        ns: Samples per problem to choose from.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    n = deciding_budget(ns)
    parts: dict[str, Quantity] = {}
    for rival in ("ORM", "Majority"):
        lead, effect = at_budget(values["PRM"] - values[rival], ns, n), PAPER_LEADS[f"PRM - {rival}"]
        mean = bootstrap_interval(lead, resamples, seed)  # quintiles are of one size, so problems count the same
        parts[f"PRM - {rival}, mean over quintiles, at N={n}"] = quantity(mean, effect)
        for number in np.unique(bins).tolist():
            quintile_seed = seed_for(seed, "quintile", sample_id=number)  # other problems, other resamples
            in_quintile = bootstrap_interval(lead[bins == number], resamples, quintile_seed)
            parts[f"PRM - {rival} in quintile {number} at N={n}"] = quantity(in_quintile, effect, -BEHIND)
    loss = bootstrap_interval(-(values["ORM"][bins == bins.min()] @ slope_weights(ns)), resamples, seed)
    parts["loss of the ORM per doubling of N on the easiest quintile"] = quantity(loss, growth_of(ASSUMED, max(ns)))
    return parts
