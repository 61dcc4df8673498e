"""Signs that a search exploits its verifier (Snell et al. 2024, 5.3): very short solutions, and steps that repeat.

In: the steps of the solutions that won, by strategy, budget and problem. Out: shares among them, with intervals, and how far they
are from a baseline's on the same problems. The paper saw both grow with the budget where beam search fell behind best-of-N.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import interval_of
from stepscale.estimators.resampling import Counts, resample_counts, resampled_ratio, with_estimate
from stepscale.studies.search.tables import SEARCH_SIGNS

_MAX_SHORT_STEPS = 2


@dataclass(frozen=True)
class SignCounts:
    """Signs of over-optimization among some solutions.

    Attributes:
        solutions: How many there are.
        short: Those of 1 or 2 steps.
        repeating: Those that say a step twice.
        steps: Of all of them.
        repeated: Steps that were said before in the same solution.
    """

    solutions: int
    short: int
    repeating: int
    steps: int
    repeated: int


SIGNS = {  # a sign is a sum over problems divided by another
    "short": ("short", "solutions"),
    "repeating": ("repeating", "solutions"),
    "repeated steps": ("repeated", "steps"),
    "mean steps": ("steps", "solutions"),
}


def count_signs(solutions: Iterable[Sequence[str]]) -> SignCounts:
    """Count the signs of over-optimization among some solutions.

    Args:
        solutions: The steps of each; one without steps does not count.
    """
    nonempty = [steps for steps in solutions if len(steps)]
    repeats = [len(steps) - len(set(map(_plain, steps))) for steps in nonempty]
    return SignCounts(
        solutions=len(nonempty),
        short=sum(len(steps) <= _MAX_SHORT_STEPS for steps in nonempty),
        repeating=sum(count > 0 for count in repeats),
        steps=sum(map(len, nonempty)),
        repeated=sum(repeats),
    )


def signs_table(
    won: pd.DataFrame, baseline: str, ids: Sequence[str], resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """A row for each (sign, strategy, budget), and its paired difference from the baseline's at that budget (NaN without it).

    A problem on which no solution won counts in neither sum, and in the difference only those count on which both won. A search
    that finds no answer to hard problems would seem to write short ones.

    Args:
        won: A row for each solution that won: strategy, budget, problem_id, steps. Several of one problem (draws)
            count as one.
        baseline: Name of the strategy that others are compared with.
        ids: Problems that intervals are over.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    counts = with_estimate(resample_counts(len(ids), resamples, seed))
    by_strategy = {key: _by_problem(rows, ids) for key, rows in won.groupby(["strategy", "budget"], sort=False)}
    n_solutions = won[won["steps"].map(len) > 0].groupby(["strategy", "budget"]).size().to_dict()
    rows = []
    for sign in SIGNS:
        for (strategy, budget), sums in by_strategy.items():
            value = _values(sums, sign, counts)
            baseline_sums = None if strategy == baseline else by_strategy.get((baseline, budget))
            gap = (
                np.full(len(value), np.nan) if baseline_sums is None else _difference(sums, baseline_sums, sign, counts)
            )
            bounds = [x for part in (value, gap) for x in interval_of(part[0], part[1:]).cells("value").values()]
            n = int(n_solutions.get((strategy, budget), 0))
            rows.append([sign, strategy, budget, *bounds, n, int((sums["solutions"] > 0).sum())])
    return pd.DataFrame(rows, columns=list(SEARCH_SIGNS.columns))


def _by_problem(won: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
    """The counts of each problem, in the order of ``ids``, as means over its solutions (0 where there are none)."""
    counted = {problem_id: count_signs(steps) for problem_id, steps in won.groupby("problem_id")["steps"]}
    sums = pd.DataFrame([counted.get(problem_id, count_signs([])) for problem_id in ids])
    return sums.div(sums["solutions"].clip(lower=1), axis=0)


def _difference(sums: pd.DataFrame, baseline_sums: pd.DataFrame, sign: str, counts: Counts) -> Floats:
    """The sign of one less that of the other, on the problems that both have solutions of [1 + resamples]."""
    in_both = (sums["solutions"] > 0) & (baseline_sums["solutions"] > 0)
    return _values(sums.mul(in_both, axis=0), sign, counts) - _values(baseline_sums.mul(in_both, axis=0), sign, counts)


def _values(sums: pd.DataFrame, sign: str, counts: Counts) -> Floats:
    """The sign in the estimate and in every resample [1 + resamples]."""
    part, total = (sums[name].to_numpy(float) for name in SIGNS[sign])
    return resampled_ratio(counts, part, total)


def _plain(step: str) -> str:
    """A step without case and spaces."""
    return "".join(step.split()).casefold()
