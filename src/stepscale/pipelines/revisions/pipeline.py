"""A model that revises its own attempts (Snell et al. 2024, section 6)."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.box import box
from stepscale.pipelines.named import named
from stepscale.pipelines.revisions import measuring
from stepscale.pipelines.revisions import nodes as revisions
from stepscale.pipelines.revisions.searches import run_revision_searches
from stepscale.pipelines.sampling import gather

_SETTINGS = {"settings": "params:revision_settings"}


def create_pipeline() -> Pipeline:
    """A revision model, its ORMs, its chains on the test problems, and searches over them; one box in the picture."""
    study = box([*_learn_to_revise(), *_train_orms(), *_revise_test_problems()], namespace="revisions", tag="revisions")
    return study + Pipeline(measuring.nodes(), tags="revisions")


def _learn_to_revise() -> list[Node]:
    """The revision model, from training problems alone."""
    made_of = named("generator_model", "problems")
    return [
        Node(
            revisions.sample_revision_pool,
            inputs={**made_of, "pool_solutions": "pool_solutions", **_SETTINGS},
            outputs="revision_pool_shards",
            name="sample_revision_pool",
        ),
        Node(
            revisions.make_revision_examples,
            inputs={**made_of, "samples": "revision_pool_shards", **_SETTINGS},
            outputs="revision_examples",
            name="make_revision_examples",
        ),
        Node(
            revisions.train_revision_model,
            inputs={**made_of, "examples": "revision_examples", **_SETTINGS},
            outputs="revision_model",
            name="train_revision_model",
        ),
    ]


def _train_orms() -> list[Node]:
    """Chains on training problems, and the ORMs that learn from them."""
    learned = {"problems": "problems", "chains": "revision_training_shards", **_SETTINGS}
    return [
        Node(
            revisions.run_training_chains,
            inputs=named("revision_model", "problems") | _SETTINGS,
            outputs="revision_training_shards",
            name="run_training_chains",
        ),
        Node(revisions.train_orm_with_history, inputs=learned, outputs="revision_orm", name="train_orm_with_history"),
        Node(
            revisions.train_orm_without_history,
            inputs=learned,
            outputs="revision_orm_without_history",
            name="train_orm_without_history",
        ),
    ]


def _revise_test_problems() -> list[Node]:
    """Chains of revisions on the test problems, and searches over what comes after them."""
    tested = {"prm_model": "prm_model", "test_problems": "test_problems", **_SETTINGS}
    return [
        Node(
            revisions.run_test_chains,
            inputs={
                "revision_model": "revision_model",
                "orm_with_history": "revision_orm",
                "orm_without_history": "revision_orm_without_history",
                **tested,
            },
            outputs="revision_test_shards",
            name="run_test_chains",
        ),
        Node(
            revisions.gather_chains,
            inputs={"shards": "revision_test_shards"},
            outputs="revision_chains",
            name="gather_chains",
        ),
        Node(
            run_revision_searches,
            inputs={"revision_model": "revision_model", **tested},
            outputs="revision_search_shards",
            name="run_revision_searches",
        ),
        Node(
            gather,
            inputs={"shards": "revision_search_shards"},
            outputs="revision_search_results",
            name="gather_revision_searches",
        ),
    ]
