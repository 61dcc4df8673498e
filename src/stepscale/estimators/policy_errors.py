"""How far Monte Carlo may be off for a policy that takes each problem's result from one of several strategies.

In: votes among recorded samples, whose means over random orders have an error of their own (``voting``). Out: bounds on standard
errors. Searches are single runs: they add none, for their randomness is in the interval over problems.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stepscale.estimators.checking import Floats
from stepscale.estimators.voting import Vote


def most_error(
    votes: Mapping[str, Vote], ns: Sequence[int], budgets: Sequence[int], problems: ArrayLike | None = None
) -> Floats:
    """The most that a policy's mean accuracy may be off [budgets]: the root of the sum of its strategies' squared errors.

    Args:
        votes: By strategy.
        ns: Numbers of samples at which the votes were measured.
        budgets: Of the policy. At a budget without votes the error is 0.
        problems: Those that the mean is over [problems]; None: all.
    """
    inside = None if problems is None else np.asarray(problems, bool)
    most = np.sqrt(np.square([vote.error_among(inside) for vote in votes.values()]).sum(axis=0))
    by_n = dict(zip(map(int, ns), most, strict=True))
    return np.array([by_n.get(int(n), 0.0) for n in budgets])


def error_by_bin(votes: Mapping[str, Vote], ns: Sequence[int], budgets: Sequence[int], bins: ArrayLike) -> Floats:
    """``most_error`` in bins 1, 2, ... of problems: [bins, budgets]."""
    member = np.asarray(bins, np.int64)
    return np.array([most_error(votes, ns, budgets, member == b) for b in range(1, int(member.max()) + 1)])


def chosen_error(
    votes: Mapping[str, Vote],
    ns: Sequence[int],
    strategies: NDArray[np.str_],
    budgets: NDArray[np.int64],
    problems: ArrayLike | None = None,
) -> Floats:
    """The error [points] of a policy's mean accuracy where strategy and N of each problem are known.

    Args:
        votes: By strategy.
        ns: Numbers of samples at which the votes were measured.
        strategies: The policy's, by name [problems, points].
        budgets: The number of samples that each problem is given [problems, points].
        problems: Those that the mean is over [problems]; None: all.
    """
    squares = np.zeros(budgets.shape)
    for name, vote in votes.items():
        for i, n in enumerate(ns):
            if vote.errors is not None:
                squares += np.where((strategies == name) & (budgets == n), np.square(vote.errors[:, [i]]), 0.0)
    inside = np.ones(len(squares), bool) if problems is None else np.asarray(problems, bool)
    return np.asarray(np.sqrt(squares[inside].sum(axis=0)) / max(int(inside.sum()), 1))
