"""Curves by (unit, label) as one tidy table, for searches and revisions alike."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.estimators.closed_form import Floats
from stepscale.estimators.curve import Curve

UNITS = {None: "generations", "tokens": "tokens", "flops": "FLOPs"}
COLUMNS = ["unit", "label", "n", "accuracy", "low", "high", "n_problems", "error"]


def curve_rows(
    curves: Mapping[tuple[str, str], Curve],
    n_problems: int,
    errors: Mapping[tuple[str, str], Floats] | None = None,
) -> pd.DataFrame:
    """One row a point, with its 95 % interval; ``n`` is in the row's unit.

    ``errors``: Monte Carlo standard error [points] by (unit, label); null where it is not told.
    """
    rows = []
    for (unit, label), curve in curves.items():
        told = (errors or {}).get((unit, label), np.full(len(curve.x), np.nan))
        points = zip(curve.x, curve.accuracy, curve.interval.low, curve.interval.high, told, strict=True)
        rows += [[unit, label, x, accuracy, low, high, n_problems, error] for x, accuracy, low, high, error in points]
    return pd.DataFrame(rows, columns=COLUMNS)


def log_curve_rows(part: str, curves: pd.DataFrame) -> None:
    """Accuracy by strategy as metric histories of the MLflow run: step = generations, tokens or FLOPs / 1000 a problem."""
    from stepscale.tracking import current_run

    run = current_run()
    if run and len(curves):
        names = f"{part}." + curves["unit"] + "." + curves["label"].str.replace(r"[^\w. -]+", "", regex=True)
        steps = [
            round(n / 1000) if unit == "FLOPs" else round(n)
            for n, unit in zip(curves["n"], curves["unit"], strict=True)
        ]
        run.history(zip(names, steps, curves["accuracy"], strict=True))
