"""Scores -> curves, claims, figures, one HTML report, MLflow."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.reporting import nodes, parts


def best_of_n() -> list[Node]:
    """Best-of-N and votes on the recorded samples."""
    measured = ["test_problems", "test_solutions", "prm_scores", "orm_scores"]
    return [
        Node(
            nodes.measure,
            [*measured, "params:report", "params:search", "params:seed"],
            ["curves", "heldout_curves", "levels", "quintile_curves", "scoring_table", "best_of_n_claims"],
            name="measure",
        ),
        Node(nodes.log_curves, ["curves", "heldout_curves"], None, name="log_curves"),
        Node(
            nodes.choose_worked_examples,
            [*measured, "params:pool", "params:report"],
            "worked_examples",
            name="choose_examples",
        ),
    ]


def page() -> list[Node]:
    """The claims that the parts settled, and the page they make together."""
    settled = [f"{part}_claims" for part in ("best_of_n", "supervision", "search", "rollout", "revision", "flops")]
    shown = ["curves", "levels", "scoring_table", "claims", "calibration", "verifier_metrics", "worked_examples"]
    topics = ("supervision", "search", "revision", "revision_search", "difficulty", "flops", "serving", "learning")
    drawn = [f"{part}_part" for part in topics]
    return [
        Node(nodes.collect_claims, settled, "claims", name="collect_claims"),
        Node(nodes.report, [*shown, *drawn, "parameters"], ["report", "summary"], name="report"),
        Node(nodes.keep_report, "report", None, name="keep_report"),
    ]


def create_pipeline() -> Pipeline:
    """The reporting pipeline."""
    measured = [
        *parts.supervision(),
        *parts.search(),
        *parts.revising(),
        *parts.searching_revisions(),
        *parts.telling_difficulty(),
        *parts.against_a_larger_model(),
        *parts.learning(),
        *parts.product(),
    ]
    return Pipeline([*best_of_n(), *measured, *page()], tags="reporting")
