"""The labeled pool and the labels that the run passes on: their parts of the report."""

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import ReleaseSettings
from stepscale.pipelines.active_learning.release import people_of
from stepscale.report.part import Part
from stepscale.studies.verifiers.figures import labels_part
from stepscale.studies.verifiers.labeled_pool import pool_part
from stepscale.studies.verifiers.people import people_tables


def nodes() -> list[Node]:
    """Show the balance of the released labels, round by round, and the people who labeled."""
    return [
        Node(
            show_labels,
            inputs={"counts": "release_counts", "settings": "params:release_settings"},
            outputs="labels_part",
            name="show_labels",
        )
    ]


def show_pool(solutions: pd.DataFrame, labels: pd.DataFrame) -> Part:
    """The part of the report on the pool and how far it is labeled.

    Args:
        solutions: Solutions, a row per solution.
        labels: Step labels, a row per rated step.
    """
    return pool_part(solutions, labels)


def show_labels(counts: pd.DataFrame, settings: ReleaseSettings) -> Part:
    """The part of the report on labels; where people labeled, with who they are and how far they agree.

    Args:
        counts: Counts of the labels, rounds in the index.
        settings: Which labeler, and where the problems come from.
    """
    part = labels_part(counts, settings.pool.labeler.kind == "given")
    return part.model_copy(update={"tables": people_tables(people_of(settings))})
