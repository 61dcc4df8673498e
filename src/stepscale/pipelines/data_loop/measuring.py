"""The data loop: its tables and its part of the report."""

from kedro.pipeline import Node

from stepscale.studies.data_loop.figures import loop_part
from stepscale.studies.data_loop.measure import measure_loop


def nodes() -> list[Node]:
    """Measure and show."""
    return [
        Node(
            measure_loop,
            inputs={
                "points": "loop_points",
                "health": "loop_health",
                "loop": "params:loop",
                "config": "params:report",
                "seed": "params:seed",
            },
            outputs="data_loop_tables",
            name="measure_loop",
        ),
        Node(loop_part, inputs={"tables": "data_loop_tables"}, outputs="data_loop_part", name="show_loop"),
    ]
