"""A larger model at equal FLOPs (Snell et al. 2024, section 7)."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.box import box
from stepscale.pipelines.larger_model import measuring
from stepscale.pipelines.larger_model import nodes as larger
from stepscale.pipelines.named import named


def create_pipeline() -> Pipeline:
    """A larger model fine-tuned as the generator is, and its greedy answers; one box in the picture."""
    made_of = named("params:generator", "params:larger", "params:seed")
    settings = {"settings": "params:larger_settings"}
    nodes = [
        Node(
            larger.measure_sizes,
            inputs=named("generator_model", "params:larger"),
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
            inputs=named("larger_model", "test_problems") | settings,
            outputs="larger_shards",
            name="answer_greedily",
        ),
        Node(
            larger.price_answers,
            inputs=named("generator_model", "larger_model", "test_problems", "test_solutions")
            | {"shards": "larger_shards", **settings},
            outputs="larger_answers",
            name="price_answers",
        ),
    ]
    study = box(nodes, namespace="larger", tag="larger_model")
    return study + Pipeline(measuring.nodes(), tags="larger_model")
