"""Raw files or the lab -> problems; the generator made ready."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.ingestion import nodes
from stepscale.pipelines.named import named


def create_pipeline() -> Pipeline:
    """The ingestion pipeline."""
    return Pipeline(
        [
            Node(
                nodes.ingest,
                inputs={"source": "params:problems", "seed": "params:seed"},
                outputs="problems",
                name="ingest",
            ),
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
