"""Raw files or the lab -> problems; the generator, fine-tuned or taken as it is."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.ingestion import nodes
from stepscale.pipelines.named import named


def create_pipeline() -> Pipeline:
    """The ingestion pipeline."""
    return Pipeline(
        [
            _ingest(),
            Node(
                nodes.choose_examples,
                inputs=named("problems", "params:generator", "params:seed") | {"source": "params:problems"},
                outputs="format_examples",
                name="choose_format_examples",
            ),
            Node(
                nodes.fine_tune_generator,
                inputs=named("problems", "params:generator", "params:seed") | {"examples": "format_examples"},
                outputs="generator_model",
                name="fine_tune_generator",
            ),
        ],
        tags="ingestion",
    )


def ready_generator() -> Pipeline:
    """The problems, and a generator that is taken as it is (``generator.fine_tuning: null``): no examples are chosen."""
    take = Node(
        nodes.take_generator,
        inputs=named("params:generator"),
        outputs="generator_model",
        name="take_generator",
    )
    return Pipeline([_ingest(), take], tags="ready_generator")


def _ingest() -> Node:
    return Node(
        nodes.ingest, inputs={"source": "params:problems", "seed": "params:seed"}, outputs="problems", name="ingest"
    )
