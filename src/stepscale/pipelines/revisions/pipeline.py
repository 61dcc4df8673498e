"""A model that revises its own attempts (Snell et al. 2024, section 6)."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.revisions import nodes as revisions
from stepscale.pipelines.revisions import searches as revision_search


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


def create_pipeline() -> Pipeline:
    """The revisions pipeline."""
    return revise()
