"""Points of trained verifiers for tests: every arm took what it was asked to take, and no selector's labels come on top."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from stepscale.supervision.tables import POINTS


def points_table(rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """The points table of rows (arm, per_problem, seed, n, problem_id, accuracy)."""
    table = pd.DataFrame(rows, columns=["arm", "per_problem", "seed", "n", "problem_id", "accuracy"])
    assigned = table.assign(labeled=table["per_problem"].astype(float), selector=0.0, faultless=float("nan"))
    return assigned[list(POINTS.columns)]
