"""Accuracy against N by difficulty: quintiles of the generator's pass rate (Lightman et al. 2023, G and Figure 6).

In: a grid of samples and per-problem accuracies by method. Out: one curve a quintile and method, and what settles claim A6.
Quintile 1 is the easiest fifth of the problems.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.difficulty import Bins, oracle_easiness, quantile_bins
from stepscale.estimators.intervals import Interval, bootstrap_interval
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote
from stepscale.studies.best_of_n.comparison import slope_weights


def quintiles(grid: SampleGrid) -> Bins:
    """The quintile of each problem [problems], 1 (easiest) to 5, by the share of its samples that are right.

    Raises InputError if there are fewer than five problems.
    """
    return quantile_bins(oracle_easiness(grid.correct, grid.mask), grid.ids)


def by_quintile(
    bins: Bins, votes: Mapping[str, Vote], labels: Iterable[str], ns: Sequence[int], resamples: int, seed: int
) -> pd.DataFrame:
    """Figure 6: columns quintile, label, n, accuracy, low, high (95 % over the quintile's problems), n_problems, error (Monte
    Carlo, of the quintile's accuracy).

    ``votes``: accuracy [problems, len(ns)] by label, with its error; those of ``labels`` are taken.
    """
    parts, shown = [], [name for name in labels if name in votes]
    for quintile in np.unique(bins).tolist():
        inside = bins == quintile
        for label in shown:
            accuracy = bootstrap_interval(votes[label].per_problem[inside], resamples, seed).cells("accuracy")
            curve = pd.DataFrame({"quintile": quintile, "label": label, "n": list(ns), **accuracy})
            parts.append(curve.assign(n_problems=int(inside.sum()), error=votes[label].error_among(inside)))
    return pd.concat(parts, ignore_index=True)


def a6_quantities(
    bins: Bins, values: Mapping[str, Floats], ns: Sequence[int], resamples: int, seed: int
) -> dict[str, Interval]:
    """What claim A6 says is above zero: the PRM's lead over ORM and majority at the largest N in every quintile, and the
    ORM's loss for every doubling of N on the easiest.

    The loss is a slope over all budgets, N = 1 too, unlike the ``growth`` of a lead: a lead is zero there whatever the verifiers
    do, but the accuracy of a single sample is measured, and it is what choosing by the ORM is to lose against.
    """
    last = int(np.argmax(ns))
    leads = {
        f"PRM - {other} in quintile {quintile} at N={max(ns)}": (values["PRM"] - values[other])[bins == quintile, last]
        for quintile in np.unique(bins)
        for other in ("ORM", "Majority")
    }
    loss = -(values["ORM"][bins == bins.min()] @ slope_weights(ns))
    quantities = {**leads, "loss of the ORM per doubling of N on the easiest quintile": loss}
    return {name: bootstrap_interval(value, resamples, seed) for name, value in quantities.items()}
