"""A larger model at equal FLOPs (Snell et al. 2024, section 7)."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.larger_model import nodes as larger


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


def create_pipeline() -> Pipeline:
    """The larger_model pipeline."""
    return answer_with_a_larger_model()
