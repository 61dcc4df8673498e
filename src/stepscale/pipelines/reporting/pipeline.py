"""Scores -> curves, claims, figures, one HTML report, MLflow."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reporting import loop, nodes, revisions

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
                ["best_of_n_claims", "supervision_claims", "rollout_claims", "revision_claims"],
                "claims",
                name="collect_claims",
            ),
            Node(
                loop.measure_loop,
                ["loop_points", "loop_health", "params:loop", "params:report", "params:seed"],
                ["loop_by_labels", "loop_health_by_round", "loop_differences"],
                name="measure_loop",
            ),
            Node(
                loop.measure_rollouts,
                [
                    "test_problems",
                    "test_solutions",
                    "prm_scores",
                    "soft_prm_scores",
                    "params:rollouts",
                    "params:report",
                    "params:seed",
                ],
                ["soft_prm_curves", "rollout_claims"],
                name="measure_rollouts",
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
                    "verifier_positions",
                    "loop_by_labels",
                    "loop_health_by_round",
                    "loop_differences",
                    "soft_prm_curves",
                    *REVISION_TABLES,
                    "parameters",
                ],
                ["report", "summary"],
                name="report",
            ),
        ],
        tags="reporting",
    )
