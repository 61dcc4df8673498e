"""Raw files or the lab -> problems; the generator made ready."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.ingestion import nodes


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
                inputs={
                    "problems": "problems",
                    "source": "params:problems",
                    "generator": "params:generator",
                    "seed": "params:seed",
                },
                outputs="format_examples",
                name="choose_format_examples",
            ),
            Node(
                nodes.fine_tune_generator,
                inputs={
                    "problems": "problems",
                    "examples": "format_examples",
                    "generator": "params:generator",
                    "seed": "params:seed",
                },
                outputs="generator_model",
                name="fine_tune_generator",
            ),
        ],
        tags="ingestion",
    )
