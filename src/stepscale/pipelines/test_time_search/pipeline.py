"""Test problems -> samples -> scores by each verifier -> searches; and smaller runs that leave some of these out."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.box import box
from stepscale.pipelines.named import named
from stepscale.pipelines.samples.measuring import measured_samples
from stepscale.pipelines.sampling import gather
from stepscale.pipelines.test_time_search import difficulty, measuring, nodes, searches

_JUDGED = named("test_problems", "test_solutions", "params:verifiers")
_BY_PRM = named("prm_model", "params:search") | _JUDGED


def create_pipeline() -> Pipeline:
    """The test_time_search pipeline."""
    return best_of_n() + tree_search()


def best_of_n() -> Pipeline:
    """Samples of the test problems, each scored by the PRM and the ORM."""
    return Pipeline([*_sample(), _gather(), *_score()], tags="test_time_search")


def best_of_n_by_prm() -> Pipeline:
    """Samples of the test problems, each scored by the PRM, where there is no ORM."""
    return Pipeline([*_sample(), _gather(), _score_with_prm_alone()], tags="best_of_n_by_prm")


def sampled_test() -> Pipeline:
    """The samples without scores, where nothing is trained."""
    unscored = Node(
        nodes.gather_unscored,
        inputs={"shards": "test_shards"},
        outputs={"solutions": "test_solutions", "of_prms": "prm_scores", "of_orms": "orm_scores"},
        name="gather_test",
    )
    return Pipeline([*_sample(), unscored], tags="sampled_test")


def _sample() -> list[Node]:
    return [
        Node(
            nodes.choose_test_problems,
            inputs={"problems": "problems"},
            outputs="test_problems",
            name="choose_test_problems",
        ),
        Node(
            nodes.sample_test,
            inputs=named("generator_model", "test_problems", "params:generator", "params:search", "params:seed"),
            outputs="test_shards",
            name="sample_test",
        ),
    ]


def _gather() -> Node:
    return Node(gather, inputs={"shards": "test_shards"}, outputs="test_solutions", name="gather_test")


def _score() -> list[Node]:
    return [
        Node(nodes.score_with_prm, inputs=_BY_PRM, outputs="prm_scores", name="score_with_prm"),
        Node(
            nodes.score_with_orm,
            inputs={"orm_model": "orm_model", **_JUDGED},
            outputs="orm_scores",
            name="score_with_orm",
        ),
    ]


def _score_with_prm_alone() -> Node:
    return Node(
        nodes.score_with_prm_alone,
        inputs=_BY_PRM,
        outputs={"of_prms": "prm_scores", "of_orms": "orm_scores"},
        name="score_with_prm",
    )


def tree_search() -> Pipeline:
    """Searches on the test problems, the cost of whole samples for comparison, and the measurements; one box in the picture."""
    models = named("generator_model", "prm_model", "searched_problems")
    steps = [
        Node(
            difficulty.predict_difficulty,
            inputs=named("problems", "pool_solutions", "test_problems"),
            outputs="question_difficulty",
            name="predict_difficulty",
        ),
        Node(
            searches.choose_searched,
            inputs=named("test_problems", "test_solutions", "prm_scores", "params:search", "params:tree_search"),
            outputs="searched_problems",
            name="choose_searched",
        ),
        Node(
            searches.run_searches,
            inputs={**models, "settings": "params:search_settings"},
            outputs="search_shards",
            name="run_searches",
        ),
        Node(
            searches.gather_searches,
            inputs={"shards": "search_shards", "tree_search": "params:tree_search"},
            outputs={"results": "search_results", "candidates": "search_candidates"},
            name="gather_searches",
        ),
        Node(
            searches.price_samples,
            inputs={**models, "test_solutions": "test_solutions", "settings": "params:search_settings"},
            outputs="sample_costs",
            name="price_samples",
        ),
    ]
    return box([*steps, *measuring.nodes()], namespace="search", tag="test_time_search")


def samples() -> Pipeline:
    """Given scored samples in the place of our own."""
    return Pipeline(
        [
            Node(
                nodes.read_samples,
                inputs={"search": "params:search"},
                outputs={"problems": "test_problems", "solutions": "test_solutions", "scores": "given_scores"},
                name="read_samples",
            ),
            Node(
                nodes.sort_scores,
                inputs=named("test_problems", "test_solutions", "given_scores", "params:search"),
                outputs={"of_prms": "prm_scores", "of_orms": "orm_scores"},
                name="sort_scores",
            ),
        ],
        tags="samples",
    ) + measured_samples("samples")


def judge_samples() -> Pipeline:
    """Given samples, scored by the PRM and the ORM of the run."""
    return Pipeline([_read_to_judge(), *_score()], tags="judge_samples") + measured_samples("judge_samples")


def judge_samples_by_prm() -> Pipeline:
    """Given samples, scored by the PRM of the run, where there is no ORM."""
    judged = Pipeline([_read_to_judge(), _score_with_prm_alone()], tags="judge_samples_by_prm")
    return judged + measured_samples("judge_samples_by_prm")


def _read_to_judge() -> Node:
    return Node(
        nodes.read_samples_to_judge,
        inputs=named("problems", "params:search"),
        outputs={"problems": "test_problems", "solutions": "test_solutions"},
        name="read_samples_to_judge",
    )
