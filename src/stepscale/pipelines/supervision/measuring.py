"""Ways to supervise: their tables, claims A3 and A4, and their part of the report."""

from collections.abc import Mapping

import pandas as pd
from kedro.pipeline import Node

from stepscale.studies.supervision.figures import supervision_part
from stepscale.studies.supervision.measure import measure_supervision


def nodes() -> list[Node]:
    """Measure, log and show."""
    return [
        Node(
            measure_supervision,
            inputs={
                "points": "supervision_points",
                "selections": "selections",
                "experiment": "params:experiment",
                "config": "params:report",
                "seed": "params:seed",
            },
            outputs={"tables": "supervision_tables", "claims": "supervision_claims"},
            name="measure_supervision",
        ),
        Node(log_label_overlap, inputs={"tables": "supervision_tables"}, outputs=None, name="log_label_overlap"),
        Node(
            supervision_part,
            inputs={
                "tables": "supervision_tables",
                "claims": "supervision_claims",
                "agreement": "labeler_agreement",
                "metrics": "large_prm_metrics",
                "verifiers": "params:verifiers",
                "problems": "params:problems",
            },
            outputs="supervision_part",
            name="show_supervision",
        ),
    ]


def log_label_overlap(tables: Mapping[str, pd.DataFrame]) -> None:
    """Shares of labels that active learning has in common with uniform ones, as an MLflow metric history: step = size.

    Args:
        tables: The tables of the study, by name.
    """
    from stepscale.tracking import current_run

    run = current_run()
    if run and "overlap" in tables:
        rows = tables["overlap"].to_dict("records")
        run.history(("label_overlap", row["per_problem"], row["overlap"]) for row in rows)
