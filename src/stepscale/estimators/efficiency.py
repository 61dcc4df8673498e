"""How many times less a policy spends than a baseline to be as accurate (Snell et al. 2024, 5.3 and 6.2: up to 4 times).

In: two paired curves against the same unit (generations, tokens or FLOPs). Out: for each baseline budget the factor
(spending at which the baseline first reaches its accuracy there) / (spending at which the policy first reaches it). Both are read
off the line between measured points over the logarithm of the spending, so a flat baseline is not charged for what it wastes.

Where the policy never reaches that accuracy within its budgets, its spending is infinite and the factor 0, in the estimate
and in each resample. Where its smallest budget is enough already, the factor is a lower bound ("at least").
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_count
from stepscale.estimators.curve import Curve, by_spending, check_curves
from stepscale.estimators.intervals import Interval, interval_of_rows

Status = Literal["matched", "at least", "never matched"]
_CLOSE = 1e-12  # accuracies so close are equal


@dataclass(frozen=True)
class Efficiency:
    """How many times less a policy spends than a baseline at one of its budgets.

    Attributes:
        at: The baseline's budget.
        accuracy: What the baseline reaches there.
        baseline: What the baseline spends to first reach that accuracy (inf: never).
        policy: What the policy spends to first reach it (inf: never).
        factor: Baseline / policy, with its 95 % interval.
        status: How the factor came about; "at least": the policy's smallest budget is enough already.
        matched: Share of resamples in which the policy reaches the accuracy.
    """

    at: float
    accuracy: float
    baseline: float
    policy: float
    factor: Interval
    status: Status
    matched: float


def efficiency(baseline: Curve, policy: Curve, at: int = -1) -> Efficiency:
    """The factor at one of the baseline's budgets, with its paired 95 % interval (Snell et al. 2024, 5.3).

    Args:
        baseline: Accuracy against spending.
        policy: Likewise, made with the same resamples.
        at: Index of the baseline's budget; the largest by default.

    Returns:
        The factor, and how it came about: a policy that never reaches the accuracy has none.

    Raises:
        InputError: Resamples differ, or there is no such budget.
    """
    check_curves(baseline=baseline, policy=policy)
    baseline.check_paired(policy)
    at = checked_count(at, "at", -len(baseline.x))
    if at >= len(baseline.x):
        raise InputError(f"the baseline has {len(baseline.x)} budgets; {at} is not one of them")
    targets = baseline.rows[1][:, at]
    of_baseline, of_policy = reach(*baseline.rows, targets), reach(*policy.rows, targets)
    status: Status = "matched"
    if np.isinf(of_policy[0]):
        status = "never matched"
    elif policy.accuracy[policy.x.argmin()] >= targets[0] - _CLOSE:
        status = "at least"
    return Efficiency(
        float(baseline.x[at]),
        float(targets[0]),
        float(of_baseline[0]),
        float(of_policy[0]),
        interval_of_rows(of_baseline / of_policy),
        status,
        float(np.isfinite(of_policy[1:]).mean()),
    )


def efficiency_table(baseline: Curve, policy: Curve) -> pd.DataFrame:
    """A row per baseline budget: at, accuracy, baseline, policy, factor, low, high, status, matched.

    Args:
        baseline: Its curve; each of its budgets is a row.
        policy: The curve that should reach the same accuracy for less, with the same resamples.

    Returns:
        ``at`` and ``accuracy`` are the baseline's; ``baseline`` and ``policy`` what either spends there, and ``factor`` the first
        divided by the second, with bounds.

    Raises:
        InputError: The curves do not have the same resamples.
    """
    check_curves(baseline=baseline, policy=policy)
    rows = []
    for budget in range(len(baseline.x)):
        row = efficiency(baseline, policy, budget)
        bounds = float(row.factor.mean), float(row.factor.low), float(row.factor.high)
        rows.append([row.at, row.accuracy, row.baseline, row.policy, *bounds, row.status, row.matched])
    names = ["at", "accuracy", "baseline", "policy", "factor", "low", "high", "status", "matched"]
    return pd.DataFrame(rows, columns=names)


def reach(x: Floats, y: Floats, target: Floats) -> Floats:
    """The spending at which each row first reaches a target; inf if it never does.

    Args:
        x: Spending of each row at its budgets [R, K], above 0, in any order.
        y: Accuracy there [R, K].
        target: Accuracy to reach [R].

    Returns:
        Spending [R], read on a line over its logarithm.
    """
    x, y = by_spending(x, y)
    reached = y >= target[:, None] - _CLOSE
    first = reached.argmax(axis=1)
    rows, before = np.arange(len(y)), np.maximum(first - 1, 0)
    rise = y[rows, first] - y[rows, before]
    share = np.clip((target - y[rows, before]) / np.where(rise > 0, rise, 1.0), 0.0, 1.0)
    step = np.log(x[rows, first] / x[rows, before])
    spent = np.where(first > 0, np.exp(np.log(x[rows, before]) + share * step), x[:, 0])
    return np.where(reached.any(axis=1), spent, np.inf)
