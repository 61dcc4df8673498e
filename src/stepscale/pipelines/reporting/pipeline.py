"""Scores -> curves, claims, figures, one HTML report, MLflow."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reporting import nodes, revisions

REVISION_TABLES = (
    "revision_positions",
    "revision_changes",
    "revision_ratios",
    "revision_curves",
    "revision_savings",
)


def create_pipeline() -> Pipeline:
    """The reporting pipeline."""
    measured = ["test_problems", "test_solutions", "prm_scores", "orm_scores"]
    return Pipeline(
        [
            Node(
                nodes.measure,
                [*measured, "params:report", "params:search", "params:seed"],
                ["curves", "levels", "quintile_curves", "scoring_table", "best_of_n_claims"],
                name="measure",
            ),
            Node(
                nodes.measure_supervision,
                ["supervision_points", "params:experiment", "params:report", "params:seed"],
                ["supervision_by_size", "supervision_by_budget", "labels_saved", "supervision_claims"],
                name="measure_supervision",
            ),
            Node(
                revisions.measure_revisions,
                [
                    "test_problems",
                    "test_solutions",
                    "prm_scores",
                    "revision_chains",
                    "params:revisions",
                    "params:report",
                    "params:seed",
                ],
                [*REVISION_TABLES, "revision_claims"],
                name="measure_revisions",
            ),
            Node(
                nodes.collect_claims,
                ["best_of_n_claims", "supervision_claims", "revision_claims"],
                "claims",
                name="collect_claims",
            ),
            Node(nodes.log_curves, "curves", None, name="log_curves"),
            Node(
                nodes.choose_worked_examples,
                [*measured, "params:pool"],
                "worked_examples",
                name="choose_examples",
            ),
            Node(
                nodes.report,
                [
                    "curves",
                    "levels",
                    "scoring_table",
                    "claims",
                    "calibration",
                    "verifier_metrics",
                    "worked_examples",
                    "quintile_curves",
                    "supervision_by_size",
                    "supervision_by_budget",
                    "labels_saved",
                    "labeler_agreement",
                    *REVISION_TABLES,
                    "parameters",
                ],
                ["report", "summary"],
                name="report",
            ),
        ],
        tags="reporting",
    )
