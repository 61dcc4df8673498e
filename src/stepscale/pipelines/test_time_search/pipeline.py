"""Test problems -> samples -> scores by each verifier."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.sampling import gather
from stepscale.pipelines.test_time_search import nodes


def create_pipeline() -> Pipeline:
    """The test_time_search pipeline."""
    return Pipeline(
        [
            Node(
                nodes.sample_test,
                [
                    "generator_model",
                    "problems",
                    "finished_test_shards",
                    "params:generator",
                    "params:search",
                    "params:seed",
                ],
                "test_shards",
                name="sample_test",
            ),
            Node(gather, "test_shards", "test_solutions", name="gather_test"),
            Node(nodes.score_prm, ["prm_model", "problems", "test_solutions"], "prm_scores", name="score_with_prm"),
            Node(nodes.score_orm, ["orm_model", "problems", "test_solutions"], "orm_scores", name="score_with_orm"),
        ],
        tags="test_time_search",
    )
