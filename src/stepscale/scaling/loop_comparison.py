"""Does retraining the selector every round pay, or does it collapse? Differences between strategies of the data loop.

In: points (``scaling.points``), an arm a strategy, ``per_problem`` the labels so far. Out: rows with intervals.
"""

from typing import Any

import pandas as pd

from stepscale.scaling.points import crossed_interval, learning

_NUMBERS = (
    "chosen_believed", "chosen_faultless", "chosen_overconfidence", "chosen_auroc", "audit_believed", "audit_faultless",
    "audit_overconfidence", "audit_auroc", "wrong_answers", "first_error", "distinct_errors",
)  # fmt: skip


def loop_differences(points: pd.DataFrame, n: int, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Best-of-n accuracy at the end: the first strategy minus each other at equal labels, and each one's gain by its last round.

    A fall over the last round whose interval lies below zero would be a collapse. Intervals are paired, over problems and seeds.
    """
    arms = {name: learning(points, name, n) for name in dict.fromkeys(points["arm"])}
    first, *others = arms
    compared = {f"{first} - {other}": arms[first].accuracy[-1] - arms[other].accuracy[-1] for other in others}
    compared |= {
        f"last round of {name}": arm.accuracy[-1] - arm.accuracy[-2] for name, arm in arms.items() if len(arm.sizes) > 1
    }
    rows = []
    for name, values in compared.items():
        found = crossed_interval(values, resamples, seed)
        rows.append(
            {
                "difference": name, "n": n, "estimate": float(found.mean), "low": float(found.low), "high": float(found.high),
                "n_problems": values.shape[-1], "seeds": values.shape[-2],
            }
        )  # fmt: skip
    return rows


def health_by_round(health: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds of each strategy's diagnostics (``labeling.loop.round_health``), a row a strategy and round."""
    if health.empty:
        return pd.DataFrame(columns=["strategy", "round", *_NUMBERS])
    return health.groupby(["strategy", "round"], sort=False)[list(_NUMBERS)].mean().reset_index()
