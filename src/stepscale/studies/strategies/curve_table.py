"""Curves by (unit, label) as one tidy table, for searches and revisions alike."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.curve import Curve
from stepscale.estimators.strategy_results import StrategyResults
from stepscale.studies.strategies.tables import STRATEGY_CURVES

UNITS = {None: "generations", "tokens": "tokens", "flops": "FLOPs"}
Curves = Mapping[tuple[str, str], Curve]


def strategy_curves(results: StrategyResults, resamples: int, seed: int) -> dict[tuple[str, str], Curve]:
    """The curve of every strategy against every unit, by (unit, strategy).

    Args:
        results: Accuracy of every strategy at every budget.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    return {
        (axis, name): results.curve(name, unit, resamples, seed)
        for unit, axis in UNITS.items()
        for name in results.strategies
    }


def curve_rows(curves: Curves, n_problems: int, errors: Mapping[str, Floats] | None = None) -> pd.DataFrame:
    """One row for each point, with its 95 % interval; ``n`` is in the row's unit.

    Args:
        curves: By unit and label.
        n_problems: How many they rest on.
        errors: Monte Carlo standard error of each point, by label; null where it is not known.
    """
    parts = [
        curve_points(curve).assign(unit=unit, label=label, error=(errors or {}).get(label, np.nan))
        for (unit, label), curve in curves.items()
    ]
    return pd.concat(parts, ignore_index=True).assign(n_problems=n_problems)[list(STRATEGY_CURVES.columns)]


def curve_points(curve: Curve) -> pd.DataFrame:
    """The points of one curve as a table.

    Args:
        curve: The curve, with its interval.

    Returns:
        Columns n, accuracy, low, high.
    """
    return pd.DataFrame(
        {"n": curve.x, "accuracy": curve.accuracy, "low": curve.interval.low, "high": curve.interval.high}
    )
