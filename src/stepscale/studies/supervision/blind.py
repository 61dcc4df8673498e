"""Trained verifiers beside choosing blindly: pass@1 of the same samples, and how far above it each arm lies.

In: the points table and its table by size (``supervision.points``). Out: the latter with the comparison and its baseline. One
sample leaves nothing to choose, so the points at N = 1 are the generator's own accuracy, whichever verifier they stand under.
"""

import numpy as np
import pandas as pd

from stepscale.estimators.intervals import bootstrap_interval
from stepscale.supervision.points import BLIND, crossed_interval, learning

LEAD = ("over_blind", "over_blind_low", "over_blind_high")


def compared_with_blind(points: pd.DataFrame, sizes: pd.DataFrame, n: int, resamples: int, seed: int) -> pd.DataFrame:
    """The table by size with each arm's lead over choosing blindly: accuracy minus pass@1 on the same problems.

    Args:
        points: As ``supervision.experiment.measure_cell`` gives them, of all cells.
        sizes: ``by_size`` of them at budget ``n``.
        n: Samples per problem to choose from.
        resamples: Bootstrap resamples.
        seed: Decides them.

    Returns:
        ``sizes`` with columns LEAD, and pass@1 itself: two rows of the label BLIND, which stand at the fewest and the most labels
        of any arm, so that they are drawn as a flat line. Intervals are 95 %, of pass@1 over problems alone, for nothing was
        trained. Without points at N = 1 nothing is added but empty columns.
    """
    alone = points[points["n"] == 1].groupby("problem_id")["accuracy"].mean().sort_index()
    if alone.empty:
        return sizes.assign(**dict.fromkeys(LEAD, np.nan))
    blind = alone.to_numpy(float)
    leads = []
    for arm, size in zip(sizes["label"], sizes["per_problem"], strict=True):
        learned = learning(points, arm, n)
        lead = crossed_interval(learned.accuracy[learned.sizes.index(size)] - blind, resamples, seed)
        leads.append(lead.cells(LEAD[0], f"{LEAD[0]}_"))
    compared = pd.concat([sizes.reset_index(drop=True), pd.DataFrame(leads)], axis=1)
    accuracy = bootstrap_interval(blind, resamples, seed).cells("accuracy")
    row = {"label": BLIND, "n": 1, **accuracy, "n_problems": len(blind), "seeds": 1}
    ends = [{**row, "per_problem": end(sizes["per_problem"]), "labeled": end(sizes["labeled"])} for end in (min, max)]
    return pd.concat([compared, pd.DataFrame(ends, columns=list(compared.columns))], ignore_index=True)
