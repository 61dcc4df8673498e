"""A PRM of rollouts: its curves, claims B8 and B9, and its part of the report."""

from collections.abc import Mapping, Sequence

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import ReportBlock
from stepscale.pipelines.curve_logging import log_curves
from stepscale.report.claims import Claim
from stepscale.report.part import Part
from stepscale.studies.rollouts.figures import rollouts_part
from stepscale.studies.rollouts.measure import gather_soft_scores, measure_rollouts


def nodes() -> list[Node]:
    """Gather, measure, log and show."""
    return [
        Node(
            gather_soft_scores,
            inputs={
                "problems": "test_problems",
                "solutions": "test_solutions",
                "prm_scores": "prm_scores",
                "orm_scores": "orm_scores",
                "soft_scores": "soft_prm_scores",
                "pool": "params:pool",
            },
            outputs="soft_samples",
            name="gather_soft_scores",
        ),
        Node(
            measure_rollouts,
            inputs={"scores": "soft_samples", "config": "params:report", "seed": "params:seed"},
            outputs={"tables": "rollouts_tables", "claims": "rollouts_claims"},
            name="measure_rollouts",
        ),
        Node(log_soft_prm, inputs={"tables": "rollouts_tables"}, outputs=None, name="log_soft_prm_curves"),
        Node(
            show_rollouts,
            inputs={
                "tables": "rollouts_tables",
                "claims": "rollouts_claims",
                "metrics": "soft_prm_metrics",
                "config": "params:report",
            },
            outputs="rollouts_part",
            name="show_rollouts",
        ),
    ]


def log_soft_prm(tables: Mapping[str, pd.DataFrame]) -> None:
    """The soft PRM's curves as MLflow metric histories: step = N.

    Args:
        tables: The tables of the study, by name.
    """
    log_curves("soft_prm", tables["curves"].assign(unit="generations"))


def show_rollouts(
    tables: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    metrics: Mapping[str, Mapping[str, float]],
    config: ReportBlock,
) -> Part:
    """Their part of the report.

    Args:
        tables: The tables of the study, by name.
        claims: The claims that the study settles.
        metrics: Metrics by verifier.
        config: Parameters ``report``.
    """
    return rollouts_part(tables, claims, config.aggregation, metrics)
