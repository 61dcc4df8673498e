"""Curves by (unit, label) as one tidy table, for searches and revisions alike."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.compute_optimal import StrategyResults
from stepscale.estimators.curve import Curve
from stepscale.studies.strategies.tables import STRATEGY_CURVES

UNITS = {None: "generations", "tokens": "tokens", "flops": "FLOPs"}
Curves = Mapping[tuple[str, str], Curve]


def strategy_curves(results: StrategyResults, resamples: int, seed: int) -> dict[tuple[str, str], Curve]:
    """The curve of every strategy against every unit, by (unit, strategy)."""
    return {
        (shown, name): results.curve(name, unit, resamples, seed)
        for unit, shown in UNITS.items()
        for name in results.strategies
    }


def curve_rows(curves: Curves, n_problems: int, errors: Mapping[str, Floats] | None = None) -> pd.DataFrame:
    """One row for each point, with its 95 % interval; ``n`` is in the row's unit.

    ``errors``: Monte Carlo standard error of each point, by label; null where it is not known.
    """
    rows = []
    for (unit, label), curve in curves.items():
        known = (errors or {}).get(label, np.full(len(curve.x), np.nan))
        points = zip(curve.x, curve.accuracy, curve.interval.low, curve.interval.high, known, strict=True)
        rows += [[unit, label, x, accuracy, low, high, n_problems, error] for x, accuracy, low, high, error in points]
    return pd.DataFrame(rows, columns=list(STRATEGY_CURVES.columns))
