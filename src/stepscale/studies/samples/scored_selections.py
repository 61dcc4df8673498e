"""Every answer selection among N of given samples: each verifier under each aggregation, votes, and the ceiling.

In: a grid of samples and the scores that came with them. Out: the accuracy of each, problem by problem. A verifier of
steps gives a score per aggregation, neutral steps as positive; one that gave each solution a number gives that number.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from stepscale.errors import InputError
from stepscale.estimators.arrays import Floats
from stepscale.estimators.closed_form import best_of_n_per_problem, pass_at_k_per_problem
from stepscale.estimators.intervals import bootstrap_interval
from stepscale.estimators.samples import SampleGrid
from stepscale.estimators.voting import Vote, majority_per_problem, weighted_per_problem
from stepscale.studies.best_of_n.comparison import are_shares
from stepscale.verifiers.aggregation import AGGREGATIONS, aggregate

BEST, WEIGHTED, MAJORITY, PASS = "best_of_n", "weighted", "majority", "pass_at_k"
IN_ORDER = "majority_in_order"
"""Majority as evaluators publish it: of the first N samples of the file, the first of equally frequent answers wins."""
REWARD = "reward"
"""The aggregation of a number that the file gives for the whole solution."""
_ROUNDING = 1e-6  # by which a probability may miss the sigmoid that it is

logger = logging.getLogger(__name__)

Scores = dict[str, Floats]  # by aggregation: a score per sample [problems, samples]


class ScoredSelection(NamedTuple):
    """How an answer is selected among samples, and by whose scores.

    Attributes:
        method: How the answer is chosen.
        verifier: Who scores; None for a method without scores.
        aggregation: How step scores become a solution's; None where no scores are needed.
    """

    method: str
    verifier: str | None = None
    aggregation: str | None = None


def judges_steps(scores: pd.DataFrame) -> list[str]:
    """The verifiers that gave any solution several scores, one per step.

    Args:
        scores: A scores table.

    Raises:
        InputError: A verifier scored the steps of some solutions, and gave others a number: the two cannot be ranked together.
    """
    _check_of_one_kind(scores)
    several = scores["negative"].map(len).gt(1).astype(bool)
    return list(scores.loc[several, "verifier"].unique())


def _check_of_one_kind(scores: pd.DataFrame) -> None:
    rewards = scores["reward"] if "reward" in scores else pd.Series(np.nan, scores.index)
    for verifier, rows in scores.assign(reward=rewards.astype(float)).groupby("verifier", sort=False):
        rewarded = rows["reward"].notna()
        n_of_steps = int(rows.loc[~rewarded, "negative"].map(len).gt(0).sum())
        numbers = zip(rows.loc[rewarded, "negative"], rows.loc[rewarded, "reward"], strict=True)
        if n_of_steps and (n_numbers := sum(_is_reward_alone(*number) for number in numbers)):
            raise InputError(
                f"verifier {verifier!r} gave step scores for {n_of_steps} samples and a number for {n_numbers}, which cannot be "
                "ranked together; give all samples the same kind, or leave this verifier's scores out"
            )


def _is_reward_alone(negative: Sequence[float], reward: float) -> bool:
    """Whether a row was made of a number: its one probability is then nothing but 1 - sigmoid of it."""
    return len(negative) == 1 and abs(negative[0] - 0.5 * (1 - np.tanh(reward / 2))) < _ROUNDING


def scores_by_aggregation(grid: SampleGrid, rows: pd.DataFrame, of_steps: bool) -> Scores:
    """One verifier's scores [problems, samples] by aggregation.

    Args:
        grid: The samples.
        rows: ``rows_of_samples`` of the verifier.
        of_steps: Whether it judges steps; if not, a solution's score is its reward or else its last number.
    """
    negative, neutral = list(rows["negative"]), list(rows["neutral"])
    scores: Scores = {}
    rewarded = rows["reward"].notna() if "reward" in rows else pd.Series(False, rows.index)
    if rewarded.all():
        scores[REWARD] = grid.place(rows["reward"].to_numpy(float))
    elif n_rewarded := int(rewarded[rows["negative"].map(len).gt(0)].sum()):
        name = rows["verifier"].dropna().iloc[0]
        logger.warning(
            "%s: %d of %d samples have a reward, so rewards are left out; all are ranked by their probabilities",
            name,
            n_rewarded,
            len(rows),
        )
    if of_steps:
        scores |= {aggregation: grid.place(aggregate(negative, neutral, aggregation)) for aggregation in AGGREGATIONS}
    elif not scores:
        scores["last"] = grid.place(aggregate(negative, neutral, "last"))
    return scores


def votes_of_selections(
    grid: SampleGrid, scores: Mapping[str, Scores], ns: Sequence[int], seed: int = 0
) -> dict[ScoredSelection, Vote]:
    """Expected accuracy of every answer selection at ``ns`` samples, with its Monte Carlo error, 0 where exact.

    Only scores within [0, 1] are summed to weighted votes: an unbounded reward ranks samples, and that is all.

    Args:
        grid: The samples.
        scores: By verifier, as ``scores_by_aggregation`` gives them.
        ns: Budgets in samples per problem.
        seed: Decides the random orders of votes.
    """
    exact = np.zeros(len(ns))
    votes: dict[ScoredSelection, Vote] = {}
    for verifier, by_aggregation in scores.items():
        for aggregation, values in by_aggregation.items():
            chosen = best_of_n_per_problem(values, grid.correct, ns, grid.mask)
            votes[ScoredSelection(BEST, verifier, aggregation)] = Vote(chosen, exact)
            if are_shares(values[grid.mask]):
                weighted = weighted_per_problem(grid.answers, values, grid.correct, ns, grid.mask, seed)
                votes[ScoredSelection(WEIGHTED, verifier, aggregation)] = weighted
    votes[ScoredSelection(MAJORITY)] = majority_per_problem(grid.answers, grid.correct, ns, grid.mask, seed)
    votes[ScoredSelection(IN_ORDER)] = Vote(_majority_in_order(grid, ns), exact)
    votes[ScoredSelection(PASS)] = Vote(pass_at_k_per_problem(grid.correct, ns, grid.mask), exact)
    return votes


def selection_rows(votes: Mapping[ScoredSelection, Vote], ns: Sequence[int], resamples: int, seed: int) -> pd.DataFrame:
    """A row per answer selection and budget: accuracy with its interval over problems, and the Monte Carlo error.

    Args:
        votes: Votes by answer selection.
        ns: Samples per problem to choose from.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.
    """
    parts = []
    for selection, vote in votes.items():
        accuracy = bootstrap_interval(vote.per_problem, resamples, seed).cells("accuracy")
        rows = pd.DataFrame({**selection._asdict(), "n": list(ns), **accuracy, "error": vote.error})
        parts.append(rows.assign(n_problems=len(vote.per_problem)))
    return pd.concat(parts, ignore_index=True)


def _majority_in_order(grid: SampleGrid, ns: Sequence[int]) -> Floats:
    """Whether the vote of the first n samples is right [problems, len(ns)]."""
    right = np.zeros((len(grid.ids), len(ns)))
    for row, (answers, mask, correct) in enumerate(zip(grid.answers, grid.mask, grid.correct, strict=True)):
        for column, n in enumerate(ns):
            counts = Counter(answers[:n][mask[:n]])
            if counts:
                first = list(answers[:n]).index(counts.most_common(1)[0][0])
                right[row, column] = correct[first]
    return right
