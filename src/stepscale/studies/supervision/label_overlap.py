"""How many of the samples that one arm had labeled another had labeled too: what both share cannot tell them apart.

In: what every arm took of the pool (``supervision.cells.select_all``). Out: rows by size.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stepscale.estimators.resampling import percentile_bounds, resample_counts, resampled_ratio, with_estimate
from stepscale.formats.tables import SOLUTION_KEY

MAX_OVERLAP = 0.5  # beyond it two arms are more alike than not


def label_overlap(
    selections: pd.DataFrame, arm: str, control: str, sizes: Sequence[int], resamples: int = 2000, seed: int = 0
) -> list[dict[str, object]]:
    """The share of an arm's samples that another arm took with the same seed, the mean over seeds.

    Its 95 % interval is over problems. A selector's own labels are no choice of the arm and not among them.

    Args:
        selections: As ``select_all`` gives them.
        arm: Name of the arm.
        control: Name of the other arm.
        sizes: Labeled samples per problem.
        resamples: Bootstrap resamples of the problems.
        seed: Decides them.

    Returns:
        JSON-ready rows arm, control, per_problem, overlap, low, high, n_problems, seeds: one per size.
    """
    ids = sorted(selections.loc[selections["arm"] == arm, "problem_id"].unique())
    if not ids:
        return []
    seeds = sorted(selections.loc[selections["arm"] == arm, "seed"].unique())
    counts = with_estimate(resample_counts(len(ids), resamples, seed))
    rows: list[dict[str, object]] = []
    for size in sizes:
        chosen = selections[selections["per_problem"] <= size]
        shares = []
        for repeat in seeds:
            # samples that the arm took of each problem, and those of them that the other one took too
            of_arm, of_control = (
                chosen[(chosen["arm"] == name) & (chosen["seed"] == repeat)][SOLUTION_KEY] for name in (arm, control)
            )
            rated_twice = of_arm.merge(of_control, on=SOLUTION_KEY)
            labeled, shared = (
                part["problem_id"].value_counts().reindex(ids, fill_value=0) for part in (of_arm, rated_twice)
            )
            shares.append(resampled_ratio(counts, shared, labeled))
        mean = np.mean(shares, axis=0)
        low, high = percentile_bounds(mean[1:])
        rows.append(
            {
                "arm": arm,
                "control": control,
                "per_problem": int(size),
                "overlap": float(mean[0]),
                "low": float(low),
                "high": float(high),
                "n_problems": len(ids),
                "seeds": len(seeds),
            }
        )
    return rows
