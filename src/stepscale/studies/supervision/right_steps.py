"""Arms compared where a choice counts only if its steps are right, too (Lightman et al. 2023, 4.1).

Outcome labels by PRM_large and by final answers differ on right answers that a wrong step led to. Grading by the answer
cannot show what that difference is worth; grading by steps can. In: the points table. Out: one row per arm and size.
"""

import pandas as pd

from stepscale.studies.supervision.tables import RIGHT_STEPS
from stepscale.supervision.points import BY_ANSWER, BY_LARGE, PROCESS, accuracy_interval, crossed_interval, learning

_PAIRS = ((PROCESS, BY_LARGE), (BY_LARGE, BY_ANSWER))  # as claim A3 compares them


def right_steps_table(points: pd.DataFrame, n: int, resamples: int = 2000, seed: int = 0) -> pd.DataFrame:
    """Shares of best-of-n choices (0..1) whose answer and steps are all right, and each arm's lead over the next one.

    Args:
        points: Points of all arms.
        n: Samples to choose from.
        resamples: Bootstrap resamples of seeds and problems.
        seed: Decides them.

    Returns:
        Columns ``RIGHT_STEPS``, intervals 95 %; no row where no labeler rated the test samples.

    Raises:
        InputError: An arm lacks a seed or a problem.
    """
    if points["faultless"].isna().any():
        return pd.DataFrame(columns=list(RIGHT_STEPS.columns))
    graded = points.assign(accuracy=points["faultless"])
    rows = []
    for arm, against in _PAIRS:
        ours, theirs = (learning(graded, name, n) for name in (arm, against))
        for size, accuracy, other in zip(ours.sizes, ours.accuracy, theirs.accuracy, strict=True):
            rows.append(
                {
                    "label": arm,
                    "per_problem": size,
                    "n": n,
                    **accuracy_interval(accuracy, resamples, seed).cells("accuracy"),
                    "against": against,
                    **crossed_interval(accuracy - other, resamples, seed).cells("lead", "lead_"),
                    "n_problems": accuracy.shape[1],
                    "seeds": accuracy.shape[0],
                }
            )
    return pd.DataFrame(rows, columns=list(RIGHT_STEPS.columns))
