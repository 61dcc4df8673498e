"""Test problems, or given samples -> samples -> scores by each verifier."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.sampling import gather
from stepscale.pipelines.test_time_search import (
    difficulty,
    larger,
    nodes,
    revision_search,
    revisions,
    searches,
    soft_prm,
)


def learn_to_revise() -> list[Node]:
    """The revision model and its ORMs, from training problems alone."""
    made_of = ["params:generator", "params:revisions"]
    sampled = [*made_of, "params:search", "params:seed"]
    judged = ["problems", "revision_training_shards", "params:verifiers", "params:revisions", "params:seed"]
    return [
        Node(
            revisions.sample_revision_pool,
            ["generator_model", "problems", "finished_revision_pool_shards", *sampled],
            "revision_pool_shards",
            name="sample_revision_pool",
        ),
        Node(
            revisions.make_revision_examples,
            ["generator_model", "problems", "pool_solutions", "revision_pool_shards", *made_of, "params:seed"],
            "revision_examples",
            name="make_revision_examples",
        ),
        Node(
            revisions.train_revision_model,
            ["generator_model", "problems", "revision_examples", *made_of, "params:seed"],
            "revision_model",
            name="train_revision_model",
        ),
        Node(
            revisions.run_training_chains,
            ["revision_model", "problems", "finished_revision_training_shards", *sampled],
            "revision_training_shards",
            name="run_training_chains",
        ),
        Node(revisions.train_orm_with_history, judged, "revision_orm", name="train_orm_with_history"),
        Node(
            revisions.train_orm_without_history,
            judged,
            "revision_orm_without_history",
            name="train_orm_without_history",
        ),
    ]


def revise_test_problems() -> list[Node]:
    """Chains of revisions on the test problems, and searches over what comes after them."""
    orms = ["revision_orm", "revision_orm_without_history"]
    made_of = ["params:generator", "params:verifiers", "params:revisions", "params:search", "params:seed"]
    return [
        Node(
            revisions.run_test_chains,
            ["revision_model", *orms, "prm_model", "test_problems", "finished_revision_test_shards", *made_of],
            "revision_test_shards",
            name="run_test_chains",
        ),
        Node(revisions.gather_chains, "revision_test_shards", "revision_chains", name="gather_chains"),
        Node(
            revision_search.run_revision_searches,
            ["revision_model", "prm_model", "test_problems", "finished_revision_search_shards", *made_of],
            "revision_search_shards",
            name="run_revision_searches",
        ),
        Node(
            revision_search.gather_revision_searches,
            "revision_search_shards",
            "revision_search_results",
            name="gather_revision_searches",
        ),
    ]


def revise() -> Pipeline:
    """A revision model, its ORMs, and its chains on the test problems; one box in the picture."""
    return Pipeline(
        [*learn_to_revise(), *revise_test_problems()],
        namespace="revisions",
        prefix_datasets_with_namespace=False,
        inputs={"generator_model", "prm_model", "problems", "pool_solutions", "test_problems"},
        parameters={"generator", "verifiers", "revisions", "search", "seed"},
    )


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


def answer_with_a_larger_model() -> Pipeline:
    """A larger model made ready as the generator is, and its greedy answers; one box in the picture."""
    made_of = ["params:generator", "params:larger"]
    budgets = ["params:tree_search", "params:revisions", "params:search"]
    priced = ["larger_shards", "generator_model", "larger_model", "test_problems", "test_solutions"]
    nodes = [
        Node(
            larger.choose_larger_examples,
            ["generator_model", "problems", "given_solutions", *made_of, "params:seed"],
            ["larger_examples", "model_sizes"],
            name="choose_larger_examples",
        ),
        Node(
            larger.fine_tune_larger,
            ["problems", "larger_examples", *made_of, "params:seed"],
            "larger_model",
            name="fine_tune_larger",
        ),
        Node(
            larger.answer_greedily,
            ["larger_model", "test_problems", "finished_larger_shards", *made_of, *budgets, "params:seed"],
            "larger_shards",
            name="answer_greedily",
        ),
        Node(larger.price_answers, [*priced, *made_of, "params:seed"], "larger_answers", name="price_answers"),
    ]
    return Pipeline(
        nodes,
        namespace="larger",
        prefix_datasets_with_namespace=False,
        inputs={"generator_model", "problems", "given_solutions", "test_problems", "test_solutions"},
        parameters={"generator", "larger", "tree_search", "revisions", "search", "seed"},
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
    return tree_searches() + revise() + answer_with_a_larger_model() + sample_and_score()
