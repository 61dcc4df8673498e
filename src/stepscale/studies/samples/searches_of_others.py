"""Results of given searches beside choosing among as many of the given samples, paired by problem."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.arrays import Floats
from stepscale.estimators.intervals import bootstrap_interval, paired_interval, verdict
from stepscale.estimators.voting import Vote
from stepscale.studies.samples.optimal import Optimal, chosen_label
from stepscale.studies.samples.scored_selections import MAJORITY, ScoredSelection

Comparators = dict[str, Floats]  # by label: accuracy [problems, budgets]


def search_rows(
    searches: pd.DataFrame,
    ids: Sequence[str],
    votes: Mapping[ScoredSelection, Vote],
    by_verifier: Mapping[str, Optimal],
    ns: Sequence[int],
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """A row per search, budget and answer selection that it is compared with.

    Args:
        searches: A predictions table of these problems. Several answers of one search are averaged.
        ids: The problems of ``votes``.
        votes: Accuracy of every answer selection.
        by_verifier: By verifier its policies, for its best-of-N and weighted vote under the chosen aggregation.
        ns: Budgets of the votes.
        resamples: Number of bootstrap resamples over problems.
        seed: Decides the resamples.
    """
    comparators = _comparators(votes, by_verifier)
    row_of = {problem_id: row for row, problem_id in enumerate(ids)}
    rows: list[dict[str, object]] = []
    for (name, _), group in searches.groupby(["strategy", "budget"], sort=False):
        right = group["is_correct"].fillna(False).astype(float).groupby(group["problem_id"]).mean()
        values, budget = np.asarray(right, float), int(group["budget"].iloc[0])
        reached = bootstrap_interval(values, resamples, seed).cells("accuracy")
        tokens = float(group["tokens"].astype(float).mean()) if "tokens" in group else np.nan
        cells = {"search": str(name), "n": budget, "tokens": tokens, **reached, "n_problems": len(right)}
        places = [row_of[problem_id] for problem_id in right.index]
        compared = list(_compared(values, places, comparators, ns, budget, resamples, seed))
        rows += [cells | row for row in compared or [{"other": None, "difference": np.nan, "verdict": None}]]
    return pd.DataFrame(rows)


def _comparators(votes: Mapping[ScoredSelection, Vote], by_verifier: Mapping[str, Optimal]) -> Comparators:
    comparators = {"majority": votes[ScoredSelection(MAJORITY)].per_problem}
    for verifier, policy in by_verifier.items():
        for method, chosen in policy.chosen.items():
            comparators[f"{verifier}: {chosen_label(method)}"] = chosen.per_problem
    return comparators


def _compared(
    right: Floats, places: Sequence[int], comparators: Comparators, ns: Sequence[int], n: int, resamples: int, seed: int
) -> Iterator[dict[str, object]]:
    if n not in ns or len(right) < 2:
        return
    for label, accuracy in comparators.items():
        gap = paired_interval(right, accuracy[places, list(ns).index(n)], resamples, seed)
        settled = verdict(float(gap.low), float(gap.high), len(right))
        yield {"other": label, **gap.cells("difference", "difference_"), "verdict": settled}
