"""Scores -> curves, claims, figures, one HTML report, MLflow; with the parts of all studies that were run."""

from kedro.pipeline import Pipeline

from stepscale.pipelines.reporting import best_of_n_part, page


def create_pipeline() -> Pipeline:
    """The reporting pipeline: best-of-N measured, in one box; and the page."""
    measured = Pipeline(
        best_of_n_part.nodes(),
        namespace="best_of_n",
        prefix_datasets_with_namespace=False,
        inputs={"test_problems", "test_solutions", "prm_scores", "orm_scores"},
        parameters={"report", "search", "seed", "pool"},
        tags="reporting",
    )
    return measured + Pipeline(page.nodes(), tags="reporting")
