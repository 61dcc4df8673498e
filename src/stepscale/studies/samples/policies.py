"""The policies of every verifier of a file of samples, and what its samples cost in tokens."""

import logging
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote
from stepscale.studies.samples.optimal import Optimal, difficulty, optimal, strategies
from stepscale.studies.samples.scored_selections import ScoredSelection, Scores

logger = logging.getLogger(__name__)


def mean_tokens(solutions: pd.DataFrame, ids: Sequence[str]) -> Floats | None:
    """Mean tokens of a sample of each problem [problems]; None where the file does not count those of all samples.

    Args:
        solutions: With their tokens, if the file counts them.
        ids: Problem ids.
    """
    counts = _token_counts(solutions)
    if counts is None:
        return None
    if reasons := tokens_left_out(solutions):
        logger.warning("%s", reasons[0])
        return None
    means = counts.groupby(solutions["problem_id"]).mean().reindex(list(ids))
    return None if means.isna().any() else np.asarray(means, float)


def tokens_left_out(solutions: pd.DataFrame) -> tuple[str, ...]:
    """Why accuracy against tokens is not measured where a file counts the tokens of some samples, and not of all.

    Args:
        solutions: With their tokens, if the file counts them.
    """
    counts = _token_counts(solutions)
    if counts is None:
        return ()
    if (uncounted := int(counts.isna().sum())) or not (counts.groupby(solutions["problem_id"]).mean() > 0).all():
        lacking = f"{uncounted} of {len(counts)} samples have no count of tokens" if uncounted else "the counts are 0"
        return (f"Accuracy against tokens is left out: {lacking}.",)
    return ()


def _token_counts(solutions: pd.DataFrame) -> "pd.Series[float] | None":
    """Tokens of each sample, NaN where the file has none; None where it counts those of no sample."""
    counted = "n_tokens" in solutions and solutions["n_tokens"].notna().any()
    return solutions["n_tokens"].astype(float) if counted else None


def policies(
    grid: SampleGrid,
    scores: Mapping[str, Scores],
    votes: Mapping[ScoredSelection, Vote],
    ns: Sequence[int],
    tokens: Floats | None,
    resamples: int,
    seed: int,
) -> dict[str, Optimal]:
    """The policies of each verifier; see ``optimal``.

    Args:
        grid: Answers and correctness [problems, samples].
        scores: By verifier and aggregation [problems, samples].
        votes: Votes by answer selection.
        ns: Samples per problem to choose from.
        tokens: Mean tokens of a sample [problems]; None where they are not counted.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    return {
        name: optimal(strategies(votes, name, grid.ids, ns, tokens), difficulty(grid, scores[name]), resamples, seed)
        for name in scores
    }
