"""Given samples measured whole, together with searches of other projects, and their part of the report."""

from typing import Any

import pandas as pd
from kedro.pipeline import Node, Pipeline

from stepscale.parameters import ReportBlock, SearchBlock
from stepscale.pipelines.box import box
from stepscale.pipelines.named import named
from stepscale.pipelines.samples.reading import read_searches, read_step_labels
from stepscale.studies.samples.figures import samples_part
from stepscale.studies.samples.measure import ScoredSamples, measure_samples, score_given


def measured_samples(tag: str) -> Pipeline:
    """Score the samples, measure them with what accompanies them, and show the result; one box in the picture.

    Args:
        tag: The pipeline that the nodes belong to.
    """
    return box(_nodes(), namespace="given_samples", tag=tag)


def _nodes() -> list[Node]:
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
            measure_given,
            inputs=named("test_problems", "params:search", "params:seed")
            | {"samples": "samples_with_scores", "config": "params:report"},
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


def measure_given(
    samples: ScoredSamples, test_problems: pd.DataFrame, search: SearchBlock, config: ReportBlock, seed: int
) -> dict[str, Any]:
    """All tables and claims that the samples allow, with the step labels and the searches that were given with them.

    Args:
        samples: With their scores.
        test_problems: The test problems, a row per problem.
        search: Where the samples are, and searches of others on the same problems.
        config: Budgets and bootstrap resamples.
        seed: Of the run.
    """
    return measure_samples(samples, read_step_labels(search), read_searches(test_problems, search), config, seed)
