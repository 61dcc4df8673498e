"""Best-of-N and votes on the recorded samples: tables, claims A1, A2, A5 and A6, and their part of the report."""

from collections.abc import Mapping, Sequence

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import PoolBlock
from stepscale.pipelines.curve_logging import log_best_of_n
from stepscale.report.claims import Claim
from stepscale.report.part import Part, WorkedExample
from stepscale.studies.best_of_n.figures import best_of_n_part
from stepscale.studies.best_of_n.measure import choose_worked_examples, measure_best_of_n, score_splits

_SAMPLES = {"problems": "test_problems", "solutions": "test_solutions", "prm_scores": "prm_scores"}


def nodes() -> list[Node]:
    """Score, measure, log and show."""
    return [
        Node(
            score_splits,
            inputs={**_SAMPLES, "orm_scores": "orm_scores", "config": "params:report", "search": "params:search"},
            outputs="split_scores",
            name="score_splits",
        ),
        Node(
            measure_best_of_n,
            inputs={"scored": "split_scores", "config": "params:report", "seed": "params:seed"},
            outputs={"curves": "curves", "tables": "best_of_n_tables", "claims": "best_of_n_claims"},
            name="measure_best_of_n",
        ),
        Node(
            choose_worked_examples,
            inputs={"scored": "split_scores", **_SAMPLES, "pool": "params:pool"},
            outputs="worked_examples",
            name="choose_examples",
        ),
        Node(log_best_of_n, inputs={"curves": "curves", "tables": "best_of_n_tables"}, outputs=None, name="log_curves"),
        Node(
            show_best_of_n,
            inputs={
                "curves": "curves",
                "tables": "best_of_n_tables",
                "claims": "best_of_n_claims",
                "examples": "worked_examples",
                "pool": "params:pool",
            },
            outputs="best_of_n_part",
            name="show_best_of_n",
        ),
    ]


def show_best_of_n(
    curves: pd.DataFrame,
    tables: Mapping[str, pd.DataFrame],
    claims: Sequence[Claim],
    examples: Sequence[WorkedExample],
    pool: PoolBlock,
) -> Part:
    """The part of the report; where rollouts labeled the pool, the PRM learned values.

    Args:
        curves: Curves of the test problems.
        tables: Further tables by name.
        claims: Those that the samples settle.
        examples: Solutions that show the PRM at work.
        pool: Its labeler: where rollouts labeled the pool, the PRM learned values.
    """
    return best_of_n_part(curves, tables, claims, examples, pool.labeler.kind == "rollouts")
