"""Raw files or the lab -> problems, given labels; the generator made ready."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.ingestion import nodes


def create_pipeline() -> Pipeline:
    """The ingestion pipeline."""
    return Pipeline(
        [
            Node(
                nodes.ingest,
                ["params:problems", "params:seed"],
                ["problems", "given_solutions", "given_step_labels"],
                name="ingest",
            ),
            Node(
                nodes.choose_examples,
                ["problems", "given_solutions", "params:generator", "params:seed"],
                "format_examples",
                name="choose_format_examples",
            ),
            Node(
                nodes.fine_tune_generator,
                ["problems", "format_examples", "params:generator", "params:seed"],
                "generator_model",
                name="fine_tune_generator",
            ),
        ],
        tags="ingestion",
    )
