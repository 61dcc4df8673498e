"""The data loop: select, label, retrain the selector, again (Lightman et al. 2023, 2.4; unstable in 4.2, cause left open).

In: a pool's candidates with the present selector's scores, and what was labeled before. Out: what to label next, and a table of
a round's samples, from which over-confidence, distribution shift and lost diversity can be told apart
(``studies.data_loop.comparison``). Training is elsewhere.
"""

import pandas as pd

from stepscale.formats.ratings import NEGATIVE
from stepscale.formats.tables import SOLUTION_KEY
from stepscale.seeds import seed_for
from stepscale.supervision.outcomes import judged_by_steps
from stepscale.supervision.selection import Strategy, chosen, without

HEALTH = ["of", *SOLUTION_KEY, "is_correct", "score", "faultless", "first_error", "distinct"]


def next_round(
    pool: pd.DataFrame, labeled: pd.DataFrame, strategy: Strategy, per_problem: int, round_: int, seed: int
) -> pd.DataFrame:
    """What to label in a round; never what was labeled before. A problem whose candidates are all labeled is skipped.

    Args:
        pool: Candidates scored by the present selector.
        labeled: Keys of all rounds before.
        strategy: Chooses samples of each problem.
        per_problem: How many.
        round_: From 0.
        seed: Of the run.

    Returns:
        problem_id, sample_id, round.
    """
    remaining = without(pool, labeled) if len(labeled) else pool
    selected = strategy.select(remaining, per_problem, seed_for(seed, "round", sample_id=round_))
    return selected.assign(round=round_)


def round_health(
    pool: pd.DataFrame, keys: pd.DataFrame, solutions: pd.DataFrame, step_labels: pd.DataFrame, audit: pd.DataFrame
) -> pd.DataFrame:
    """A row per sample of a round: the selector's scores and the labels, for the chosen samples and for a fixed random sample.

    Args:
        pool: The candidates with the scores by which ``keys`` were chosen.
        keys: Of the samples chosen.
        solutions: With ``is_correct`` of their final answers.
        step_labels: Of both groups.
        audit: Keys of labeled samples drawn uniformly once, the same in every round.

    Returns:
        of (chosen or audit) | problem_id | sample_id | is_correct (its answer) | score | faultless (every step passes; null where
        labels end early) | first_error (place of the first wrong step, from 1; null if none is labeled) | distinct (of those
        alone: the wrong step is worded like no other's among them).
    """
    parts = [
        _judged(pool, sample, solutions, step_labels).assign(of=name)
        for name, sample in (("chosen", keys), ("audit", audit))
    ]
    return pd.concat(parts, ignore_index=True)[HEALTH]


def _judged(pool: pd.DataFrame, keys: pd.DataFrame, solutions: pd.DataFrame, step_labels: pd.DataFrame) -> pd.DataFrame:
    rated = chosen(step_labels, keys)
    judged = judged_by_steps(chosen(solutions, keys), rated).rename(columns={"is_correct": "faultless"})
    errors = rated[rated["is_chosen"] & (rated["rating"] == NEGATIVE)].drop_duplicates(SOLUTION_KEY)
    distinct = ~errors["text"].duplicated(keep=False)
    errors = errors[SOLUTION_KEY].assign(first_error=errors["step"] + 1, distinct=distinct)
    rows = pool[[*SOLUTION_KEY, "is_correct", "score"]].merge(keys[SOLUTION_KEY], on=SOLUTION_KEY)
    rows = rows.merge(judged[[*SOLUTION_KEY, "faultless"]], on=SOLUTION_KEY, how="left")
    rows = rows.merge(errors, on=SOLUTION_KEY, how="left")
    return rows.astype({"faultless": "boolean", "first_error": "float64", "distinct": "boolean"})
