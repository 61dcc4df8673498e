"""The labels that the run passes on: their part of the report."""

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import PoolBlock
from stepscale.report.part import Part
from stepscale.studies.verifiers.figures import labels_part


def nodes() -> list[Node]:
    """Show the balance of the released labels, round by round."""
    return [
        Node(
            show_labels,
            inputs={"counts": "release_counts", "pool": "params:pool"},
            outputs="labels_part",
            name="show_labels",
        )
    ]


def show_labels(counts: pd.DataFrame, pool: PoolBlock) -> Part:
    """Their part of the report."""
    return labels_part(counts, pool.labeler.kind == "given")
