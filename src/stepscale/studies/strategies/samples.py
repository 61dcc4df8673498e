"""The scored samples of the test problems as one table, read by every study that compares with best-of-N.

In: solutions and the PRM's step scores. Out: a row for each sample, with the PRM's score by the report's aggregation and
by the one that searches choose by. And from it grids [problems, samples] of any problems. Knows nothing about strategies.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.difficulty import Bins, oracle_easiness, predicted_easiness, quantile_bins
from stepscale.estimators.samples import SampleGrid, sample_grid
from stepscale.formats.checking import check, complete
from stepscale.formats.declarations import Column, Table
from stepscale.grading import Rules
from stepscale.grading.answer_groups import group_equal_answers
from stepscale.studies.best_of_n.aggregates import rows_of_samples
from stepscale.verifiers.aggregation import ScoreAggregation, aggregate

REPORT, SEARCH = "score", "search_score"
SCORED_SAMPLES = Table(
    "scored_samples",
    {
        "problem_id": Column("str"),
        "sample_id": Column("int64", low=0),
        "answer": Column("str", nullable=True),
        "is_correct": Column("boolean", nullable=True),
        REPORT: Column("Float64", nullable=True),
        SEARCH: Column("Float64", nullable=True),
    },
    key=("problem_id", "sample_id"),
)


def checked(table: pd.DataFrame) -> pd.DataFrame:
    """The table as ``SCORED_SAMPLES`` declares it; the catalog's validator.

    Args:
        table: The table.

    Raises:
        InputError: It is another table.
    """
    return check(table, SCORED_SAMPLES)


def tabulate_samples(
    problems: pd.DataFrame,
    solutions: pd.DataFrame,
    prm_scores: pd.DataFrame,
    report_aggregation: ScoreAggregation,
    search_aggregation: ScoreAggregation,
    grading_rules: Rules = "prm800k",
) -> pd.DataFrame:
    """The table ``SCORED_SAMPLES`` of the test split; without scores where the run's PRM (``prm``) scored nothing.

    Answers of a problem that are equal under the grading rules get one spelling, so that votes count answers.

    Args:
        problems: Problems of all splits.
        solutions: Graded solutions, of which those of test problems are tabulated.
        prm_scores: The PRM's step scores.
        report_aggregation: How they become one score in the report.
        search_aggregation: How they become one score in searches.
        grading_rules: By which answers are equal.
    """
    tested = set(problems.loc[problems["split"] == "test", "problem_id"])
    samples = solutions[solutions["problem_id"].isin(tested)]
    table = samples[["problem_id", "sample_id", "answer", "is_correct"]].reset_index(drop=True)
    texts = table["answer"].astype(object).where(table["answer"].notna(), None)
    spelled = texts.groupby(table["problem_id"]).transform(
        lambda answers: group_equal_answers(list(answers), grading_rules)
    )
    table = table.assign(answer=spelled.astype(table["answer"].dtype))
    if "prm" not in set(prm_scores["verifier"]):
        return complete(table, SCORED_SAMPLES)
    steps = rows_of_samples(prm_scores, samples, "prm")
    negative, neutral = list(steps["negative"]), list(steps["neutral"])
    scores = {
        REPORT: aggregate(negative, neutral, *report_aggregation),
        SEARCH: aggregate(negative, neutral, *search_aggregation),
    }
    return table.assign(**scores)


@dataclass(frozen=True)
class ScoredGrid:
    """Samples of some problems as arrays.

    Attributes:
        grid: Answers and verdicts [problems, samples].
        scores: Of the PRM [problems, samples]; None where it scored nothing.
    """

    grid: SampleGrid
    scores: Floats | None

    @property
    def prm(self) -> Floats:
        """The PRM's scores.

        Raises:
            InputError: There are none.
        """
        if self.scores is None:
            raise InputError("the samples have no scores of the run's PRM (verifier 'prm'); score them first")
        return self.scores


def scored_grid(samples: pd.DataFrame, ids: Sequence[str], score_column: str) -> ScoredGrid:
    """The samples of some problems, in their order.

    Args:
        samples: The table ``SCORED_SAMPLES``.
        ids: The problems.
        score_column: The column of scores, ``REPORT`` or ``SEARCH``.
    """
    rows = samples[samples["problem_id"].isin(set(ids))]
    grid = sample_grid(pd.DataFrame({"problem_id": list(ids)}), rows, rules=None)
    scores = None if rows[score_column].isna().all() else grid.place(rows[score_column].fillna(0).to_numpy(float))
    return ScoredGrid(grid, scores)


def difficulty_bins(scored: ScoredGrid, seed: int) -> dict[str, Bins]:
    """Difficulty bins of these problems: oracle by pass@1 and, where the PRM scored them, predicted by its mean score.

    Args:
        scored: Scored samples of the problems.
        seed: Settles ties.

    Returns:
        Bins [problems] by kind.
    """
    grid = scored.grid
    easiness = {"oracle": oracle_easiness(grid.correct, grid.mask)}
    if scored.scores is not None:
        easiness["predicted"] = predicted_easiness(scored.scores, grid.mask)
    return {kind: quantile_bins(values, grid.ids, seed=seed) for kind, values in easiness.items()}
