"""Revisions: accuracy of every split, tables, claims B4-B6 and B10, and their part of the report."""

from collections.abc import Mapping

import pandas as pd
from kedro.pipeline import Node

from stepscale.parameters import ReportBlock, RevisionsBlock, SearchBlock
from stepscale.pipelines.curve_logging import log_curves
from stepscale.studies.difficulty.measure import measure_difficulty
from stepscale.studies.revisions.figures import revisions_part
from stepscale.studies.revisions.measure import measure_revisions
from stepscale.studies.revisions.search import measure_revision_search
from stepscale.studies.strategies.accuracy import VERIFIER, results_of, revision_accuracy
from stepscale.studies.strategies.samples import REPORT, scored_grid

_HOW = {"config": "params:report", "seed": "params:seed"}


def nodes() -> list[Node]:
    """Tabulate, measure, log and show."""
    return [
        Node(
            tabulate_revisions,
            inputs={
                "chains": "revision_chains",
                "revisions": "params:revisions",
                "search": "params:search",
                "seed": "params:seed",
            },
            outputs="revision_accuracy",
            name="tabulate_revisions",
        ),
        *_measure(),
        Node(log_revision_curves, inputs={"tables": "revisions_tables"}, outputs=None, name="log_revision_curves"),
        Node(
            revisions_part,
            inputs={
                "tables": "revisions_tables",
                "searched": "revision_search_tables",
                "difficulty": "revision_difficulty_tables",
                "claims": "revisions_claims",
            },
            outputs="revisions_part",
            name="show_revisions",
        ),
    ]


def _measure() -> list[Node]:
    return [
        Node(
            measure_revisions,
            inputs={
                "chains": "revision_chains",
                "accuracy": "revision_accuracy",
                "samples": "scored_samples",
                "revisions": "params:revisions",
                **_HOW,
            },
            outputs={"tables": "revisions_tables", "claims": "revisions_claims"},
            name="measure_revisions",
        ),
        Node(
            measure_revision_search,
            inputs={
                "searched": "revision_search_results",
                "revised": "revision_accuracy",
                "accuracy": "search_accuracy",
                **_HOW,
            },
            outputs="revision_search_tables",
            name="measure_revision_search",
        ),
        Node(
            measure_revision_difficulty,
            inputs={
                "samples": "scored_samples",
                "accuracy": "revision_accuracy",
                "question": "question_difficulty",
                **_HOW,
            },
            outputs="revision_difficulty_tables",
            name="measure_revision_difficulty",
        ),
    ]


def tabulate_revisions(chains: pd.DataFrame, revisions: RevisionsBlock, search: SearchBlock, seed: int) -> pd.DataFrame:
    """Accuracy of every split of every budget, problem by problem.

    Args:
        chains: Chains of the test problems, a row per attempt.
        revisions: Budgets in generations per problem.
        search: The grading rules.
        seed: Of the run.

    Returns:
        A row per budget, split of it, way to choose and problem.
    """
    return revision_accuracy(chains, revisions.budgets, seed, search.grading_rules)


def measure_revision_difficulty(
    samples: pd.DataFrame, accuracy: pd.DataFrame, question: pd.DataFrame, config: ReportBlock, seed: int
) -> dict[str, pd.DataFrame]:
    """Ways to estimate difficulty, by what a ratio for each bin is worth.

    Args:
        samples: Parallel samples of the test problems.
        accuracy: As ``tabulate_revisions`` makes it.
        question: Difficulty of each problem as predicted from its text.
        config: Resamples and bins of the report.
        seed: Of the run.

    Returns:
        The tables of the comparison, by name.
    """
    results = results_of(accuracy[accuracy["chosen_by"] == VERIFIER])
    return measure_difficulty(results, scored_grid(samples, results.ids, REPORT), question, config, seed)


def log_revision_curves(tables: Mapping[str, pd.DataFrame]) -> None:
    """Pass@1 along the chain and accuracy by strategy, with their bounds, as metric histories of the MLflow run.

    Args:
        tables: The tables of the study, by name.
    """
    positions = tables["positions"]
    along = positions.assign(n=positions["position"] + 1, unit="chain", label="pass at 1")
    curves = [along[["unit", "label", "n", "accuracy", "low", "high"]], tables["curves"]]
    log_curves("revisions", pd.concat(curves, ignore_index=True))
