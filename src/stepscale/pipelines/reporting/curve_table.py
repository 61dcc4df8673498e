"""Curves by (unit, label) as one tidy table, for searches and revisions alike."""

import pandas as pd

from stepscale.scaling.curve import Curve

UNITS = {None: "generations", "tokens": "tokens", "flops": "FLOPs"}
COLUMNS = ["unit", "label", "n", "accuracy", "low", "high", "n_problems"]


def curve_rows(curves: dict[tuple[str, str], Curve], n_problems: int) -> pd.DataFrame:
    """One row a point, with its 95 % interval; ``n`` is in the row's unit."""
    rows = [
        [unit, label, x, accuracy, low, high, n_problems]
        for (unit, label), curve in curves.items()
        for x, accuracy, low, high in zip(curve.x, curve.accuracy, curve.interval.low, curve.interval.high, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)
