"""Test problems, or given samples -> samples -> scores by each verifier."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.rollouts import soft_prm
from stepscale.pipelines.sampling import gather
from stepscale.pipelines.test_time_search import difficulty, nodes, searches


def tree_searches() -> Pipeline:
    """Searches on the test problems, and what whole samples cost beside them; one box in the picture."""
    models, made_of = ["generator_model", "prm_model", "test_problems"], ["params:generator", "params:verifiers"]
    plan = "params:tree_search"
    nodes = [
        Node(
            searches.run_searches,
            [*models, "finished_search_shards", *made_of, plan, "params:search", "params:seed"],
            "search_shards",
            name="run_searches",
        ),
        Node(
            searches.gather_searches,
            ["search_shards", plan],
            ["search_results", "search_candidates"],
            name="gather_searches",
        ),
        Node(
            searches.price_samples,
            [*models, "test_solutions", *made_of, plan, "params:report", "params:seed"],
            "sample_costs",
            name="price_samples",
        ),
    ]
    return Pipeline(
        nodes,
        namespace="search",
        prefix_datasets_with_namespace=False,
        inputs={*models, "test_solutions"},
        parameters={"generator", "verifiers", "tree_search", "search", "report", "seed"},
    )


def sample_and_score() -> Pipeline:
    """Samples of the test problems, each scored by every verifier."""
    judged = ["test_problems", "test_solutions", "given_scores", "params:verifiers"]
    sampled = ["test_problems", "given_samples", "finished_test_shards"]
    scored = [
        Node(
            nodes.choose_test_problems,
            [
                "problems",
                "params:search",
                *(f"params:{own}" for own in ("tree_search", "revisions", "larger", "rollouts")),
            ],
            ["test_problems", "given_samples", "given_scores"],
            name="choose_test_problems",
        ),
        Node(
            nodes.sample_test,
            ["generator_model", *sampled, "params:generator", "params:search", "params:seed"],
            "test_shards",
            name="sample_test",
        ),
        Node(gather, "test_shards", "test_solutions", name="gather_test"),
        Node(
            difficulty.predict_difficulty,
            ["problems", "pool_solutions", "test_problems", "params:tree_search", "params:revisions"],
            "question_difficulty",
            name="predict_difficulty",
        ),
        Node(nodes.score_prm, ["prm_model", *judged, "params:search"], "prm_scores", name="score_with_prm"),
        Node(nodes.score_orm, ["orm_model", *judged], "orm_scores", name="score_with_orm"),
        Node(
            soft_prm.score_with_soft_prm,
            ["soft_prm_model", "test_problems", "test_solutions", "params:verifiers", "params:rollouts"],
            "soft_prm_scores",
            name="score_with_soft_prm",
        ),
    ]
    return Pipeline(scored, tags="test_time_search")


def create_pipeline() -> Pipeline:
    """The test_time_search pipeline."""
    return tree_searches() + sample_and_score()
