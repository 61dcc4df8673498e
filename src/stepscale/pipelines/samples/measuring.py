"""Given samples measured whole, together with searches of other projects, and their part of the report."""

from kedro.pipeline import Node, Pipeline

from stepscale.pipelines.box import box
from stepscale.pipelines.named import named
from stepscale.pipelines.samples.reading import read_searches, read_step_labels
from stepscale.studies.samples.figures import samples_part
from stepscale.studies.samples.measure import measure_samples, score_given


def measured_samples(tag: str) -> Pipeline:
    """Read step labels and searches that belong to the samples, measure and show; one box in the picture.

    Args:
        tag: The pipeline that the nodes belong to.
    """
    return box([*_reading(), *_measuring()], namespace="given_samples", tag=tag)


def _reading() -> list[Node]:
    """Step labels and searches that belong to the samples."""
    return [
        Node(
            read_step_labels,
            inputs={"search": "params:search"},
            outputs="given_step_labels",
            name="read_step_labels",
        ),
        Node(
            read_searches,
            inputs=named("test_problems", "params:search"),
            outputs="given_searches",
            name="read_searches",
        ),
    ]


def _measuring() -> list[Node]:
    """Score samples that came without scores, measure them, and show the result."""
    return [
        Node(
            score_given,
            inputs={
                "problems": "test_problems",
                "solutions": "test_solutions",
                "prm_scores": "prm_scores",
                "orm_scores": "orm_scores",
                "config": "params:report",
                "search": "params:search",
            },
            outputs="samples_with_scores",
            name="score_given",
        ),
        Node(
            measure_samples,
            inputs={
                "samples": "samples_with_scores",
                "step_labels": "given_step_labels",
                "searches": "given_searches",
                "config": "params:report",
                "seed": "params:seed",
            },
            outputs={"tables": "samples_tables", "claims": "samples_claims"},
            name="measure_samples",
        ),
        Node(
            samples_part,
            inputs={"tables": "samples_tables", "claims": "samples_claims"},
            outputs="samples_part",
            name="show_samples",
        ),
    ]
