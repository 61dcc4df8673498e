"""How many times more a baseline must spend to be as accurate as a policy: a horizontal shift on a logarithmic axis.

In: the baseline's accuracy at many budgets, the policy's at a few, paired. Out: the mean of log2(N / n) over the policy's budgets
n. N is what the baseline first reaches the policy's accuracy with (Snell et al. 2024, 5.3 and 6.2: up to 4 times). The
baseline is read as the running maximum of its curve, on a line over log N between its budgets.

To ask it this way round keeps the answer finite: a rising baseline has a budget for every accuracy within its range. Three
rules keep it meaningful, all decided on the estimate and then held fixed in every resample:

- The baseline ends where it stops rising. An accuracy that it has not reached by then counts as reached there.
- A budget n is compared only if the baseline rises at least up to ``ROOM`` times n.
- A budget at which the policy itself no longer rises is not compared: what it spends there gains nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.checking import checked_budgets
from stepscale.estimators.curve import Curve, check_curves
from stepscale.estimators.efficiency import reach
from stepscale.estimators.intervals import NOISE, Interval, interval_of

FLAT = 0.01
"""Points of accuracy per doubling below which a curve is flat: there, a point of noise is a factor of two or more."""
ROOM = 4
"""Times a budget up to which the baseline must rise: the paper's factor, which could not show otherwise."""
ONE_SIDED = 0.90
"""Level of the interval: each of its bounds is a one-sided 95 % bound."""


@dataclass(frozen=True)
class Shift:
    """How many times more the baseline spends, on the log2 scale.

    Attributes:
        log2: Mean over the ``compared`` budgets; NaN where there are none. Its bounds are one-sided 95 % bounds.
        compared: Budgets of the policy that were compared.
        matched: What the baseline first reaches the policy's accuracy with, for each of them.
        notes: Budgets that were capped or left out, each with the reason.
    """

    log2: Interval
    compared: tuple[int, ...]
    matched: tuple[float, ...]
    notes: tuple[str, ...]


def dense_budgets(largest: int) -> list[int]:
    """Budgets about half a doubling apart; all powers of 2 are among them.

    Args:
        largest: The last of them; the first is 1.
    """
    steps = np.arange(2 * int(np.log2(largest)) + 1) / 2
    return sorted({*np.round(2**steps).astype(int).tolist(), largest})


def horizontal_shift(baseline: Curve, policy: Curve, budgets: Sequence[int], n_problems: int | None = None) -> Shift:
    """The mean shift over ``budgets`` of the policy, with its one-sided 95 % bounds.

    Args:
        baseline: Accuracy at budgets from 1 on, the denser the better.
        policy: Accuracy at its budgets, made with the same problems and resamples.
        budgets: Those of the policy at which it has something to choose from, rising.
        n_problems: Number of problems, to be stated with the interval.

    Returns:
        The shift in doublings (log2), with the budgets that were compared, and the reasons where some were not.

    Raises:
        InputError: Resamples differ, budgets do not rise, or the policy was not measured at one.
    """
    check_curves(baseline=baseline, policy=policy)
    baseline.check_paired(policy)
    budgets = checked_budgets(budgets)
    if any(n <= m for m, n in pairwise(budgets)):
        raise InputError(f"the budgets of a horizontal shift must rise, not {list(budgets)}")
    missing = [n for n in budgets if n not in policy.x]
    if missing:
        raise InputError(f"the policy was not measured at the budgets {missing}; give some of {policy.x.tolist()}")
    # 1. the part of the baseline that rises, and the budgets that can be read off it
    end = rising_end(baseline.x, baseline.accuracy)
    flat = _flat_budgets(baseline, policy, budgets)
    compared = [n for n in budgets if n * ROOM <= end + NOISE and n not in flat]
    notes = [flat.get(n) or _no_room(n, end) for n in budgets if n not in compared]
    # 2. for each of them, in the estimate and in every resample, what the baseline reaches the same accuracy with
    rising = baseline.x <= end + NOISE
    x, accuracy = (rows[:, rising] for rows in baseline.rows)
    places = [int(np.flatnonzero(policy.x == n)[0]) for n in compared]
    targets = policy.rows[1][:, places]
    spent = [np.minimum(reach(x, accuracy, targets[:, i]), end) for i in range(len(compared))]
    notes += [_capped(n, spent[i][0], targets[0, i], accuracy[0]) for i, n in enumerate(compared)]
    # 3. the mean of the logarithms of their ratios
    nothing = np.full((len(x), 1), np.nan)
    log2 = np.log2(np.stack(spent, axis=1) / np.asarray(compared, float)) if compared else nothing
    rows = log2.mean(axis=1)
    matched = tuple(float(spent_there[0]) for spent_there in spent)
    interval = interval_of(rows[0], rows[1:], ONE_SIDED, n_problems)
    return Shift(interval, tuple(compared), matched, tuple(filter(None, notes)))


def rising_end(x: Floats, accuracy: Floats) -> float:
    """The last budget at which the curve's running maximum still rises by ``FLAT`` over the doubling up to it; 0 if nowhere.

    Args:
        x: Budgets [K], rising.
        accuracy: Of the curve there [K].
    """
    highest = np.maximum.accumulate(accuracy)
    half = np.interp(np.log2(x) - 1, np.log2(x), highest)  # at half of each budget
    rising = (x >= 2 * x[0]) & (highest - half >= FLAT - NOISE)
    return float(x[rising].max()) if rising.any() else 0.0


def _flat_budgets(baseline: Curve, policy: Curve, budgets: Sequence[int]) -> dict[int, str]:
    """The budgets at which the policy gained less than ``FLAT`` per doubling since the one before, with what both reach there.

    Before the first it is one sample, as the baseline is.
    """
    reached = {1: float(baseline.accuracy[0]), **dict(zip(policy.x.tolist(), policy.accuracy.tolist(), strict=True))}
    of_baseline = np.interp(np.log2(budgets), np.log2(baseline.x), baseline.accuracy)
    return {
        n: f"not matched at {n}: the policy is flat there ({reached[n]:.3f}, the baseline {baseline_accuracy:.3f})"
        for (m, n), baseline_accuracy in zip(pairwise([1, *budgets]), of_baseline, strict=True)
        if reached[n] - reached[m] < FLAT * np.log2(n / m) - NOISE
    }


def _no_room(n: int, end: float) -> str:
    return f"not matched at {n}: the baseline is flat or not measured beyond {end:.0f}, and {ROOM * n} are needed"


def _capped(n: int, spent: float, target: float, accuracy: Floats) -> str:
    if target > accuracy.max() + NOISE:
        return f"capped at {n}: the policy is above all that the baseline reaches with {spent:.0f}"
    return f"capped at {n}: the policy is below a single sample" if target < accuracy[0] - NOISE else ""
