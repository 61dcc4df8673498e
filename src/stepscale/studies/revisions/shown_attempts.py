"""How many of the latest attempts a late attempt of a chain was shown: a bounded prompt has no room for long ones.

In: a chains table (problem_id, chain, position from 0, answer, context: the positions that were shown) and difficulty bins. Out:
a table with 95 % intervals over problems. Late is an attempt that has as many answered ones before it as may be shown at once;
Snell et al. 2024, 6, show it all of these. Knows nothing about prompts.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from stepscale.estimators.intervals import interval_of
from stepscale.estimators.resampling import Counts, resample_counts, resampled_ratio, with_estimate

COLUMNS = ["bin", "position", "shown", "low", "high", "all_shown", "all_low", "all_high", "n_attempts", "n_problems"]


def late_attempts(chains: pd.DataFrame, most: int) -> pd.DataFrame:
    """Attempts with many answered ones before them in their chain: problem_id, position, shown (how many were).

    Args:
        chains: A chains table.
        most: As many answered ones, or more.
    """
    ordered = chains.sort_values(["problem_id", "chain", "position"], kind="stable")
    answered = ordered["answer"].notna().astype(int)
    before = answered.groupby([ordered["problem_id"], ordered["chain"]]).cumsum() - answered
    late = ordered[before >= most]
    return late[["problem_id", "position"]].assign(shown=late["context"].map(len).astype(int))


def shown_attempts(
    chains: pd.DataFrame, most: int, bins: Mapping[str, int], resamples: int = 2000, seed: int = 0
) -> pd.DataFrame:
    """How many earlier attempts late ones were shown; means over attempts, intervals over problems.

    Args:
        chains: Attempts by problem, chain and position.
        most: Earlier attempts that a prompt shows at the most.
        bins: Difficulty bin by problem id; may be empty.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Returns:
        Mean number shown, and share that were shown all ``most``. A row for all of them (``bin`` 0, ``position`` null), one for
        each position, and one for each bin (``position`` null).
    """
    late = late_attempts(chains, most)
    ids = sorted(chains["problem_id"].unique())
    counts = with_estimate(resample_counts(len(ids), resamples, seed))
    member = late["problem_id"].map(dict(bins))
    parts: list[tuple[int, int | None, pd.DataFrame]] = [(0, None, late)]
    parts += [(0, int(str(place)), group) for place, group in late.groupby("position")]
    parts += [(int(str(number)), None, group) for number, group in late.groupby(member)]
    rows = [[number, place, *_shares(group, most, ids, counts)] for number, place, group in parts if len(group)]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"position": "Int64"})


def _shares(late: pd.DataFrame, most: int, ids: list[str], counts: Counts) -> list[float]:
    """Mean shown and share shown all, each with its interval; attempts and problems."""
    by_problem = late.assign(whole=late["shown"] >= most).groupby("problem_id")
    size = by_problem.size().reindex(ids, fill_value=0).to_numpy(float)
    numbers: list[float] = []
    for column in ("shown", "whole"):
        sums = by_problem[column].sum().reindex(ids, fill_value=0).to_numpy(float)
        means = resampled_ratio(counts, sums, size)
        numbers += interval_of(means[0], means[1:]).cells(column).values()
    return [*numbers, len(late), int(np.count_nonzero(size))]
