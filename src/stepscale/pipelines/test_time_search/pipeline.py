"""Test problems, or given samples -> samples -> scores by each verifier."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.sampling import gather
from stepscale.pipelines.test_time_search import nodes


def create_pipeline() -> Pipeline:
    """The test_time_search pipeline."""
    judged = ["test_problems", "test_solutions", "given_scores", "params:verifiers"]
    return Pipeline(
        [
            Node(
                nodes.choose_test_problems,
                ["problems", "params:search"],
                ["test_problems", "given_samples", "given_scores"],
                name="choose_test_problems",
            ),
            Node(
                nodes.sample_test,
                [
                    "generator_model",
                    "test_problems",
                    "given_samples",
                    "finished_test_shards",
                    "params:generator",
                    "params:search",
                    "params:seed",
                ],
                "test_shards",
                name="sample_test",
            ),
            Node(gather, "test_shards", "test_solutions", name="gather_test"),
            Node(nodes.score_prm, ["prm_model", *judged, "params:search"], "prm_scores", name="score_with_prm"),
            Node(nodes.score_orm, ["orm_model", *judged], "orm_scores", name="score_with_orm"),
        ],
        tags="test_time_search",
    )
