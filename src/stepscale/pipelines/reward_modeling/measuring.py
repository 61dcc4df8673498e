"""The verifiers themselves: their part of the report."""

from collections.abc import Mapping

import pandas as pd
from kedro.pipeline import Node

from stepscale.report.part import Part
from stepscale.studies.verifiers.figures import pool_too_small, verifiers_part


def nodes() -> list[Node]:
    """Show how well each verifier judges."""
    return [
        Node(
            show_verifiers,
            inputs={
                "metrics": "verifier_metrics",
                "calibration": "calibration",
                "positions": "verifier_positions",
                "solutions": "pool_solutions",
            },
            outputs="verifiers_part",
            name="show_verifiers",
        )
    ]


def show_verifiers(
    metrics: Mapping[str, Mapping[str, float]],
    calibration: pd.DataFrame,
    positions: pd.DataFrame,
    solutions: pd.DataFrame,
) -> Part:
    """The verifiers' part of the report; it says where the pool is too small to learn from.

    Args:
        metrics: Numbers by verifier and name.
        calibration: Bins of the reliability diagram, a row per bin.
        positions: Measures by position of the step.
        solutions: The pool's solutions.
    """
    part = verifiers_part(metrics, calibration, positions)
    return part.model_copy(update={"too_small": pool_too_small(solutions)})
