"""A larger model at equal FLOPs (Snell et al. 2024, section 7)."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.larger_model import measuring
from stepscale.pipelines.larger_model import nodes as larger


def create_pipeline() -> Pipeline:
    """A larger model made ready as the generator is, and its greedy answers; one box in the picture."""
    made_of = {"generator": "params:generator", "larger": "params:larger", "seed": "params:seed"}
    settings = {"settings": "params:larger_settings"}
    nodes = [
        Node(
            larger.measure_sizes,
            inputs={"generator_model": "generator_model", "larger": "params:larger"},
            outputs="model_sizes",
            name="measure_sizes",
        ),
        Node(
            larger.choose_larger_examples,
            inputs={"problems": "problems", "sizes": "model_sizes", "source": "params:problems", **made_of},
            outputs="larger_examples",
            name="choose_larger_examples",
        ),
        Node(
            larger.fine_tune_larger,
            inputs={"problems": "problems", "examples": "larger_examples", **made_of},
            outputs="larger_model",
            name="fine_tune_larger",
        ),
        Node(
            larger.answer_greedily,
            inputs={"larger_model": "larger_model", "test_problems": "test_problems", **settings},
            outputs="larger_shards",
            name="answer_greedily",
        ),
        Node(
            larger.price_answers,
            inputs={
                "shards": "larger_shards",
                "generator_model": "generator_model",
                "larger_model": "larger_model",
                "test_problems": "test_problems",
                "test_solutions": "test_solutions",
                **settings,
            },
            outputs="larger_answers",
            name="price_answers",
        ),
    ]
    whole = Pipeline(
        nodes,
        namespace="larger",
        prefix_datasets_with_namespace=False,
        inputs={"generator_model", "problems", "test_problems", "test_solutions"},
        parameters={"problems", "generator", "larger", "seed", "larger_settings"},
        tags="larger_model",
    )
    return whole + Pipeline(measuring.nodes(), tags="larger_model")
