"""The verifiers themselves: their part of the report."""

from kedro.pipeline import Node

from stepscale.studies.verifiers.figures import verifiers_part


def nodes() -> list[Node]:
    """Show how well each verifier judges."""
    return [
        Node(
            verifiers_part,
            inputs={
                "metrics": "verifier_metrics",
                "calibration": "calibration",
                "positions": "verifier_positions",
            },
            outputs="verifiers_part",
            name="show_verifiers",
        )
    ]
